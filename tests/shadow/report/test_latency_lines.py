"""Times beside the reference's, and paces, from a real store."""

from dataclasses import replace

import pytest

from shadow.judging.pace_judge import PaceJudge
from shadow.report.build_report import build
from shadow.report.latency_lines import latency_lines, pace_lines, repeatable_choice
from storage.judgement_rows import JudgementBatch, PairTimes
from storage.rows import PairGroup
from tests.most_rows import MostRows
from tests.records import NOW, add_live, add_pair
from tests.shadow.judging.test_pace_judge import live


@pytest.mark.slow
def test_slow_provider_is_compared_with_its_reference_on_the_same_requests(store):
    for number in range(120):
        add_pair(store, "slow", "Hello", "Hello", seconds=1.0 + number % 3, started=NOW + number * 60)
    for _ in range(200):
        add_live(store, "slow", seconds=60.0)  # no other provider was asked: no ratio goes by these
    assert store.flush(20)
    report = build(store, 0.0, 0.0)
    line = next(line for line in report.latency if (line.provider, line.measure) == ("slow", "seconds"))
    assert (line.reference, line.answers, line.pairs, line.p50) == ("official", 320, 120, 60.0)
    assert line.ratio == pytest.approx(4.0)
    assert line.ratio_low <= line.ratio <= line.ratio_high
    assert line.p95_low <= line.p95_ratio <= line.p95_high
    assert line.paired_low < line.paired < line.paired_high
    assert not report.drifted


def test_the_reference_has_a_line_of_its_own_and_no_ratio(store):
    add_pair(store, "p", "Hello", "Hello")
    assert store.flush(20)
    line = next(line for line in latency_lines(store, 0.0, 0.0) if (line.provider, line.measure) == ("official", "seconds"))
    assert (line.role, line.ratio, line.pairs, line.paired) == ("reference", None, 0, None)


def test_rebuilt_report_is_the_same(store):
    for number in range(60):
        add_pair(store, "p", "Hello", "Hello", seconds=1.0 + number % 7, started=NOW + number * 100)
    assert store.flush(20)
    assert latency_lines(store, 0.0, 0.0) == latency_lines(store, 0.0, 0.0)
    assert repeatable_choice("a")(5) == repeatable_choice("a")(5)


def test_a_pace_is_a_line_with_since_when_while_it_is_slower(store):
    live(store, 40, 2.0)
    judgements = store.judgements
    assert judgements.claim("me", 0.0, 1e9)
    PaceJudge(judgements, "me", slo=1.0, most=9).step()
    slow, learning = pace_lines(store)
    assert (slow.measure, slow.tempo, slow.limit, slow.since, slow.share) == ("first_token", "slower", 1.0, 10 * 300.0, 1.0)
    assert (learning.measure, learning.tempo, learning.limit, learning.since) == ("token", "learning", None, None)
    assert not build(store, 0.0, 0.0).drifted, "speed is no drift"


def test_a_pace_that_cannot_be_read_is_left_out(store):
    live(store, 2, 0.5)
    judgements = store.judgements
    assert judgements.claim("me", 0.0, 1e9)
    PaceJudge(judgements, "me", slo=1.0, most=9).step()
    judgements.record("me", JudgementBatch(paces=[replace(row, snapshot="{") for row in judgements.paces()]))
    assert pace_lines(store) == ()


class Timed:
    """A store with times alone."""

    def __init__(self, rows=(), pairs=(), paces=()):
        self.judgements, self._rows, self._pairs, self._paces = self, rows, pairs, paces

    def latencies(self, *_period):
        return self._rows

    def pair_times(self, *_period):
        return self._pairs

    def paces(self):
        return self._paces


def times(provider, role, *seconds, measure="seconds"):
    return [(provider, "m", role, measure, each) for each in seconds]


def both(one, other, reference="r", provider="p"):
    """A pair whose answers took so many seconds; nothing else of it was measured."""
    group = PairGroup(route="", model="m", provider=provider, reference=reference)
    return PairTimes(group=group, started=0.0, first_chunk=(None, None), first_token=(one, None), seconds=(one, other))


def test_times_are_by_side_and_measure_and_those_of_greedy_pairs_are_left_out():
    rows = [
        *times("p", "primary", 1.0, 3.0),
        *times("p", "candidate", 2.0),
        *times("p", "greedy", 90.0),
        *times("r", "shadow", 4.0),
        *times("r", "control", 6.0),
        *times("p", "primary", 0.5, measure="first_token"),
    ]
    found = latency_lines(Timed(rows), 0.0, 0.0)
    assert [(line.provider, line.role, line.measure, line.answers, line.p50) for line in found] == [
        ("p", "provider", "first_token", 1, 0.5),
        ("p", "provider", "seconds", 3, 2.0),
        ("r", "reference", "seconds", 2, 5.0),
    ]
    assert {(line.reference, line.pairs, line.ratio, line.p95_ratio, line.paired) for line in found} == {
        ("", 0, None, None, None)
    }


def test_the_95th_percentile_stands_beside_the_median():
    (line,) = latency_lines(Timed(times("p", "primary", *map(float, range(1, 101)))), 0.0, 0.0)
    assert (line.p50, 94.0 <= line.p95 <= 96.0) == (50.5, True)


def test_a_provider_has_a_line_for_each_reference_and_its_figures():
    pairs = [*[both(2.0, 1.0, "a")] * 3, *[both(3.0, 1.0, "b")] * 2, both(9.0, None, "a"), both(5.0, 1.0, "a", "q")]
    rows = [*times("p", "primary", 1.0), *times("p", "shadow", 1.0), *times("p", "primary", 1.0, measure="first_token")]
    found = latency_lines(Timed(rows, pairs), 0.0, 0.0)
    assert [(line.role, line.measure, line.reference, line.pairs, line.ratio) for line in found] == [
        ("provider", "first_token", "", 0, None),
        ("provider", "seconds", "a", 3, pytest.approx(2.0)),
        ("provider", "seconds", "b", 2, pytest.approx(3.0)),
        ("reference", "seconds", "", 0, None),
    ]
    assert (found[1].p95_ratio, found[1].paired) == (pytest.approx(2.0), pytest.approx(2.0))
    assert (found[1].ratio_low, found[1].p95_high, found[1].paired_low) == (None, None, None)


def test_the_newest_two_thousand_pairs_are_compared():
    pairs = [*[both(2.0, 1.0)] * 2_000, *[both(9.0, 1.0)] * 5_000]
    (line,) = latency_lines(Timed(times("p", "primary", 1.0), pairs), 0.0, 0.0)
    assert (line.pairs, line.ratio) == (2_000, pytest.approx(2.0))


def test_of_a_long_period_the_times_of_the_newest_answers_and_pairs_alone_are_read(sqlite_store):
    reader = MostRows(sqlite_store)
    assert latency_lines(reader, 0.0, NOW) == ()
    assert reader.most == {"latencies": [50_000], "pair_times": [50_000]}
