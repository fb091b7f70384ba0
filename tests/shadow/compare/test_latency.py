import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.compare import latency
from shadow.findings.finding import FindingState
from tests.shadow.compare.made import answer, choice, completion, pair, parts, timing


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


SLOW, QUICK = {"first_chunk": 3.0, "first_token": 4.0, "first_content": 5.0, "total": 9.0}, {"first_content": 0.5}


@pytest.mark.parametrize(
    ("comparator", "shown"),
    [
        (latency.first_chunk, ("first_chunk", "3000 ms", "100 ms", 0.1 / 3)),
        (latency.first_token, ("first_token", "4000 ms", "200 ms", 0.05)),
        (latency.first_content, ("first_content", "5000 ms", "500 ms", 0.1)),
        (latency.total, ("total", "9000 ms", "1000 ms", 1 / 9)),
    ],
)
def test_each_time_states_both_sides_and_the_smaller_over_the_larger(comparator, shown):
    signal, one, other, score = shown
    found = parts(comparator(timed(SLOW, QUICK)))
    assert found == (signal, "differ", pytest.approx(score), one, other, f"{one} against {other}: beyond 2x and 50 ms")
    back = parts(comparator(timed(QUICK, SLOW)))
    assert back == (signal, "differ", pytest.approx(score), other, one, f"{other} against {one}: beyond 2x and 50 ms")


@pytest.mark.parametrize(
    ("comparator", "absent"),
    [
        (latency.first_chunk, {"first_chunk": None}),
        (latency.first_token, {"first_token": None}),
        (latency.inter_chunk, {"gaps": ()}),
        (latency.inter_chunk_p99, {}),
        (latency.stalls, {"gaps": ()}),
        (latency.total, {"total": None}),
        (latency.tokens_per_second, {"rate": None}),
    ],
)
def test_time_that_a_side_lacks_names_the_side(comparator, absent):
    rest = "left nothing to time (not a stream, no usage, or one arrival only)"
    many = {"gaps": (0.01,) * 100}
    for one, other, who in (
        (absent, many, "the provider"),
        (many, absent, "the reference"),
        (absent, absent, "the provider and the reference"),
    ):
        found = comparator(timed(one, other))
        assert (found.state, found.reason) == (FindingState.NOT_MEASURED, f"{who} {rest}")


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [
        (None, 0.5, "not_measured"),
        (0.5, None, "not_measured"),
        (0.2, 0.5, "differ"),
        (0.5, 0.2, "differ"),
        (0.2, 0.2, "not_measured"),
    ],
)
def test_first_content_is_timed_where_one_side_alone_reasons_before_it(one, other, state):
    found = latency.first_content(timed({"first_content": one}, {"first_content": other}))
    assert found.state == state
    if one == other:
        assert found.reason == "neither answer shows reasoning before its content: see first_token"


@pytest.mark.parametrize(
    ("gaps", "median"), [((0.5,), 500), ((0.2, 0.4), 300), ((0.1, 0.2, 0.6), 200), ((0.1, 0.2, 0.4, 0.9), 300)]
)
def test_median_of_the_gaps_is_the_middle_one_or_the_mean_of_two(gaps, median):
    assert latency.inter_chunk(timed({"gaps": gaps}, {})).subject == f"{median} ms"
    assert latency.inter_chunk(timed({}, {"gaps": gaps})).reference == f"{median} ms"


@pytest.mark.parametrize(("count", "place"), [(100, 98), (101, 99), (200, 197)])
def test_gap_that_99_of_100_stay_under_is_the_last_but_one_of_a_hundred(count, place):
    gaps = tuple(number / 100 for number in range(count))
    assert latency.inter_chunk_p99(timed({"gaps": gaps}, {"gaps": gaps})).subject == f"{place * 10} ms"


def test_stalls_are_counted_on_both_sides_and_match_where_both_stall():
    both = latency.stalls(timed({"gaps": (0.1, 2.0)}, {"gaps": (0.1, 2.0, 3.0, 4.0, 5.0)}))
    assert parts(both) == ("stalls", "match", 0.25, "1", "4", "")
    one = latency.stalls(timed({"gaps": (0.1, 0.2)}, {"gaps": (0.1, 2.0)}))
    assert parts(one) == ("stalls", "differ", 0.0, "0", "1", "0 stalls of 2 s or more against 1")
    assert parts(latency.stalls(timed({}, {}))) == ("stalls", "match", 1.0, "0", "0", "")


def test_times_of_a_stream_and_of_a_whole_body_are_shown_and_not_compared():
    for comparator, one in ((latency.first_chunk, "100 ms"), (latency.first_token, "200 ms"), (latency.inter_chunk, "20 ms")):
        found = comparator(pair(answer("a", stream=False), answer("b", times=timing(first_chunk=0.1, gaps=(0.3,)))))
        assert found.state is FindingState.NOT_COMPARABLE
        assert found.reason == "one answer is a stream and the other is not"
        assert found.subject == one
    assert latency.inter_chunk(pair(answer("a", stream=False), answer("b", times=timing(gaps=(0.3,))))).reference == "300 ms"


def test_cached_tokens_are_counted_on_both_sides_and_missing_counts_are_named():
    found = latency.cached_tokens(pair(cached(0), cached(64)))
    reason = "0 prompt tokens from a cache against 64: times to the first token are not alike"
    assert parts(found) == ("cached_tokens", "differ", 0.0, "0", "64", reason)
    assert parts(latency.cached_tokens(pair(cached(32), cached(64)))) == ("cached_tokens", "match", 0.5, "32", "64", "")
    for one, other, who in (
        ("a", cached(0), "the provider"),
        (cached(0), "b", "the reference"),
        ("a", "b", "the provider and the reference"),
        (answer(completion(choice("a"), tokens=None)), cached(1), "the provider"),
    ):
        assert latency.cached_tokens(pair(one, other)).reason == f"{who} reports no cached_tokens"


@pytest.mark.parametrize("comparator", [latency.first_chunk, latency.first_token, latency.first_content])
def test_early_times_of_a_cached_prompt_are_shown_and_not_compared(comparator):
    both = pair(cached(64, first_content=0.4), cached(0, first_content=0.4))
    found = comparator(both)
    assert (found.state, found.reason) == (
        FindingState.NOT_COMPARABLE,
        "the provider took a part of the prompt from a cache",
    )
    assert found.subject == found.reference != ""
    assert latency.inter_chunk(both).state is FindingState.MATCH
    unknown = answer(completion(choice("a"), tokens=None), times=timing(first_content=0.4))
    assert comparator(pair(unknown, cached(0, first_content=0.4))).state is FindingState.MATCH
    assert comparator(pair(unknown, cached(1, first_content=0.4))).state is FindingState.NOT_COMPARABLE


def test_rates_are_stated_with_one_decimal_on_either_side():
    found = latency.tokens_per_second(timed({"rate": 20.04}, {"rate": 50.1}))
    reason = "20.0 tokens per second against 50.1: beyond 2x"
    assert parts(found) == ("tokens_per_second", "differ", pytest.approx(0.4), "20.0/s", "50.1/s", reason)
