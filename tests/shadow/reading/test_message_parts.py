"""Content, reasoning, usage and log probabilities in their many forms."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from shadow.reading.completion import Logprob, Usage
from shadow.reading.message_parts import (
    MessageContent,
    filtered_kinds,
    parse_content,
    parse_logprobs,
    parse_usage,
    prompt_filtered_kinds,
    reasoning_text,
    routed_provider,
)
from tests.shadow.reading.hostile import HOSTILE


@given(HOSTILE)
def test_no_value_makes_them_raise(value):
    parse_content(value)
    reasoning_text(value)
    parse_usage(value)
    parse_logprobs(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", MessageContent("a", None, ())),
        ([], MessageContent(None, None, ())),
        ([{"type": "text", "text": "a"}, "b"], MessageContent("ab", None, ())),
        ([{"type": "text", "text": {"value": "a", "annotations": []}}], MessageContent("a", None, ())),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}], MessageContent(None, "h", ())),
        ([{"type": "thinking", "thinking": "h"}, {"type": "text", "text": "a"}], MessageContent("a", "h", ())),
        ({"type": "text", "text": "a"}, MessageContent("a", None, ())),
        ([{"type": "image_url"}, 5], MessageContent(None, None, ("image_url", "int"))),
    ],
)
def test_content_is_a_string_or_typed_parts(value, expected):
    assert parse_content(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", "a"), ({"text": "a"}, "a"), ({"content": "a"}, "a"), ([{"text": "a"}, "b"], "ab"), (5, None), ([], None), ({}, "")],
)
def test_reasoning_is_a_string_an_object_or_a_list(value, expected):
    assert reasoning_text(value) == expected


def test_usage_takes_whole_numbers_only():
    found = parse_usage(
        {"prompt_tokens": 3.0, "completion_tokens": True, "total_tokens": -1, "prompt_cache_hit_tokens": 2, "reasoning_tokens": 1}
    )
    expected = Usage(prompt_tokens=3, completion_tokens=None, total_tokens=None, reasoning_tokens=1, cached_tokens=2)
    assert replace(found, invalid="") == expected
    assert found.invalid == "completion_tokens is no token count"
    assert parse_usage(None) is None
    assert parse_usage([]) is None


def test_details_come_before_the_older_places():
    found = parse_usage(
        {"prompt_tokens_details": {"cached_tokens": 5}, "cached_tokens": 6, "completion_tokens_details": {"reasoning_tokens": 0}}
    )
    assert found is not None
    assert (found.cached_tokens, found.reasoning_tokens) == (5, 0)


def test_log_probabilities_come_as_items_or_as_two_lists():
    expected = [Logprob(token="a", logprob=-0.5)]
    assert (
        parse_logprobs(
            {"content": [{"token": "a", "logprob": -0.5}, {"token": 1, "logprob": 0}, {"token": "b", "logprob": None}]}
        )
        == expected
    )
    assert parse_logprobs({"tokens": ["a", "b"], "token_logprobs": [-0.5, None]}) == expected
    assert parse_logprobs({"content": None}) is None
    assert parse_logprobs({"content": [{"token": "a", "logprob": float("-inf")}]}) == []


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ({"provider_metadata": {"gateway": {"routing": {"resolvedProvider": "near", "finalProvider": "far"}}}}, "far"),
        ({"provider_metadata": {"gateway": {"routing": {"resolvedProvider": "near"}}}}, "near"),
        ({"provider_metadata": {"gateway": {"routing": {"resolvedProvider": 5}}}}, ""),
        ({"provider_metadata": {"gateway": []}}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_gateway_names_who_answered(message, name):
    assert routed_provider(message) == name


@pytest.mark.parametrize(
    ("stated", "dollars"),
    [
        ({"cost": 0.0025}, 0.0025),
        ({"cost": 0}, 0.0),
        ({"cost": {"total_cost": 0.005, "request_cost": 0.004}}, 0.005),
        ({"estimated_cost": 1e-05}, 1e-05),
        ({"cost_in_usd_ticks": 37_756_000}, 0.0037756),
        ({"cost": None, "cost_in_usd_ticks": 10**10}, 1.0),
        ({"cost": -1}, None),
        ({"cost": True}, None),
        ({"cost": "0.1"}, None),
        ({"cost": 1_000_000}, None),
        ({"cost_in_usd_ticks": 10**400}, None),
        ({}, None),
    ],
)
def test_a_cost_is_in_dollars_wherever_it_stands(stated, dollars):
    found = parse_usage(stated)
    assert found is not None
    assert found.cost == dollars


@pytest.mark.parametrize(
    ("stated", "written"),
    [
        ({"prompt_tokens_details": {"cache_write_tokens": 80}, "cache_creation_input_tokens": 9}, 80),
        ({"cache_creation_input_tokens": 9}, 9),
        ({"prompt_tokens_details": {"cached_tokens": 5}}, None),
    ],
)
def test_tokens_written_to_a_cache_are_counted(stated, written):
    found = parse_usage(stated)
    assert found is not None
    assert found.cache_write_tokens == written


def test_only_what_a_filter_withheld_is_named():
    safe, high = {"filtered": False, "severity": "safe"}, {"filtered": True, "severity": "high"}
    assert filtered_kinds(
        {"hate": safe, "violence": high, "jailbreak": {"filtered": True, "detected": True}, "error": {"code": 1}}
    ) == [
        "violence (high)",
        "jailbreak",
    ]
    assert filtered_kinds([high]) == []
    assert prompt_filtered_kinds([{"content_filter_results": {"self_harm": high}}, 5]) == ["self_harm (high)"]
    assert prompt_filtered_kinds({"hate": high}) == []
