"""What the pieces of tool calls return, note and leave out: legacy calls, custom tools, sealed arguments, odd entries."""

from __future__ import annotations

import pytest

from shadow.reading.tool_call_assembler import ToolCallAssembler, arguments_text, json_escaped
from tests.shadow.reading.test_tool_call_assembler import joined, piece

REPEATED = "the name of a tool call was sent again in later deltas"


def assembled(*entries, streamed=True):
    notes: dict[str, None] = {}
    calls = ToolCallAssembler(notes)
    for entry in entries:
        (calls.add_deltas if streamed else calls.add_whole)(entry)
    return calls.build(streamed=streamed), list(notes)


def test_name_that_repeats_is_noted_and_kept_once():
    found, notes = joined(piece("{", index=0, name="f"), piece("}", index=0, name="f"), piece("", index=0, name=""))
    assert (found, notes) == ([("", "f", "{}")], {REPEATED})


@pytest.mark.parametrize("name", [5, None, "", ["f"]])
def test_name_that_is_no_word_is_none(name):
    (call,), notes = assembled([{"index": 0, "function": {"name": name, "arguments": "{}"}}])
    assert (call.name, notes) == ("", [])


@pytest.mark.parametrize("call_id", [5, None, ""])
def test_id_that_is_no_word_is_none_and_a_later_one_is_taken(call_id):
    entries = [{"index": 0, "id": call_id, "function": {"name": "f"}}, {"index": 0, "id": "a", "function": {"arguments": "{}"}}]
    (call,), notes = assembled(entries)
    assert (call.id, call.name, call.arguments, notes) == ("a", "f", "{}", [])


def test_id_that_came_later_finds_its_call_among_those_of_its_index():
    found, _ = joined(
        piece("{", index=0, name="f"),
        piece('"a": 1', index=0, call_id="a"),
        piece("}", index=0, call_id="b", name="g"),
        piece("}", index=0, call_id="a"),
    )
    assert found == [("a", "f", '{"a": 1}'), ("b", "g", "}")]


@pytest.mark.parametrize("index", [None, "0", True, 0.0])
def test_index_that_is_no_whole_number_is_none_and_noted(index):
    (call,), notes = assembled([{"index": index, "id": "a", "function": {"name": "f", "arguments": "{}"}}])
    assert (call.name, notes) == ("f", ["tool call deltas came without an index"])


def test_new_id_with_another_name_at_one_index_is_another_call():
    found, notes = joined(piece('{"x', index=0, call_id="a", name="f"), piece("{}", index=0, call_id="b", name="g"))
    assert found == [("a", "f", '{"x'), ("b", "g", "{}")]
    assert notes == {
        "several tool calls share one index",
        "the indices of the tool calls are not 0, 1, 2 and so on",
    }


def test_new_id_without_an_index_is_another_call_even_before_the_arguments_end():
    found, notes = joined(piece('{"x', call_id="a", name="f"), piece("{}", call_id="b"))
    assert found == [("a", "f", '{"x'), ("b", "", "{}")]
    assert notes == {"tool call deltas came without an index"}


def test_name_that_repeats_before_any_arguments_begins_a_call_where_no_index_is_sent():
    found, _ = joined(piece("", name="f"), piece("{}", name="f"))
    assert found == [("", "f", ""), ("", "f", "{}")]


def test_braces_inside_a_text_and_behind_an_escape_do_not_end_the_arguments():
    for first, rest in (
        ('{"a": "\\"}', '"}'),
        ('{"a": "\\\\"}', None),
        ('{"a": "x\\', '"}"}'),
        ('{"a": "x\\u007b}', '"}'),
        ('{"a": [{}, {}', "]}"),
    ):
        found, _ = joined(*[piece(text, name="f") for text in (first, rest, "{}") if text is not None])
        assert [arguments for _, _, arguments in found] == [first + (rest or ""), "{}"]


def test_escape_at_the_end_of_a_piece_counts_for_the_next_piece_only():
    found, _ = joined(piece('{"a": "x\\', name="f"), piece('n"', name="f"), piece("}", name="f"), piece("{}", name="f"))
    assert [arguments for _, _, arguments in found] == ['{"a": "x\\n"}', "{}"]


def test_space_behind_the_last_brace_does_not_go_on_with_the_arguments():
    found, _ = joined(piece("{} \n", name="f"), piece("{}", name="f"))
    assert [arguments for _, _, arguments in found] == ["{} \n", "{}"]


@pytest.mark.parametrize(
    ("entry", "content"),
    [
        ({"index": 0}, False),
        ({"index": 0, "id": "a"}, True),
        ({"index": 0, "function": {"name": "f"}}, True),
        ({"index": 0, "function": {"arguments": ""}}, False),
        ({"index": 0, "function": {"arguments": None}}, False),
        ({"index": 0, "function": {"arguments": {}}}, True),
        ({"index": 0, "custom": {"input": "a"}}, True),
    ],
)
def test_delta_of_a_call_adds_content_with_an_id_a_name_or_arguments(entry, content):
    assert ToolCallAssembler({}).add_deltas([entry]) is content
    assert ToolCallAssembler({}).add_deltas([entry, {"index": 1}]) is content


def test_entries_may_be_one_object_and_what_is_none_is_passed_over():
    whole, _ = assembled({"id": "a", "function": {"name": "f", "arguments": "{}"}}, streamed=False)
    assert [call.name for call in whole] == ["f"]
    assert assembled(5, "f", None, [5, None]) == ((), [])
    assert not ToolCallAssembler({}).add_whole([5])


def test_calls_of_a_whole_message_are_several_however_they_are_numbered():
    entry = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
    calls, notes = assembled([entry, entry], streamed=False)
    assert ([(call.index, call.id) for call in calls], notes) == ([(0, "a"), (1, "a")], [])


@pytest.mark.parametrize(("streamed", "arguments"), [(True, ["{}"]), (False, ["{", "}"])])
def test_function_call_goes_on_in_a_stream_only_and_is_noted(streamed, arguments):
    notes: dict[str, None] = {}
    calls = ToolCallAssembler(notes)
    assert calls.add_legacy({"name": "f", "arguments": "{"}, streamed=streamed)
    assert calls.add_legacy({"arguments": "}"}, streamed=streamed)
    assert [call.arguments for call in calls.build(streamed=streamed)] == arguments
    assert list(notes) == ["function_call was sent instead of tool_calls"]


@pytest.mark.parametrize("function", [None, "f", {}, {"name": ""}])
def test_function_call_that_holds_nothing_is_none(function):
    calls = ToolCallAssembler({})
    assert not calls.add_legacy(function, streamed=True)
    assert calls.build(streamed=True) == ()


def test_calls_without_an_index_stand_behind_those_that_came_before_with_the_last_one():
    found, notes = joined(
        piece("{}", index=1, call_id="b", name="g"),
        piece("{}", index=0, call_id="a", name="f"),
        piece("{}", call_id="c", name="h"),
    )
    assert [name for _, name, _ in found] == ["f", "g", "h"]
    assert "the indices of the tool calls are not 0, 1, 2 and so on" in notes


@pytest.mark.parametrize(
    ("entry", "name", "arguments"),
    [
        ({"custom": {"name": "g", "input": 'a "b"'}}, "g", '{"input": "a \\"b\\""}'),
        ({"custom": {"name": "g", "arguments": "a"}}, "g", '{"input": "a"}'),
        ({"function": {"name": "f", "input": "{}"}}, "f", "{}"),
        ({"function": {"name": "f", "arguments": "{}"}, "custom": {"name": "", "input": ""}}, "f", "{}"),
        ({"function": {"name": ""}, "custom": {"name": "g", "input": "a"}}, "g", '{"input": "a"}'),
        ({"function": {}, "custom": {}}, "", ""),
        ({"function": 5, "custom": {"name": "g"}}, "g", '{"input": ""}'),
        ({}, "", ""),
    ],
)
def test_call_is_of_a_custom_tool_where_only_that_field_holds_something(entry, name, arguments):
    (call,), _ = assembled([entry], streamed=False)
    assert (call.name, call.arguments) == (name, arguments)


def test_call_stays_one_of_a_custom_tool_though_a_later_delta_is_of_a_function():
    (call,), _ = assembled([{"index": 0, "custom": {"name": "g"}}, {"index": 0, "function": {"arguments": "a"}}])
    assert call.arguments == '{"input": "a"}'


@pytest.mark.parametrize(("index", "arguments"), [(0, "{}"), (1, "gAAAAABxyz")])
def test_sealed_arguments_are_replaced_at_their_index_only(index, arguments):
    calls = ToolCallAssembler({})
    calls.add_deltas([piece("gAAAAABxyz", index=0, name="f")])
    calls.replace_arguments(index, "{}")
    assert [call.arguments for call in calls.build(streamed=True)] == [arguments]


def test_plain_arguments_are_not_replaced():
    calls = ToolCallAssembler({})
    calls.add_deltas([piece('{"a": 1}', index=0, name="f")])
    calls.replace_arguments(0, "{}")
    assert [call.arguments for call in calls.build(streamed=True)] == ['{"a": 1}']


def test_more_arguments_of_a_call_that_has_not_begun_are_lost():
    calls = ToolCallAssembler({})
    calls.add_deltas([piece("{", index=0, name="f")])
    calls.append(1, ["lost"])
    calls.append(0, ["}"])
    assert [(call.arguments, call.deltas) for call in calls.build(streamed=True)] == [("{}", 2)]


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), ({}, "{}"), (0, "0"), ("a", '"a"'), ({"a": "\ud83d"}, '{"a": "\ufffd"}')]
)
def test_arguments_that_came_as_json_are_written_as_one_line(value, text):
    assert arguments_text(value) == text


def test_what_is_unusual_in_the_arguments_is_noted():
    (call,), notes = assembled([piece("", index=0, name="f")])
    assert (call.parsed, call.invalid, notes) == ({}, "", ["the arguments of a call are empty, which clients run as {}"])
    (broken,), notes = assembled([piece("{", index=0, name="\ud83d", call_id="\ud83d")])
    assert (broken.parsed, broken.name, broken.id, notes) == (None, "\ufffd", "\ufffd", [])
    assert broken.invalid


def test_text_inside_a_json_string_has_its_quotes_escaped():
    assert json_escaped('a"b\\\n') == 'a\\"b\\\\\\n'


def test_escape_counts_for_one_character_however_many_follow_it():
    found, _ = joined(piece('{"a": "\\\\x"', name="f"), piece("}", name="f"), piece("{}", name="f"))
    assert [arguments for _, _, arguments in found] == ['{"a": "\\\\x"}', "{}"]
    found, _ = joined(piece('{"a": "\\n', name="f"), piece('"', name="f"), piece("}", name="f"), piece("{}", name="f"))
    assert [arguments for _, _, arguments in found] == ['{"a": "\\n"}', "{}"]
