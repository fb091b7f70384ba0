"""Chat bodies and what verifiers make of them, as rows: bytes kept where nothing has to change, and every change named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.studies.rows.chat_rows import cluster_of
from shadow.studies.rows.read_rows import read_rows
from shadow.studies.rows.row import BrokenRow, Row

ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def row(value, line: bytes | None = None) -> Row:
    [found] = read_rows("a.jsonl", [json.dumps(value).encode() if line is None else line])
    assert isinstance(found, Row), found
    return found


def sent(found: Row):
    return json.loads(found.request.body)


def test_a_chat_body_is_sent_with_the_bytes_of_its_line():
    line = b'{ "model":"m",  "temperature": 1.0e0, "messages":[{"role":"user","content":"H\\u00e9"}] }'
    found = row(None, line + b"\n")
    assert found.request.body == line
    assert (found.id, found.shape, found.alterations) == ("a.jsonl:1", "chat", ())


def test_a_row_of_k2vv_has_its_input_role_as_system_and_no_empty_tools():
    found = row({**ASKED, "messages": [{"role": "_input", "content": "Be brief"}, *ASKED["messages"]], "tools": []})
    assert sent(found)["messages"][0] == {"role": "system", "content": "Be brief"}
    assert "tools" not in sent(found)
    assert found.alterations == ("an empty list of tools left out", "role _input sent as system")


def test_messages_and_tools_as_json_text_are_read_and_the_published_label_is_kept_apart():
    found = row({"messages": json.dumps(ASKED["messages"]), "tools": json.dumps([TOOL]), "should_call_tool": True})
    assert sent(found) == {"messages": ASKED["messages"], "tools": [TOOL]}
    assert found.should_call is True
    assert found.alterations == ("messages read from JSON text", "tools read from JSON text")


def test_a_result_row_is_its_request_with_the_extra_body():
    found = row({"data_index": 7, "request": ASKED, "extra_body": {"provider": {"only": ["x"]}}, "response": {}, "hash": "h"})
    assert sent(found) == {**ASKED, "provider": {"only": ["x"]}}
    assert (found.shape, found.name) == ("k2vv", "7")


def test_a_batch_line_is_its_body():
    found = row({"custom_id": "r-1", "method": "POST", "url": "/v1/chat/completions", "body": ASKED})
    assert (sent(found), found.shape, found.name) == (ASKED, "batch", "r-1")


def test_members_beside_the_request_are_not_sent():
    assert sent(row({**ASKED, "data_index": 1, "id": "x", "hash": "h"})) == ASKED


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"messages": []}, "messages is no list, or an empty one"),
        ({"messages": {}}, "messages is no list, or an empty one"),
        ({"messages": ["Hi"]}, "a message is no object"),
        ({"messages": "[not"}, "messages is text that is no JSON"),
        ({"request": {"model": "m"}}, "there is no member messages"),
        ({"request": ASKED, "extra_body": [1]}, "extra_body is a list, not an object"),
        ({"custom_id": "r", "url": "/v1/embeddings", "body": {}}, "POST /v1/embeddings is not replayed, only POST"),
        ({"custom_id": "r", "url": "/v1/chat/completions", "body": "x"}, "body is a JSON str, not an object"),
    ],
)
def test_a_row_that_cannot_be_sent_has_a_sentence_about_its_error(value, sentence):
    [found] = read_rows("a.jsonl", [json.dumps(value).encode()])
    assert isinstance(found, BrokenRow)
    assert sentence in str(found)
    assert str(found).startswith("a.jsonl:1: ")


def test_rows_of_one_opening_are_one_cluster_and_those_of_others_are_not():
    opening = [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"}]
    later = [*opening, {"role": "assistant", "content": "A"}, {"role": "user", "content": "Q2"}]
    assert cluster_of(opening) == cluster_of(later) != cluster_of(opening[1:])
    assert cluster_of("none") == ""


@given(
    st.dictionaries(
        st.sampled_from(["messages", "tools", "request", "body", "custom_id", "question", "function"]),
        st.none()
        | st.text()
        | st.integers()
        | st.lists(st.dictionaries(st.text(), st.text()), max_size=2)
        | st.dictionaries(st.text(), st.lists(st.text())),
    )
)
def test_whatever_a_line_holds_it_is_a_row_or_a_sentence(value):
    [found] = read_rows("a.jsonl", [json.dumps(value).encode()])
    if isinstance(found, Row):
        assert isinstance(json.loads(found.request.body)["messages"], list)
    else:
        assert found.sentence


def test_a_cluster_has_sixteen_characters_and_without_a_user_stands_for_all_messages():
    system = {"role": "system", "content": "S"}
    assert len(cluster_of([system])) == 16
    assert cluster_of([system]) != cluster_of([system, system])
    assert cluster_of(["Hi", {"role": "user"}, system]) == cluster_of(["Hi", {"role": "user"}])


def test_an_extra_body_of_a_chat_body_is_added_and_named():
    found = row({**ASKED, "extra_body": {"top_k": 1, "min_p": 0}})
    assert sent(found) == {**ASKED, "top_k": 1, "min_p": 0}
    assert found.alterations == ("members of extra_body added: min_p, top_k",)


@pytest.mark.parametrize("extra", [{}, None, [1]])
def test_an_extra_body_without_members_changes_nothing(extra):
    assert row({**ASKED, "extra_body": extra}).alterations == ()


@pytest.mark.parametrize(("tools", "named"), [(None, True), ([], True), ("", True), ([TOOL], False)])
def test_no_tools_are_left_out_and_named(tools, *, named: bool):
    found = row({**ASKED, "tools": tools})
    assert ("an empty list of tools left out" in found.alterations) is named
    assert sent(found).get("tools", "none") == ("none" if named else tools)


def test_a_row_without_tools_is_not_said_to_have_lost_them():
    assert row(ASKED).alterations == ()


def test_a_message_of_the_input_role_is_the_only_one_that_changes():
    messages = [{"role": "_input", "content": "S"}, {"role": "user", "content": "Q", "name": "_input"}]
    assert sent(row({"messages": messages}))["messages"] == [{"role": "system", "content": "S"}, messages[1]]


@pytest.mark.parametrize(
    ("members", "label"),
    [
        ({"should_call": False}, False),
        ({"should_call_tool": True, "should_call": False}, True),
        ({"should_call_tool": "yes"}, None),
        ({}, None),
    ],
)
def test_a_published_label_is_true_or_false_or_none(members, label):
    assert row({**ASKED, **members}).should_call is label


@pytest.mark.parametrize(
    ("members", "name"),
    [({"data_index": 0, "id": "x"}, "0"), ({"custom_id": "c", "id": "x"}, "c"), ({"id": "x" * 201}, "x" * 200), ({}, "")],
)
def test_a_row_is_named_by_its_index_or_id_in_at_most_200_characters(members, name):
    assert row({**ASKED, **members}).name == name


@pytest.mark.parametrize(("extra", "fits"), [(None, True), ({}, True), (False, True), ([1], False), ("x", False)])
def test_the_extra_body_of_a_result_is_an_object_or_nothing(extra, *, fits: bool):
    [found] = read_rows("a.jsonl", [json.dumps({"request": ASKED, "extra_body": extra}).encode()])
    assert isinstance(found, Row) is fits


def test_a_batch_line_of_another_method_is_not_sent():
    line = {"custom_id": "r", "method": "GET", "url": "/v1/chat/completions", "body": ASKED}
    [found] = read_rows("a.jsonl", [json.dumps(line).encode()])
    assert "GET /v1/chat/completions is not replayed" in str(found)
    assert row({key: value for key, value in line.items() if key != "method"}).shape == "batch"


def test_a_request_with_a_lone_surrogate_is_sent_as_ascii_without_spaces():
    line = b'{"messages":[{"role":"user","content":"\\ud800"}],"id":"x"}'
    assert row(None, line).request.body == b'{"messages":[{"role":"user","content":"\\ud800"}]}'
