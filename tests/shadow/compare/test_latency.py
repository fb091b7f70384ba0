import pytest

from shadow.compare import latency
from shadow.compare.finding import State
from tests.shadow.compare.made import answer, pair, timing


def timed(one, other):
    return pair(answer("a", times=timing(**one)), answer("b", times=timing(**other)))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1.0, 1.9, State.MATCH),
        (0.01, 0.05, State.MATCH),
        (1.0, 2.1, State.DIFFER),
        (2.1, 1.0, State.DIFFER),
        (0.0, 0.0, State.MATCH),
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
    assert (found.state, found.subject, found.reference) == (State.DIFFER, "200 ms", "10 ms")
    assert found.reason == "200 ms against 10 ms: beyond 2x and 50 ms"


def test_what_was_not_timed_is_not_measured_and_says_for_whom():
    assert latency.inter_chunk(timed({"gaps": ()}, {})).reason.startswith("the provider left nothing to time")
    assert latency.rate(timed({}, {"rate": None})).state is State.NOT_MEASURED
    assert latency.first_token(timed({"first_token": None}, {"first_token": None})).state is State.NOT_MEASURED


def test_a_stream_is_not_timed_against_a_whole_body_but_for_the_whole():
    both = pair(answer("a"), answer("b", stream=False))
    assert latency.first_chunk(both).state is State.NOT_COMPARABLE
    assert latency.total(both).state is State.MATCH


def test_a_rate_differs_beyond_twice():
    assert latency.rate(timed({"rate": 50}, {"rate": 26})).state is State.MATCH
    found = latency.rate(timed({"rate": 20}, {"rate": 50}))
    assert (found.state, found.score) == (State.DIFFER, 0.4)
