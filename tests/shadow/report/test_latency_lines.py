"""Times beside the reference's, and paces, from a real store."""

from dataclasses import replace

import pytest

from shadow.judging.pace_judge import PaceJudge
from shadow.report.build_report import build
from shadow.report.latency_lines import latency_lines, pace_lines, repeatable_choice
from storage.judgement_rows import JudgementBatch
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
