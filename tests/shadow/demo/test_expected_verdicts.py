from __future__ import annotations

import dataclasses

from shadow.demo.expected_verdicts import CAST, REFERENCE, SIGNS, WORDS, surprises
from shadow.drift.effect_estimates import SignalOutcome
from shadow.report.figures import Report, Scorecard
from shadow.report.latency_lines import LatencyLine
from shadow.verdict.verdict_rule import decide
from tests.verdicts import evidence, signal


def card(provider, *names):
    """Different by these signals; quiet without one."""
    rows = [signal(name, SignalOutcome.DRIFTS, excess=0.3) for name in names] or [signal()]
    return Scorecard(
        provider=provider,
        reference=REFERENCE,
        model="m",
        pairs=200,
        compared=200,
        requests=200,
        verdict=decide(evidence(*rows)),
        signals=(),
        checks=(),
        gaps=(),
        reasons=(),
    )


def slow(ratio):
    return LatencyLine(
        provider="slow", role="provider", measure="first_token", answers=9, p50=0.4, p95=0.5, reference=REFERENCE, ratio=ratio
    )


CARDS = {
    "faithful": card("faithful"),
    "slow": card("slow"),
    "toolbreaker": card("toolbreaker", "trigger"),
    "spacer": card("spacer", "text"),
}


def report(ratio=4.0, **changed):
    cards = {**CARDS, **changed}
    return Report(since=0, until=1, cards=tuple(filter(None, cards.values())), latency=(slow(ratio),), traffic=())


def test_a_right_scorecard_has_no_surprise():
    assert surprises(report()) == []


def test_a_false_alarm_is_a_surprise():
    (sentence,) = surprises(report(faithful=card("faithful", "text")))
    assert sentence.startswith("faithful is called different")


def test_a_fault_that_is_missed_is_a_surprise():
    (sentence,) = surprises(report(spacer=card("spacer")))
    assert sentence.startswith("spacer is different and was not found")


def test_a_fault_that_is_found_by_the_wrong_signal_is_a_surprise():
    (sentence,) = surprises(report(toolbreaker=card("toolbreaker", "text")))
    assert "by text, not by" in sentence


def undecided(name, compared):
    return dataclasses.replace(CARDS[name], compared=compared, verdict=decide(evidence(signal(pairs=compared, smallest=0.4))))


def test_a_faithful_provider_is_undecided_after_a_short_run_without_a_surprise():
    assert surprises(report(slow=undecided("slow", 20))) == []
    assert surprises(report(slow=undecided("slow", 19))) == ["slow has too few pairs (19); give it more --seconds"]


def test_a_faulty_provider_that_is_undecided_is_a_surprise():
    assert surprises(report(spacer=undecided("spacer", 86))) == ["spacer has too few pairs (86); give it more --seconds"]


def test_too_few_pairs_are_a_surprise():
    (sentence,) = surprises(report(faithful=dataclasses.replace(CARDS["faithful"], verdict=decide(evidence(signal(pairs=9))))))
    assert "--seconds" in sentence


def test_a_provider_that_is_missing_is_a_surprise():
    assert surprises(report(toolbreaker=None)) == ["toolbreaker was not compared at all"]


def test_a_slow_one_that_is_not_seen_to_be_slow_is_a_surprise():
    assert surprises(report(ratio=1.0)) == ["slow is not seen to be slow"]


def test_every_player_has_its_words_and_every_faulty_one_its_signs():
    assert set(WORDS) == set(CAST)
    assert set(SIGNS) < set(CAST)
