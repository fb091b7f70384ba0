"""Six disjoint classes of tokens out of every convention of a usage, by the sum of its counts."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.pricing.token_classes import CREDIBLE, INVALID, MISSING, TokenClasses, UsageState, classed, classed_answer
from shadow.reading.completion import Unread, UnreadReason, Usage
from shadow.reading.message_parts import parse_usage
from shadow.reading.messages_response import read_whole as read_message
from shadow.reading.responses_body import read_whole as read_response


def chat(**usage):
    return parse_usage(usage)


def messages(**usage):
    body = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "a"}], "stop_reason": "end_turn"}
    return read_message(json.dumps({**body, "usage": usage}).encode(), 200).completion.usage


def responses(**usage):
    message = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]}
    body = {"object": "response", "status": "completed", "output": [message], "usage": usage}
    return read_response(json.dumps(body).encode(), 200).completion.usage


CONVENTIONS = {
    "OpenAI chat": (
        chat(
            prompt_tokens=1486,
            completion_tokens=651,
            total_tokens=2137,
            prompt_tokens_details={"cached_tokens": 1408},
            completion_tokens_details={"reasoning_tokens": 512},
        ),
        2137,
        TokenClasses(fresh=78, cache_read=1408, output=139, reasoning=512),
    ),
    "OpenAI responses": (
        responses(
            input_tokens=1000,
            output_tokens=300,
            total_tokens=1300,
            input_tokens_details={"cached_tokens": 900},
            output_tokens_details={"reasoning_tokens": 250},
        ),
        1300,
        TokenClasses(fresh=100, cache_read=900, output=50, reasoning=250),
    ),
    "OpenAI responses without a total": (
        responses(input_tokens=1000, output_tokens=300, output_tokens_details={"reasoning_tokens": 250}),
        1300,
        TokenClasses(fresh=1000, output=50, reasoning=250),
    ),
    "DeepSeek": (
        chat(
            prompt_tokens=500,
            completion_tokens=120,
            total_tokens=620,
            prompt_cache_hit_tokens=448,
            prompt_cache_miss_tokens=52,
            completion_tokens_details={"reasoning_tokens": 100},
        ),
        620,
        TokenClasses(fresh=52, cache_read=448, output=20, reasoning=100),
    ),
    "DeepSeek by the parts of the prompt alone": (
        chat(completion_tokens=120, prompt_cache_hit_tokens=448, prompt_cache_miss_tokens=52),
        620,
        TokenClasses(fresh=52, cache_read=448, output=120),
    ),
    "Moonshot": (
        chat(prompt_tokens=800, completion_tokens=90, total_tokens=890, cached_tokens=768),
        890,
        TokenClasses(fresh=32, cache_read=768, output=90),
    ),
    "Anthropic": (
        messages(
            input_tokens=12,
            cache_read_input_tokens=9000,
            cache_creation_input_tokens=700,
            cache_creation={"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 500},
            output_tokens=80,
        ),
        9792,
        TokenClasses(fresh=12, cache_read=9000, cache_write_5m=200, cache_write_1h=500, output=80),
    ),
    "Anthropic with thinking": (
        messages(input_tokens=12, output_tokens=80, output_tokens_details={"thinking_tokens": 50}),
        92,
        TokenClasses(fresh=12, output=30, reasoning=50),
    ),
    "Anthropic by the lifetimes of its cache alone": (
        messages(
            input_tokens=12, cache_creation={"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 0}, output_tokens=8
        ),
        40,
        TokenClasses(fresh=12, cache_write_5m=20, output=8),
    ),
    "Anthropic behind a gateway, its cache beside the prompt": (
        chat(
            prompt_tokens=12,
            completion_tokens=80,
            total_tokens=9592,
            cache_read_input_tokens=9000,
            cache_creation_input_tokens=500,
        ),
        9592,
        TokenClasses(fresh=12, cache_read=9000, cache_write_5m=500, output=80),
    ),
    "xAI": (
        chat(
            prompt_tokens=10120,
            completion_tokens=1499,
            total_tokens=14428,
            prompt_tokens_details={"cached_tokens": 128},
            completion_tokens_details={"reasoning_tokens": 2809},
        ),
        14428,
        TokenClasses(fresh=9992, cache_read=128, output=1499, reasoning=2809),
    ),
    "Gemini": (
        chat(prompt_tokens=758, completion_tokens=102, total_tokens=1725),
        1725,
        TokenClasses(fresh=758, output=967),
    ),
    "OpenRouter": (
        chat(
            prompt_tokens=194,
            completion_tokens=2,
            total_tokens=196,
            cost=0.95,
            prompt_tokens_details={"cached_tokens": 0, "cache_write_tokens": 100},
        ),
        196,
        TokenClasses(fresh=94, cache_write_5m=100, output=2),
    ),
    "embeddings": (chat(prompt_tokens=9, total_tokens=9), 9, TokenClasses(fresh=9)),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_classes_of_a_convention_add_up_to_the_reported_total(name):
    usage, total, tokens = CONVENTIONS[name]
    found = classed(usage)
    assert found == (UsageState.HIDDEN if name == "Gemini" else UsageState.CERTAIN, tokens)
    assert sum(found.tokens) == total


@pytest.mark.parametrize(
    ("usage", "least", "most"),
    [
        ({"total_tokens": None}, 110, 115),  # no total
        ({"total_tokens": 113}, 110, 115),  # neither inside nor on top
        ({"total_tokens": 117}, 110, 117),  # more than both
        ({"total_tokens": 107}, 107, 115),  # less than prompt and completion
        ({"total_tokens": 99}, 100, 115),  # less than the prompt
        ({"completion_tokens": 4, "total_tokens": 104}, 104, 109),  # more reasoning than completion, and inside it
        ({"completion_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 111}, 110, 111),
        ({"completion_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 107}, 107, 110),
        ({"completion_tokens_details": {}, "total_tokens": 107}, 107, 110),
    ],
)
def test_usage_whose_sum_settles_nothing_is_a_range_of_both_readings(usage, least, most):
    counts = {"prompt_tokens": 100, "completion_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 5}, **usage}
    state, tokens = classed(chat(**counts))
    assert state is UsageState.RANGE
    assert (sum(tokens) - tokens.uncertain, sum(tokens)) == (least, most)


@pytest.mark.parametrize(
    "usage",
    [
        {"cached_tokens": 101},
        {"cached_tokens": 60, "cache_creation_input_tokens": 41},
        {"cached_tokens": -1},
        {"cached_tokens": 2.5},
        {"cached_tokens": "7"},
        {"cached_tokens": True},
        {"completion_tokens": -1},
        {"prompt_tokens": 2**53 + 1},
        {"prompt_tokens": CREDIBLE + 1},
        {"total_tokens": CREDIBLE + 1},
        {"completion_tokens_details": {"reasoning_tokens": -3}},
        {"completion_tokens_details": {"reasoning_tokens": CREDIBLE + 1}},
        {"prompt_cache_hit_tokens": 60, "prompt_cache_miss_tokens": 41},
        {"cache_creation_input_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 6}},
        {"cache_creation": {"ephemeral_1h_input_tokens": -6}},
    ],
)
def test_usage_with_impossible_counts_is_invalid_and_has_no_classes(usage):
    assert classed(chat(**{"prompt_tokens": 100, "completion_tokens": 10, **usage})) == INVALID


@pytest.mark.parametrize(("total", "state", "output"), [(110, UsageState.CERTAIN, 10), (111, UsageState.HIDDEN, 11)])
def test_single_token_that_the_total_has_beyond_prompt_and_completion_is_output(total, state, output):
    found = classed(chat(prompt_tokens=100, completion_tokens=10, total_tokens=total))
    assert (found.state, found.tokens.output) == (state, output)


def test_largest_credible_count_has_classes():
    assert classed(chat(prompt_tokens=CREDIBLE, completion_tokens=0)).tokens.fresh == 100_000_000


@pytest.mark.parametrize("usage", [None, chat(), chat(total_tokens=9), chat(prompt_tokens=9), chat(completion_tokens=9)])
def test_usage_without_prompt_or_completion_is_missing(usage):
    assert classed(usage) == MISSING


def test_embeddings_counted_by_their_total_alone_are_all_prompt():
    assert classed(chat(total_tokens=9), vectors=True).tokens == TokenClasses(fresh=9)


@pytest.mark.parametrize(
    ("why", "status", "expected"),
    [
        (UnreadReason.BROKEN, 200, MISSING),
        (UnreadReason.NO_DONE, 200, MISSING),
        (UnreadReason.NOT_AUDITED, 200, None),
        (UnreadReason.ERROR, 429, None),
        (UnreadReason.NO_RESPONSE, None, None),
    ],
)
def test_answer_that_was_not_read_is_missing_only_where_it_was_billed(why, status, expected):
    assert classed_answer(Unread(why=why, detail=""), status) == expected


COUNTS = st.none() | st.integers(-2, 40) | st.integers(-(2**60), 2**60) | st.floats() | st.booleans() | st.text(max_size=2)
USAGES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            (
                *("prompt_tokens", "completion_tokens", "total_tokens", "reasoning_tokens", "cached_tokens"),
                *("prompt_cache_hit_tokens", "prompt_cache_miss_tokens", "cache_creation_input_tokens"),
            ),
            COUNTS,
        ),
        "prompt_tokens_details": st.fixed_dictionaries({}, optional={"cached_tokens": COUNTS, "cache_write_tokens": COUNTS}),
        "completion_tokens_details": st.fixed_dictionaries({}, optional={"reasoning_tokens": COUNTS}),
        "cache_creation": st.fixed_dictionaries({}, optional={"ephemeral_1h_input_tokens": COUNTS}),
    },
)


@given(USAGES, st.booleans(), st.booleans())
def test_classes_of_any_usage_are_never_negative_and_add_up(value, inside, vectors):
    usage = parse_usage(value, reasoning_inside=inside)
    state, tokens = classed(usage, vectors=vectors)
    assert min(tokens) >= 0
    assert (state is UsageState.RANGE) >= bool(tokens.uncertain)
    if state in {UsageState.MISSING, UsageState.INVALID}:
        assert not any(tokens)
    elif state is not UsageState.RANGE and usage.total_tokens is not None:
        assert sum(tokens) == usage.total_tokens
    elif usage.completion_tokens is not None and usage.total_tokens is None:
        assert sum(tokens) - tokens.uncertain == (usage.prompt_tokens or 0) + usage.completion_tokens


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_reasoning_on_top_or_inside_is_the_same_number_of_reasoning_tokens(prompt, cached, completion, thought):
    counts = {"prompt_tokens": prompt + cached, "completion_tokens": completion + thought, "reasoning_tokens": thought}
    inside = classed(chat(**counts, cached_tokens=cached, total_tokens=prompt + cached + completion + thought))
    counts["completion_tokens"] = completion
    on_top = classed(chat(**counts, cached_tokens=cached, total_tokens=prompt + cached + completion + thought))
    assert inside == on_top == (UsageState.CERTAIN, TokenClasses(prompt, cached, 0, 0, completion, thought))


def test_states_of_a_usage_are_distinct_words():
    assert all(one < other for one, other in pairwise(sorted(UsageState)))


def test_usage_of_an_api_that_defines_reasoning_inside_needs_no_total():
    usage = Usage(
        prompt_tokens=5, completion_tokens=9, total_tokens=None, reasoning_tokens=4, cached_tokens=None, reasoning_inside=True
    )
    assert classed(usage) == (UsageState.CERTAIN, TokenClasses(fresh=5, output=5, reasoning=4))


@pytest.mark.parametrize(("status", "billed"), [(199, False), (200, True), (299, True), (300, False), (None, False)])
def test_an_answer_that_was_not_read_is_billed_with_a_status_of_success(status, billed):
    assert (classed_answer(Unread(why=UnreadReason.BROKEN, detail=""), status) == MISSING) is billed


def test_an_answer_that_was_read_has_the_classes_of_its_usage():
    body = {"type": "message", "role": "assistant", "content": [], "stop_reason": "end_turn"}
    usage = {"input_tokens": 12, "output_tokens": 80}
    completion = read_message(json.dumps({**body, "usage": usage}).encode(), 200).completion
    assert classed_answer(completion, 200).tokens == TokenClasses(fresh=12, output=80)


def test_the_prompt_is_the_sum_of_the_classes_it_was_read_from():
    tokens = TokenClasses(
        fresh=1, cache_read=20, cache_write_5m=300, cache_write_1h=4_000, output=50_000, reasoning=6, uncertain=7
    )
    assert tokens.prompt == 4_321
    assert not any(TokenClasses())


@pytest.mark.parametrize(
    ("count", "usage"),
    [
        ("completion_tokens", {"prompt_tokens": 0, "completion_tokens": 100_000_000}),
        ("total_tokens", {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 100_000_000}),
    ],
)
def test_a_count_of_a_hundred_million_is_credible_and_one_more_is_not(count, usage):
    assert classed(chat(**usage)) != INVALID
    assert classed(chat(**{**usage, count: 100_000_001})) == INVALID


def test_one_token_from_a_cache_beside_the_prompt_is_counted():
    found = classed(chat(prompt_tokens=12, completion_tokens=8, total_tokens=21, cache_read_input_tokens=1))
    assert found == (UsageState.CERTAIN, TokenClasses(fresh=12, cache_read=1, output=8))


def test_one_token_of_reasoning_on_top_is_counted():
    details = {"reasoning_tokens": 1}
    found = classed(chat(prompt_tokens=12, completion_tokens=0, total_tokens=13, completion_tokens_details=details))
    assert found == (UsageState.CERTAIN, TokenClasses(fresh=12, reasoning=1))


def test_a_usage_without_a_total_or_reasoning_is_not_a_range():
    assert classed(chat(prompt_tokens=0, completion_tokens=0)) == (UsageState.CERTAIN, TokenClasses())
    assert classed(chat(prompt_tokens=5, total_tokens=5)) == (UsageState.CERTAIN, TokenClasses(fresh=5))
