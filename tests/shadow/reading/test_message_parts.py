"""Content, reasoning, usage and log probabilities in their many forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert found._replace(invalid="") == expected
    assert found.invalid == "completion_tokens is no token count"
    assert parse_usage(None) is None
    assert parse_usage([]) is None


COUNTS = st.none() | st.booleans() | st.integers(-1, 2) | st.sampled_from([2**53, 2**53 + 1, 3.0, 0.5, "5"])


@given(st.dictionaries(st.sampled_from(["prompt_tokens", "completion_tokens", "total_tokens"]), COUNTS), st.booleans())
def test_usage_of_three_counts_reads_as_the_same_beside_an_unknown_member(stated, inside):
    beside = parse_usage({**stated, "unknown": 1}, reasoning_inside=inside)
    assert parse_usage(stated, reasoning_inside=inside) == beside


@pytest.mark.parametrize(("most", "invalid"), [(2**53, ""), (2**53 + 1, "total_tokens is no token count")])
def test_a_count_has_at_most_53_bits(most, invalid):
    found = parse_usage({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": most})
    assert found is not None
    assert found.invalid == invalid
    assert found.total_tokens == (None if invalid else most)


def test_of_two_members_that_are_no_count_the_first_in_a_fixed_order_is_named():
    found = parse_usage({"cached_tokens": -1, "prompt_tokens": 1, "total_tokens": 0.5, "completion_tokens": "5"})
    assert found is not None
    assert found.invalid == "completion_tokens is no token count"


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
