"""The request as the page folds it."""

import json

import pytest

from shadow.presentation.request_view import request_view
from shadow.reading.parsed_request import parse_request

JSON_HEADERS = (("content-type", "application/json"),)


def shown(body: dict | bytes, **more):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request_view(
        parse_request("/v1/chat/completions", JSON_HEADERS, raw, False), **{"kept": True, "size": len(raw), **more}
    )


def test_messages_tools_and_parameters_have_their_places():
    view = shown(
        {
            "model": "m",
            "temperature": 0.5,
            "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]}],
            "tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
        }
    )
    assert [(message.role, message.text.split("\n")[0]) for message in view.messages] == [
        ("user", "Hi"),
        ("assistant", "tool_calls: ["),
    ]
    assert [tool.role for tool in view.tools] == ["weather"]
    assert {each.role: each.text for each in view.parameters} == {"model": '"m"', "temperature": "0.5"}
    assert view.trouble == ""


def test_a_request_of_another_api_shows_its_words_as_messages_and_its_own_parameters():
    body = {"model": "m", "instructions": "Be brief.", "input": "Hi", "max_output_tokens": 9}
    view = request_view(parse_request("/v1/responses", JSON_HEADERS, json.dumps(body).encode(), False), kept=True, size=1)
    assert [(message.role, message.text) for message in view.messages] == [("system", "Be brief."), ("user", "Hi")]
    assert {each.role: each.text for each in view.parameters} == {"model": '"m"', "max_output_tokens": "9"}


def test_content_in_parts_is_shown_as_it_is():
    view = shown({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]})
    assert '"text": "Hi"' in view.messages[0].text


def test_a_message_without_a_role_is_still_shown():
    assert shown({"messages": [{"role": 7, "content": "x"}]}).messages[0].role == "(no role)"


def test_a_request_that_cannot_be_read_gives_its_reason():
    assert shown(b"no json").trouble.startswith("Not read (")


def test_request_body_that_was_not_kept_is_stated():
    assert shown(b"", kept=False, size=1_234).trouble == "The body (1,234 bytes) was not kept."


def test_a_long_conversation_keeps_its_end():
    view = shown({"messages": [{"role": "user", "content": str(number)} for number in range(200 + 5)]})
    assert len(view.messages) == 200
    assert view.messages[-1].text == str(200 + 4)
    assert view.more == "5 earlier messages are not shown"


def test_a_long_message_is_cut_with_its_length():
    assert shown({"messages": [{"role": "user", "content": "x" * (20_000 + 1)}]}).messages[0].text.endswith("(20,001 characters)")


def test_a_nested_parameter_is_shown_indented_by_two_blanks():
    view = shown({"model": "m", "messages": [{"role": "user", "content": [{"a": 1}]}]})
    assert view.messages[0].text == '[\n  {\n    "a": 1\n  }\n]'


def test_a_message_of_exactly_20000_characters_is_shown_whole():
    assert shown({"messages": [{"role": "user", "content": "x" * 20_000}]}).messages[0].text == "x" * 20_000


@pytest.mark.parametrize(("count", "more"), [(200, ""), (201, "1 earlier messages are not shown")])
def test_the_last_two_hundred_messages_are_shown(count, more):
    view = shown({"messages": [{"role": "user", "content": str(number)} for number in range(count)]})
    assert (len(view.messages), view.messages[0].text, view.more) == (200, str(count - 200), more)


def test_two_hundred_tools_are_shown():
    tools = [{"type": "function", "function": {"name": f"t{number}", "parameters": {}}} for number in range(201)]
    view = shown({"messages": [], "tools": tools})
    assert ([tool.role for tool in view.tools][-1], len(view.tools), view.tools[0].text) == ("t199", 200, "{}")


@pytest.mark.parametrize(("kept", "size", "trouble"), [(False, 1, "The body (1 byte) was not kept."), (True, 1, "")])
def test_only_a_body_with_a_size_was_not_kept(kept, size, trouble):
    assert shown({"messages": []}, kept=kept, size=size).trouble == trouble


def test_an_empty_body_is_unread_rather_than_not_kept():
    assert shown(b"", kept=False, size=0).trouble.startswith("Not read (")


def test_members_of_a_message_other_than_its_role_and_content_follow_it():
    view = shown({"messages": [{"role": "tool", "content": "Hi", "name": "n", "tool_call_id": "c"}]})
    assert (view.messages[0].role, view.messages[0].text) == ("tool", 'Hi\nname: "n"\ntool_call_id: "c"')


def test_a_message_of_one_character_more_than_20000_keeps_them():
    text = shown({"messages": [{"role": "user", "content": "x" * 20_001}]}).messages[0].text
    assert text == f"{'x' * 20_000} … (20,001 characters)"


def test_letters_of_every_language_in_a_tool_call_are_shown_as_they_are():
    view = shown({"messages": [{"role": "user", "content": [{"type": "text", "text": "Århus 東京"}]}]})
    assert '"text": "Århus 東京"' in view.messages[0].text
