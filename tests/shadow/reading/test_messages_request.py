"""Requests to the API of messages, in the words of chat completions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.completion import Unread, UnreadReason
from shadow.reading.messages_request import as_chat
from shadow.reading.parsed_request import parse_request
from tests.shadow.reading.hostile import HOSTILE, WORDS

CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
BLOCK = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "image", "tool_use", "tool_result", "thinking", "document"]) | HOSTILE,
        "text": WORDS | HOSTILE,
        "source": HOSTILE | st.fixed_dictionaries({"type": st.sampled_from(["base64", "text", "url"])}),
        "content": HOSTILE,
        "input": HOSTILE,
        "thinking": HOSTILE,
    },
)
MEMBERS = (
    "system",
    "tools",
    "tool_choice",
    "stop_sequences",
    "output_config",
    "output_format",
    "thinking",
    "max_tokens",
    "stream",
)


def translated(*messages: dict, **more) -> dict:
    made = as_chat({"model": "m", "max_tokens": 9, "messages": list(messages), **more})
    assert isinstance(made, dict)
    return made


def user(content: object) -> dict:
    return {"role": "user", "content": content}


@pytest.mark.slow
@given(
    st.lists(st.fixed_dictionaries({"role": WORDS, "content": st.lists(BLOCK | HOSTILE, max_size=4) | HOSTILE}), max_size=3),
    st.dictionaries(st.sampled_from(MEMBERS), HOSTILE | st.lists(st.dictionaries(WORDS, HOSTILE, max_size=3), max_size=3)),
)
def test_no_request_makes_it_raise(messages, more):
    body = json.dumps({"messages": messages, **more}).encode("utf-8", "surrogatepass")
    parse_request("/v1/messages", (), body, False)
    assert isinstance(as_chat({**more}), (Unread, dict))


def test_texts_stay_texts_and_the_system_comes_first():
    made = translated(user("Hi"), {"role": "assistant", "content": [{"type": "text", "text": "Yes"}]}, system="Be brief.")
    assert made["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [{"type": "text", "text": "Yes"}]},
    ]


def test_calls_results_and_thinking_are_where_chat_has_them():
    turn = [
        {"type": "thinking", "thinking": "hm", "signature": "x"},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"city": "Oslo"}},
    ]
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "rain"}]}
    made = translated({"role": "assistant", "content": turn}, user([result, {"type": "text", "text": "And now?"}]))
    said, tool_message, asked = made["messages"]
    function = {"name": "f", "arguments": '{"city": "Oslo"}'}
    assert said["tool_calls"] == [{"id": "toolu_1", "type": "function", "function": function}]
    assert (said["thinking"], said["content"]) == ("hm", [{"type": "text", "text": "I look."}])
    assert tool_message == {"role": "tool", "tool_call_id": "toolu_1", "content": [{"type": "text", "text": "rain"}]}
    assert asked == {"role": "user", "content": [{"type": "text", "text": "And now?"}]}
    assert [turn["role"] for turn in translated(user([result]))["messages"]] == ["tool"]


def test_pictures_and_documents_are_addresses_and_no_words():
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Dear"}}
    [asked] = translated(user([picture, document]))["messages"]
    url = {"url": "data:image/png;base64,AAAA"}
    assert asked["content"] == [{"type": "image_url", "image_url": url}, {"type": "text", "text": "Dear"}]


def test_tools_of_the_client_are_functions_and_those_of_the_server_none_of_chat_s():
    tools = [
        {"name": "f", "description": "d", "input_schema": CITY},
        {"type": "bash_20250124", "name": "bash"},
        {"type": "web_search_20250305", "name": "web_search"},
        {"type": "browser_toolset_20260801"},
    ]
    body = json.dumps({"messages": [], "tools": tools}).encode()
    asked = parse_request("/v1/messages", (), body, False)
    assert [(tool.name, tool.schema) for tool in asked.tools] == [("f", CITY), ("bash", None)]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, {"tool_choice": "auto"}),
        ({"type": "any"}, {"tool_choice": "required"}),
        ({"type": "none"}, {"tool_choice": "none"}),
        ({"type": "tool", "name": "f"}, {"tool_choice": {"type": "function", "function": {"name": "f"}}}),
        ({"type": "auto", "disable_parallel_tool_use": True}, {"tool_choice": "auto", "parallel_tool_calls": False}),
        ({"type": "some"}, {}),
        (None, {}),
    ],
)
def test_tool_choice_is_translated_to_chat(choice, expected):
    made = translated(tool_choice=choice)
    assert {key: made[key] for key in ("tool_choice", "parallel_tool_calls") if key in made} == expected


def test_limits_form_and_effort_have_their_names_in_chat():
    form = {"type": "json_schema", "schema": CITY}
    made = translated(stop_sequences=["x"], stream=True, temperature=0, output_config={"effort": "low", "format": form}, top_k=4)
    assert (made["max_tokens"], made["stop"], made["temperature"], made["top_k"]) == (9, ["x"], 0, 4)
    assert made["response_format"] == {"type": "json_schema", "json_schema": {"schema": CITY}}
    assert made["reasoning_effort"] == "low"
    assert made["stream_options"] == {"include_usage": True}
    assert "stream_options" not in translated()
    assert translated(output_format=form)["response_format"] == made["response_format"]


def test_a_body_that_is_no_request_of_this_api_is_unread_with_its_reason():
    assert as_chat({"prompt": "x"}).why is UnreadReason.WRONG_SHAPE
    assert as_chat({"messages": ["x"]}).why is UnreadReason.WRONG_SHAPE


def test_token_counting_is_not_audited():
    assert parse_request("/v1/messages/count_tokens", (), b'{"messages": []}', False).unread.why is UnreadReason.NOT_AUDITED
