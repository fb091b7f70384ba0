"""Items of a response as messages."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.responses_items import CUSTOM_CLOSING, CUSTOM_OPENING, json_escaped, logprobs_of, message_of
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
