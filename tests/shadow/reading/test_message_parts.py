"""Content, reasoning, usage and log probabilities in their many forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.completion import Logprob, Usage
from shadow.reading.message_parts import (
    MessageContent,
    filtered_kinds,
    is_encrypted,
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


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([{"type": "reasoning", "reasoning": "h"}], MessageContent(None, "h", ())),
        ([{"type": "reasoning", "summary": [{"text": "h"}, "i", 5]}], MessageContent(None, "hi", ())),
        ([{"type": "thinking", "content": "h"}, {"type": "thinking"}], MessageContent(None, "h", ())),
        ([{"type": "text", "text": {"value": 5}}, {"type": 5}], MessageContent(None, None, ("text", "JSON object"))),
        ([{"type": "text", "text": ""}], MessageContent("", None, ())),
        ([{"type": ["thinking"], "text": "a"}], MessageContent("a", None, ())),
        (5, MessageContent(None, None, ("int",))),
    ],
)
def test_part_of_a_content_is_text_thought_or_named_by_its_kind(value, expected):
    assert parse_content(value) == expected


@pytest.mark.parametrize(
    ("value", "encrypted"),
    [
        ({"type": "reasoning.encrypted"}, True),
        ([{"type": "reasoning.text"}, {"type": "reasoning.encrypted"}], True),
        ([{"type": "reasoning.text"}], False),
        (["reasoning.encrypted", None], False),
        ([], False),
    ],
)
def test_reasoning_is_encrypted_where_one_of_its_details_is(value, encrypted):
    assert is_encrypted(value) is encrypted


@pytest.mark.parametrize(
    ("stated", "cached", "prompt", "invalid"),
    [
        ({"prompt_cache_hit_tokens": 2, "prompt_cache_miss_tokens": 3}, 2, 5, ""),
        ({"prompt_cache_hit_tokens": 0, "prompt_cache_miss_tokens": 3}, 0, 3, ""),
        ({"prompt_cache_hit_tokens": 2}, 2, None, ""),
        ({"prompt_cache_miss_tokens": 3, "cached_tokens": 4}, 4, None, ""),
        ({"prompt_tokens": 5, "prompt_cache_hit_tokens": 2, "prompt_cache_miss_tokens": 3}, 2, 5, ""),
        (
            {"prompt_tokens": 6, "prompt_cache_hit_tokens": 2, "prompt_cache_miss_tokens": 3},
            2,
            6,
            "prompt_cache_hit_tokens and prompt_cache_miss_tokens are not the prompt_tokens",
        ),
        (
            {"prompt_tokens": 5, "prompt_cache_hit_tokens": -2, "prompt_cache_miss_tokens": 3},
            None,
            5,
            "prompt_cache_hit_tokens is no token count",
        ),
        ({"prompt_tokens": 5, "cache_read_input_tokens": 2}, 2, 5, ""),
        (
            {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": -1}, "cached_tokens": 2},
            2,
            5,
            "cached_tokens is no token count",
        ),
        ({"prompt_tokens": 5, "prompt_tokens_details": 7, "cached_tokens": 2}, 2, 5, ""),
    ],
)
def test_hits_and_misses_of_a_cache_are_the_prompt(stated, cached, prompt, invalid):
    found = parse_usage(stated)
    assert (found.cached_tokens, found.prompt_tokens, found.invalid) == (cached, prompt, invalid)


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        (-1, None),
        (2**53, 2**53),
        (2**53 + 1, None),
        (0.0, 0),
        (-1.0, None),
        (2.0**53, 2**53),
        (2.0**54, None),
        (0.5, None),
    ],
)
def test_count_is_a_whole_number_from_0_to_9007199254740992(value, count):
    found = parse_usage({"prompt_tokens": value, "unknown": 1})
    assert (found.prompt_tokens, found.invalid) == (count, "" if count is not None else "prompt_tokens is no token count")


@pytest.mark.parametrize(
    ("stated", "kept"),
    [
        ({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}, (1, 2, 3, "")),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, (0, 0, 0, "")),
        ({"prompt_tokens": 1, "completion_tokens": 2}, (1, 2, None, "")),
        ({"prompt_tokens": 1, "completion_tokens": -1, "total_tokens": 3}, (1, None, 3, "completion_tokens is no token count")),
        ({}, (None, None, None, "")),
    ],
)
def test_usage_of_three_counts_has_the_reasoning_inside_only_where_the_api_defines_it_so(stated, kept):
    for inside in (False, True):
        found = parse_usage(stated, reasoning_inside=inside)
        assert (found.prompt_tokens, found.completion_tokens, found.total_tokens, found.invalid) == kept
        assert (found.reasoning_inside, found.reasoning_tokens, found.cached_tokens) == (inside, None, None)
    assert parse_usage(stated).reasoning_inside is False


def test_reasoning_may_be_counted_beside_the_details_and_hour_long_writes_are_counted_apart():
    found = parse_usage(
        {"reasoning_tokens": 4, "completion_tokens_details": {}, "cache_creation": {"ephemeral_1h_input_tokens": 6}}
    )
    assert (found.reasoning_tokens, found.cache_write_1h_tokens, found.reasoning_inside) == (4, 6, False)
    assert (
        parse_usage({"cache_creation": {"ephemeral_1h_input_tokens": -6}}).invalid
        == "ephemeral_1h_input_tokens is no token count"
    )


@pytest.mark.parametrize(
    ("stated", "dollars"),
    [
        ({"cost": 999_999.5}, 999_999.5),
        ({"cost": 1}, 1.0),
        ({"cost": None, "estimated_cost": 0.5}, 0.5),
        ({"cost": -1, "estimated_cost": 0.5}, 0.5),
        ({"cost": {"total": 1}, "estimated_cost": 0.5}, 0.5),
        ({"cost_in_usd_ticks": 0}, 0.0),
        ({"cost_in_usd_ticks": 25_000_000_000}, 2.5),
        ({"cost_in_usd_ticks": 1.0}, None),
        ({"cost_in_usd_ticks": True}, None),
        ({"cost": 2, "estimated_cost": 0.5}, 2.0),
    ],
)
def test_first_place_that_states_a_cost_from_nothing_to_a_million_dollars_counts(stated, dollars):
    assert parse_usage(stated).cost == dollars


@pytest.mark.parametrize(
    ("item", "kept"),
    [
        ({"token": "a", "logprob": 0}, [Logprob(token="a", logprob=0.0)]),
        ({"token": "a", "logprob": True}, []),
        ({"token": "a", "logprob": "-1"}, []),
        ({"token": None, "logprob": -1}, []),
        ({"token": "a", "logprob": -1e9}, []),
        ({"token": "a", "logprob": 1e9}, []),
        ({"token": "a", "logprob": -999_999_999.0}, [Logprob(token="a", logprob=-999_999_999.0)]),
        ({"token": "a", "logprob": 999_999_999.0}, [Logprob(token="a", logprob=999_999_999.0)]),
        ({"token": "\ud83d", "logprob": -1}, [Logprob(token="\ufffd", logprob=-1.0)]),
        ({"token": "a", "logprob": -1, "top_logprobs": [{}, {}]}, [Logprob(token="a", logprob=-1.0, top=2)]),
        ({"token": "a", "logprob": -1, "top_logprobs": {"a": -1, "b": -2}}, [Logprob(token="a", logprob=-1.0, top=2)]),
        ({"token": "a", "logprob": -1, "top_logprobs": 2}, [Logprob(token="a", logprob=-1.0, top=0)]),
        (5, []),
    ],
)
def test_log_probability_is_a_number_of_a_token_that_is_text(item, kept):
    assert parse_logprobs({"content": [item]}) == kept


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (
            {"tokens": ["a"], "token_logprobs": [-1], "top_logprobs": [{"a": -1, "b": -2}]},
            [Logprob(token="a", logprob=-1.0, top=2)],
        ),
        (
            {"tokens": ["a", "b"], "token_logprobs": [-1, -2], "top_logprobs": [{"a": -1}]},
            [Logprob(token="a", logprob=-1.0, top=1), Logprob(token="b", logprob=-2.0)],
        ),
        ({"tokens": ["a"], "token_logprobs": [-1], "top_logprobs": 5}, [Logprob(token="a", logprob=-1.0)]),
        ({"tokens": ["a"], "token_logprobs": []}, []),
        ({"tokens": ["a"]}, None),
        ({"token_logprobs": [-1]}, None),
        ([], None),
    ],
)
def test_log_probabilities_of_the_older_form_stand_in_lists_beside_each_other(value, kept):
    assert parse_logprobs(value) == kept


def test_filtered_kind_is_named_by_80_characters_at_most():
    results = {"k" * 90: {"filtered": True}, "hate": {"filtered": True, "severity": 5}, "odd": {"filtered": 1}}
    assert filtered_kinds(results) == ["k" * 80, "hate"]
    assert prompt_filtered_kinds(
        [{"content_filter_results": results}, {"content_filter_results": {"a": {"filtered": True}}}]
    ) == [
        "k" * 80,
        "hate",
        "a",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [([{"text": "a"}, 5, None, "b"], "ab"), ([5], None), ({"summary": ["a", {"text": "b"}]}, "ab"), (None, None)],
)
def test_what_is_no_text_in_a_reasoning_is_left_out(value, expected):
    assert reasoning_text(value) == expected
