"""Items of a response as messages."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.responses_items import (
    CUSTOM_CLOSING,
    CUSTOM_OPENING,
    call_entry,
    citations_of,
    is_call,
    is_client_action,
    is_encrypted_reasoning,
    json_escaped,
    logprobs_of,
    message_of,
    unread_kinds,
)
from tests.shadow.reading.hostile import HOSTILE


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            {"type": "message", "content": [{"type": "output_text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"content": "ab"},
        ),
        ({"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}, {"refusal": "no"}),
        ({"type": "message", "content": "plain"}, {"content": "plain"}),
        ({"type": "message", "content": []}, {}),
        ({"type": "reasoning", "content": [{"text": "so"}], "summary": [{"text": "short"}]}, {"reasoning_text": "so"}),
        ({"type": "reasoning", "summary": [{"text": "short"}]}, {"reasoning_summary": "short"}),
        ({"type": "reasoning", "summary": []}, {"reasoning_summary": ""}),
        ({"type": "web_search_call"}, {}),
        ({"type": ["message"]}, {}),
    ],
)
def test_item_has_the_text_of_its_parts(item, message):
    assert message_of(item, 0) == message


def test_call_has_the_id_that_its_result_refers_to():
    item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"}
    assert message_of(item, 2) == {"tool_calls": [{"index": 2, "id": "call_1", "function": {"name": "f", "arguments": "{}"}}]}


@given(st.lists(st.text(), max_size=4))
def test_free_text_is_one_json_argument_however_it_was_cut(pieces):
    [call] = message_of({"type": "custom_tool_call", "call_id": "c", "name": "g", "input": "".join(pieces)}, 0)["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"input": "".join(pieces)}
    assert CUSTOM_OPENING + "".join(map(json_escaped, pieces)) + CUSTOM_CLOSING == call["function"]["arguments"]


def test_the_log_probabilities_of_all_parts_are_one_list():
    assert logprobs_of({"content": [{"logprobs": [1]}, {"logprobs": None}, 5, {"logprobs": [2, 3]}]}) == [1, 2, 3]


ITEM = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "reasoning", "function_call", "custom_tool_call"]) | HOSTILE},
    optional=dict.fromkeys(("content", "summary", "name", "arguments", "input", "call_id"), HOSTILE),
)


@given(ITEM)
def test_no_item_makes_it_raise(item):
    assert isinstance(message_of(item, 0), dict)
    assert isinstance(logprobs_of(item), list)


@pytest.mark.parametrize(
    ("item", "runs"),
    [
        ({"type": "shell_call"}, True),
        ({"type": "shell_call", "execution": "server"}, False),
        ({"type": "shell_call", "environment": {"type": "container_auto"}}, False),
        ({"type": "shell_call", "environment": {"type": "local"}}, True),
        ({"type": "shell_call", "environment": {"type": 5}}, True),
        ({"type": "shell_call", "environment": "container"}, True),
        ({"type": "tool_search_call"}, False),
        ({"type": "tool_search_call", "execution": "client"}, True),
        ({"type": "tool_search_call", "execution": "client", "environment": {"type": "container"}}, False),
        ({"type": "web_search_call"}, False),
        ({"type": ["shell_call"]}, False),
    ],
)
def test_client_runs_an_item_of_its_kinds_unless_the_server_did(item, runs):
    assert is_client_action(item) is runs
    assert is_call(item) is runs
    assert is_call({"type": "function_call"})


def test_what_the_model_wrote_of_a_client_s_action_is_its_arguments():
    item = {"type": "apply_patch_call", "id": "a", "call_id": "c", "status": "completed", "operation": {"path": "x"}}
    [made] = message_of(item, 3)["tool_calls"]
    assert made == {"index": 3, "id": "c", "function": {"name": "apply_patch_call", "arguments": '{"operation": {"path": "x"}}'}}


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ({"type": "function_call", "call_id": "c", "id": "i"}, "c"),
        ({"type": "function_call", "id": "i"}, None),
        ({"type": "mcp_approval_request", "id": "i"}, "i"),
        ({"type": "mcp_approval_request", "id": "i", "call_id": "c"}, "c"),
    ],
)
def test_id_of_an_item_is_that_of_its_call_else_its_own_where_the_client_acts(item, name):
    assert call_entry(item, 1) == {"index": 1, "id": name}


@pytest.mark.parametrize(
    ("item", "count"),
    [
        ({"content": [{"annotations": [1, 2]}, {"annotations": []}, {"annotations": [3]}, 5, {}]}, 3),
        ({"content": [{"annotations": {"a": 1}}]}, 0),
        ({"content": "text"}, 0),
        ({}, 0),
    ],
)
def test_citations_of_a_message_are_those_of_all_its_texts(item, count):
    assert citations_of(item) == count


@pytest.mark.parametrize(
    ("item", "sealed"),
    [
        ({"type": "reasoning", "encrypted_content": "x"}, True),
        ({"type": "reasoning", "encrypted_content": "x", "summary": [], "content": []}, True),
        ({"type": "reasoning", "encrypted_content": "x", "summary": [{"text": "so"}]}, False),
        ({"type": "reasoning", "encrypted_content": "x", "content": [{"text": "so"}]}, False),
        ({"type": "reasoning", "encrypted_content": ""}, False),
        ({"type": "message", "encrypted_content": "x"}, False),
    ],
)
def test_reasoning_of_which_only_the_ciphertext_is_shown_is_encrypted(item, sealed):
    assert is_encrypted_reasoning(item) is sealed


def test_kinds_that_are_not_read_are_named_once_and_in_their_order():
    kinds = ["web_search_call", "message", "reasoning", "function_call", "shell_call", "mcp_call", "web_search_call", 5]
    assert unread_kinds([{"type": kind} for kind in kinds]) == ["web_search_call", "mcp_call"]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            {"type": "message", "content": [{"type": "output_text", "text": 5}, {"type": "output_text", "text": "a"}]},
            {"content": "a"},
        ),
        ({"type": "message", "content": [{"type": "output_text", "text": ""}]}, {"content": ""}),
        ({"type": "message", "content": [{"type": "image", "text": "a"}]}, {}),
        (
            {"type": "message", "content": [{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "b"}]},
            {"content": "a", "refusal": "b"},
        ),
        ({"type": "reasoning", "content": [{"text": ""}], "summary": [{"text": "short"}]}, {"reasoning_text": ""}),
        ({"type": "reasoning", "content": "so"}, {"reasoning_summary": ""}),
        ({}, {}),
    ],
)
def test_parts_that_hold_no_text_add_none(item, message):
    assert message_of(item, 0) == message


def test_input_that_is_no_text_leaves_a_custom_tool_with_an_empty_one():
    [made] = message_of({"type": "custom_tool_call", "name": "g", "input": 5}, 0)["tool_calls"]
    assert made["function"] == {"name": "g", "arguments": '{"input": ""}'}
