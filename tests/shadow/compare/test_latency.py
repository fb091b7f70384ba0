import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.compare import latency
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import answer, choice, completion, pair, timing


def timed(one, other):
    return pair(answer("a", times=timing(**one)), answer("b", times=timing(**other)))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1.0, 1.9, FindingState.MATCH),
        (0.01, 0.05, FindingState.MATCH),
        (1.0, 2.1, FindingState.DIFFER),
        (2.1, 1.0, FindingState.DIFFER),
        (0.0, 0.0, FindingState.MATCH),
    ],
)
def test_a_time_differs_beyond_twice_and_fifty_milliseconds(one, other, expected):
    for name, comparator in (
        ("first_chunk", latency.first_chunk),
        ("first_token", latency.first_token),
        ("total", latency.total),
    ):
        assert comparator(timed({name: one}, {name: other})).state is expected


def test_the_gap_compared_is_the_median():
    found = latency.inter_chunk(timed({"gaps": (0.01, 0.2, 9.0)}, {"gaps": (0.01, 0.01, 0.01)}))
    assert (found.state, found.subject, found.reference) == (FindingState.DIFFER, "200 ms", "10 ms")
    assert found.reason == "200 ms against 10 ms: beyond 2x and 50 ms"


def test_untimed_side_is_not_measured_and_named():
    assert latency.inter_chunk(timed({"gaps": ()}, {})).reason.startswith("the provider left nothing to time")
    assert latency.tokens_per_second(timed({}, {"rate": None})).state is FindingState.NOT_MEASURED
    assert latency.first_token(timed({"first_token": None}, {"first_token": None})).state is FindingState.NOT_MEASURED


def test_a_stream_is_not_timed_against_a_whole_body_but_for_the_whole():
    both = pair(answer("a"), answer("b", stream=False))
    assert latency.first_chunk(both).state is FindingState.NOT_COMPARABLE
    assert latency.total(both).state is FindingState.MATCH


def test_a_rate_differs_beyond_twice():
    assert latency.tokens_per_second(timed({"rate": 50}, {"rate": 26})).state is FindingState.MATCH
    assert latency.tokens_per_second(timed({"rate": 25}, {"rate": 50})).state is FindingState.MATCH
    assert latency.tokens_per_second(timed({"rate": 50}, {"rate": 24.9})).state is FindingState.DIFFER
    found = latency.tokens_per_second(timed({"rate": 20}, {"rate": 50}))
    assert (found.state, found.score) == (FindingState.DIFFER, 0.4)


def cached(tokens, **times):
    said = completion(choice("a"))
    return answer(said._replace(usage=said.usage._replace(cached_tokens=tokens)), times=timing(**times))


def test_the_first_content_is_timed_where_reasoning_came_before_it():
    found = latency.first_content(timed({"first_content": 9.0}, {"first_content": 2.0}))
    assert (found.state, found.reason) == (FindingState.DIFFER, "9000 ms against 2000 ms: beyond 2x and 50 ms")
    assert latency.first_content(timed({"first_content": 0.2}, {"first_content": 0.2})).state is FindingState.NOT_MEASURED


def test_the_slowest_gap_of_a_hundred_needs_a_hundred():
    even, uneven = (0.01,) * 200, (0.01,) * 195 + (3.0,) * 5
    assert latency.inter_chunk_p99(timed({"gaps": uneven}, {"gaps": even})).subject == "3000 ms"
    assert latency.inter_chunk_p99(timed({"gaps": even[:99]}, {"gaps": even})).state is FindingState.NOT_MEASURED
    assert latency.inter_chunk_p99(timed({"gaps": even[:100]}, {"gaps": even})).state is FindingState.MATCH


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [
        (0.05, 0.1, FindingState.MATCH),
        (0.0499, 0.1, FindingState.DIFFER),
        (1.0, 2.0, FindingState.MATCH),
        (1.0, 2.01, FindingState.DIFFER),
    ],
)
def test_a_time_of_exactly_twice_or_fifty_milliseconds_more_is_alike_and_anything_beyond_differs(one, other, state):
    assert latency.total(timed({"total": one}, {"total": other})).state is state


@pytest.mark.parametrize(("gap", "state"), [(1.99, FindingState.MATCH), (2.0, FindingState.DIFFER)])
def test_a_silence_of_two_seconds_is_a_stall_and_a_shorter_one_is_not(gap, state):
    assert latency.stalls(timed({"gaps": (0.1, gap)}, {"gaps": (0.1, 0.1)})).state is state


def test_stalls_differ_where_one_side_alone_stalls():
    found = latency.stalls(timed({"gaps": (0.1, 2.5, 4.0)}, {"gaps": (0.1, 0.1)}))
    assert (found.state, found.reason) == (FindingState.DIFFER, "2 stalls of 2 s or more against 0")
    assert latency.stalls(timed({}, {})).state is FindingState.MATCH
    assert latency.stalls(timed({"gaps": ()}, {})).state is FindingState.NOT_MEASURED


def test_a_prompt_cached_on_one_side_is_marked_and_its_early_times_are_left_out():
    both = pair(cached(64, first_token=0.1), cached(0, first_token=3.0))
    found = latency.cached_tokens(both)
    assert (found.state, found.subject, found.reference) == (FindingState.DIFFER, "64", "0")
    assert latency.first_token(both).reason == "the provider took a part of the prompt from a cache"
    back = pair(cached(0, first_token=3.0), cached(64, first_token=0.1))
    assert latency.first_token(back).reason == "the reference took a part of the prompt from a cache"
    assert latency.total(both).state is FindingState.MATCH
    assert latency.first_token(pair(cached(64), cached(9))).state is FindingState.MATCH
    assert latency.cached_tokens(pair("a", cached(0))).reason == "the provider reports no cached_tokens"


@pytest.mark.parametrize(("one", "other", "state"), [(1, 0, "differ"), (0, 1, "differ"), (1, 1, "match"), (0, 0, "match")])
def test_a_single_token_from_a_cache_is_enough(one, other, state):
    assert latency.cached_tokens(pair(cached(one), cached(other))).state == state


@given(st.lists(st.floats(-1, 5), min_size=1, max_size=250), st.lists(st.floats(-1, 5), min_size=1, max_size=250))
def test_gaps_sorted_once_give_each_signal_its_own_result(one, other):
    made = timed({"gaps": tuple(one)}, {"gaps": tuple(other)})
    found = latency.inter_chunk(made)
    assert (found.subject, found.reference) == tuple(f"{statistics.median(gaps) * 1000:.0f} ms" for gaps in (one, other))
    assert latency.stalls(made).subject == str(sum(gap >= latency.STALL for gap in one))
    slow = latency.inter_chunk_p99(made)
    if len(one) >= 100 and len(other) >= 100:
        assert slow.subject == f"{sorted(one)[math.ceil(0.99 * len(one)) - 1] * 1000:.0f} ms"
    else:
        assert slow.state is FindingState.NOT_MEASURED
