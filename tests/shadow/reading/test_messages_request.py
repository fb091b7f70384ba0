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


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "text", "text": "a", "cache_control": {}}, {"type": "text", "text": "a"}),
        ({"type": "text", "text": 5}, {"type": "text", "text": 5}),
        ("a", "a"),
        ({"type": "image", "source": {"type": "url", "url": "u"}}, {"type": "image_url", "image_url": {"url": "u"}}),
        (
            {"type": "image", "source": {"type": "file", "file_id": "f"}},
            {"type": "image", "source": {"type": "file", "file_id": "f"}},
        ),
        ({"type": "image", "source": "x"}, {"type": "image", "source": "x"}),
        ({"type": "image", "text": "a"}, {"type": "image", "text": "a"}),
        ({"type": "search_result", "text": "a"}, {"type": "text", "text": "a"}),
    ],
)
def test_part_of_a_system_is_a_text_an_address_or_as_it_is(block, part):
    assert translated(system=[block])["messages"] == [{"role": "system", "content": [part]}]


@pytest.mark.parametrize("content", ["a", None, 5, []])
def test_message_without_blocks_is_one_message(content):
    [made] = translated(user(content))["messages"]
    assert made == {"role": "user", "content": content if isinstance(content, str) else []}


def test_message_of_results_alone_is_those_results_and_one_of_thoughts_alone_stays():
    results = [{"type": "tool_result", "tool_use_id": name, "content": name} for name in ("a", "b")]
    assert translated(user(results))["messages"] == [
        {"role": "tool", "tool_call_id": name, "content": name} for name in ("a", "b")
    ]
    thoughts = [
        {"type": "thinking", "thinking": "a"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "thinking", "thinking": "b"},
    ]
    [thought] = translated({"role": "assistant", "content": thoughts})["messages"]
    assert thought == {"role": "assistant", "content": [], "thinking": "ab"}
    assert translated({"role": "assistant", "content": thoughts[1:2]})["messages"] == []
    [called] = translated({"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f"}]})["messages"]
    assert called["tool_calls"] == [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "null"}}]
    assert "thinking" not in called


@pytest.mark.parametrize(
    ("tool", "kept"),
    [
        ({"name": "f"}, {"name": "f"}),
        ({"type": "custom", "name": "f", "description": "d"}, {"name": "f", "description": "d"}),
        ({"type": None, "name": "f", "input_schema": CITY}, {"name": "f", "parameters": CITY}),
        ({"type": "text_editor_20250124", "name": "e"}, {"name": "e"}),
        ({"type": "web_fetch_20250910", "name": "w"}, None),
        ({"type": 5, "name": "f"}, None),
        ({"name": 5}, None),
        ("f", None),
    ],
)
def test_tool_that_the_client_runs_is_a_function_with_what_it_declares(tool, kept):
    assert translated(tools=[tool])["tools"] == ([] if kept is None else [{"type": "function", "function": kept}])


@pytest.mark.parametrize(
    ("sent", "member", "value"),
    [
        ({"tools": None}, "tools", None),
        ({"stop_sequences": "x"}, "stop", None),
        ({"stop_sequences": []}, "stop", []),
        ({"stream": 1}, "stream_options", None),
        ({"output_config": "low"}, "reasoning_effort", None),
        ({"output_config": {"effort": 5}}, "reasoning_effort", None),
        ({"output_config": {"format": {"type": "text"}}}, "response_format", None),
        ({"output_config": {"format": "json"}}, "response_format", None),
        (
            {"output_config": {}, "output_format": {"type": "json_schema", "schema": 1}},
            "response_format",
            {"type": "json_schema", "json_schema": {"schema": 1}},
        ),
        ({"tool_choice": {"type": "auto", "disable_parallel_tool_use": 1}}, "parallel_tool_calls", None),
        ({"tool_choice": {"type": ["auto"]}}, "tool_choice", None),
        ({"metadata": {}}, "metadata", None),
        ({"system": ""}, "messages", []),
    ],
)
def test_member_of_another_shape_is_left_out(sent, member, value):
    assert translated(**sent).get(member) == value
