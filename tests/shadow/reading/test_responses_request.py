"""A request of /v1/responses in the words of chat completions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.completion import Unread, UnreadReason
from shadow.reading.parsed_request import Tool, parse_request
from shadow.reading.responses_request import as_chat
from tests.shadow.reading.hostile import HOSTILE

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def test_every_parameter_that_both_apis_have_is_read_by_its_name_in_chat():
    asked = parse_request(
        "/v1/responses",
        (),
        json.dumps({
            "model": "m",
            "input": "How warm is it?",
            "instructions": "Be brief.",
            "tools": [
                {"type": "function", "name": "f", "parameters": SCHEMA, "strict": True},
                {"type": "custom", "name": "g"},
                {"type": "web_search"},
            ],
            "tool_choice": {"type": "function", "name": "f"},
            "max_output_tokens": 50,
            "temperature": 0,
            "stream": True,
            "parallel_tool_calls": False,
            "include": ["message.output_text.logprobs", "reasoning.encrypted_content"],
            "top_logprobs": 2,
            "reasoning": {"effort": "low", "summary": "auto"},
            "text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}},
            "store": True,
            "stop": ["not of this API"],
        }).encode(),
        False,
    )  # fmt: skip
    assert asked.unread is None
    assert (asked.api, asked.model, asked.stream, asked.temperature, asked.max_tokens) == ("responses", "m", True, 0.0, 50)
    assert asked.tools == (Tool(name="f", schema=SCHEMA), Tool(name="g", schema=None))
    assert asked.tool_choice == {"type": "function", "function": {"name": "f"}}
    assert asked.messages == ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "How warm is it?"})
    rest = {key: value for key, value in asked.body.items() if key not in ("messages", "tools", "tool_choice", "model")}
    assert rest == {
        "temperature": 0,
        "stream": True,
        "parallel_tool_calls": False,
        "top_logprobs": 2,
        "max_completion_tokens": 50,
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}},
        "reasoning_effort": "low",
        "logprobs": True,
        "stream_options": {"include_usage": True},
    }


def test_the_items_of_one_turn_are_one_message():
    made = as_chat({
        "input": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "input_text", "text": "Look:"}, {"type": "input_image", "image_url": "x"}]},
            {"type": "reasoning", "id": "rs", "content": [{"type": "reasoning_text", "text": "I look."}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I will ask."}]},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "custom_tool_call", "call_id": "c2", "name": "g", "input": "x"},
            {"type": "function_call_output", "call_id": "c1", "output": "7"},
            {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "8"}]},
            {"type": "message", "role": "assistant", "content": "Seven."},
            {"type": "message", "role": "assistant", "content": "And eight."},
            {"type": "web_search_call", "id": "ws"},
            {"type": ["strange"], "role": "user"},
        ]
    })  # fmt: skip
    assert made["messages"] == [
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": "x"}}],
        },
        {
            "role": "assistant",
            "reasoning_content": "I look.",
            "content": [{"type": "text", "text": "I will ask."}],
            "tool_calls": [
                {"type": "function", "id": "c1", "function": {"name": "f", "arguments": "{}"}},
                {"type": "custom", "id": "c2", "custom": {"name": "g", "input": "x"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "7"},
        {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "8"}]},
        {"role": "assistant", "content": "Seven."},
        {"role": "assistant", "content": "And eight."},
    ]


@pytest.mark.parametrize(
    ("sent", "choice"),
    [
        ("required", "required"),
        ({"type": "custom", "name": "g"}, {"type": "custom", "custom": {"name": "g"}}),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "f"}}]},
            },
        ),
        ({"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}, {"type": "mcp"}]}, None),
        ({"type": "web_search"}, None),
        (7, None),
    ],
)
def test_a_choice_of_tools_is_translated_or_left_out(sent, choice):
    assert as_chat({"input": "hi", "tool_choice": sent}).get("tool_choice") == choice


@pytest.mark.parametrize("sent", [{}, {"input": 5}, {"input": ["hi"]}, {"input": {}}])
def test_a_request_without_readable_input_is_unread_with_the_reason(sent):
    made = as_chat(sent)
    assert isinstance(made, Unread)
    assert made.why is UnreadReason.WRONG_SHAPE


def test_what_stands_on_the_server_is_no_fault_of_the_request():
    assert as_chat({"prompt": {"id": "pmpt_1"}})["messages"] == []
    assert as_chat({"previous_response_id": "resp_1"})["messages"] == []


ITEM = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["message", "function_call", "function_call_output", "reasoning", "custom_tool_call"]) | HOSTILE,
        "role": st.sampled_from(["user", "assistant"]) | HOSTILE,
        **dict.fromkeys(("content", "call_id", "name", "arguments", "output", "summary"), HOSTILE),
    },
)


@pytest.mark.slow
@given(st.lists(ITEM | HOSTILE, max_size=5), HOSTILE)
def test_no_request_makes_it_raise(items, value):
    keys = ("tools", "tool_choice", "text", "reasoning", "include", "instructions", "max_output_tokens", "stream")
    body = json.dumps({"input": items, **dict.fromkeys(keys, value)}).encode()
    asked = parse_request("/v1/responses", (), body, False)
    assert asked.unread is None or asked.unread.detail
    tools = [value, {"type": "allowed_tools", "tools": [value]}]
    assert parse_request("/v1/responses", (), json.dumps({"input": "a", "tools": tools, "tool_choice": tools[1]}).encode(), False)


def test_tools_are_offered_by_namespaces_and_by_items_of_the_input_too():
    body = {
        "tools": [{"type": "tool_search"}, {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "f"}]}],
        "input": [
            {"role": "user", "content": "How warm is it?"},
            {"type": "tool_search_output", "tools": [{"type": "namespace", "tools": [{"type": "function", "name": "g"}]}]},
            {"role": "developer", "tools": [{"type": "function", "name": "h", "parameters": SCHEMA}]},
        ],
    }
    made = as_chat(body)
    assert isinstance(made, dict)
    assert [tool["function"]["name"] for tool in made["tools"]] == ["f", "g", "h"]


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ({"type": "json_object"}, {"type": "json_object"}),
        ({"type": "text"}, None),
        ({"type": "json_schema", "name": "n"}, {"type": "json_schema", "json_schema": {"name": "n"}}),
        ("json_object", None),
        (None, None),
    ],
)
def test_each_form_of_a_text_has_its_own_in_chat(given, form):
    assert as_chat({"input": "a", "text": {"format": given}}).get("response_format") == form


@pytest.mark.parametrize(
    ("sent", "member", "value"),
    [
        ({"max_output_tokens": 0}, "max_completion_tokens", 0),
        ({"max_output_tokens": None}, "max_completion_tokens", None),
        ({"tools": []}, "tools", None),
        ({"tools": [{"type": "web_search"}]}, "tools", []),
        ({"tools": "x"}, "tools", None),
        ({"reasoning": {"effort": ""}}, "reasoning_effort", None),
        ({"reasoning": "high"}, "reasoning_effort", None),
        ({"include": ["message.output_text.logprobs"]}, "logprobs", True),
        ({"include": "message.output_text.logprobs"}, "logprobs", None),
        ({"include": ["other"]}, "logprobs", None),
        ({"stream": True}, "stream_options", {"include_usage": True}),
        ({"stream": 1}, "stream_options", None),
        (
            {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": "x"}},
            "tool_choice",
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}},
        ),
    ],
)
def test_member_that_sets_nothing_is_left_out_in_chat(sent, member, value):
    assert as_chat({"input": "a", **sent}).get(member) == value


@pytest.mark.parametrize("instructions", [None, "", 5, ["Be brief."]])
def test_instructions_that_are_no_text_are_no_message(instructions):
    assert as_chat({"input": "a", "instructions": instructions})["messages"] == [{"role": "user", "content": "a"}]


@pytest.mark.parametrize("sent", [{"previous_response_id": ""}, {"conversation": None}, {"prompt": {}}])
def test_reference_to_nothing_on_the_server_stands_for_no_input(sent):
    assert as_chat(sent).detail == "the request has no input that is a text or a list of items"
    assert as_chat({"conversation": "c", "input": 5}).why is UnreadReason.WRONG_SHAPE


@pytest.mark.parametrize(
    ("items", "messages"),
    [
        (
            [
                {"type": "reasoning", "content": [{"text": "a"}]},
                {"type": "reasoning", "content": [{"text": "b"}, {"text": 5}, "c"]},
            ],
            [{"role": "assistant", "reasoning_content": "ab"}],
        ),
        ([{"type": "reasoning", "summary": [{"text": "a"}]}], [{"role": "assistant"}]),
        ([{"type": "reasoning", "content": "a"}], [{"role": "assistant"}]),
        (
            [
                {"type": "function_call", "call_id": "a"},
                {"role": "user", "content": "b"},
                {"type": "function_call", "call_id": "c"},
            ],
            [
                {
                    "role": "assistant",
                    "tool_calls": [{"type": "function", "id": "a", "function": {"name": None, "arguments": None}}],
                },
                {"role": "user", "content": "b"},
                {
                    "role": "assistant",
                    "tool_calls": [{"type": "function", "id": "c", "function": {"name": None, "arguments": None}}],
                },
            ],
        ),
        (
            [
                {"role": "assistant", "content": "a"},
                {"type": "web_search_call"},
                {"type": "reasoning", "content": [{"text": "b"}]},
            ],
            [{"role": "assistant", "content": "a", "reasoning_content": "b"}],
        ),
        (
            [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}, 5]}],
            [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}],
        ),
        ([{"type": "item_reference", "id": "i"}], []),
    ],
)
def test_turn_ends_with_a_message_of_another_role_and_goes_on_over_what_chat_has_no_word_for(items, messages):
    assert as_chat({"input": items})["messages"] == messages
