from __future__ import annotations

import dataclasses

from shadow.studies.expected import CAST, REFERENCE, SIGNS, WORDS, surprises
from shadow.views.figures import Card, Report, SignalLine, Standing
from shadow.views.timing import LatencyLine


def line(signal):
    return SignalLine(
        signal=signal,
        pairs=200,
        mismatch=0.4,
        noise=0.1,
        excess=0.3,
        low=0.2,
        high=0.4,
        p=1e-9,
        p_holm=1e-8,
        provider_odd=70,
        reference_odd=10,
        smallest=0.05,
        verdict="drifts",
    )


def card(provider, standing, *signals):
    return Card(
        provider=provider,
        reference=REFERENCE,
        model="m",
        pairs=200,
        requests=200,
        standing=standing,
        sentence="words",
        signals=tuple(map(line, signals)),
        checks=(),
        gaps=(),
        reasons=(),
    )


def slow(ratio):
    return LatencyLine(
        provider="slow", role="provider", measure="first_token", answers=9, p50=0.4, p95=0.5, reference=REFERENCE, ratio=ratio
    )


CARDS = {
    "faithful": card("faithful", Standing.NONE_SEEN),
    "slow": card("slow", Standing.AGREES),
    "toolbreaker": card("toolbreaker", Standing.DIFFERS, "trigger"),
    "spacer": card("spacer", Standing.DIFFERS, "text"),
}


def report(ratio=4.0, **changed):
    cards = {**CARDS, **changed}
    return Report(since=0, until=1, cards=tuple(filter(None, cards.values())), latency=(slow(ratio),), traffic=())


def test_a_right_scorecard_has_no_surprise():
    assert surprises(report()) == []


def test_a_false_alarm_is_a_surprise():
    (sentence,) = surprises(report(faithful=card("faithful", Standing.DIFFERS, "text")))
    assert sentence.startswith("faithful is called different")


def test_a_fault_that_is_missed_is_a_surprise():
    (sentence,) = surprises(report(spacer=card("spacer", Standing.NONE_SEEN)))
    assert sentence.startswith("spacer is different and was not found")


def test_a_fault_that_is_found_by_the_wrong_signal_is_a_surprise():
    (sentence,) = surprises(report(toolbreaker=card("toolbreaker", Standing.DIFFERS, "text")))
    assert "by text, not by" in sentence


def test_too_few_pairs_are_a_surprise():
    (sentence,) = surprises(report(faithful=dataclasses.replace(CARDS["faithful"], standing=Standing.TOO_FEW)))
    assert "--seconds" in sentence


def test_a_provider_that_is_missing_is_a_surprise():
    assert surprises(report(toolbreaker=None)) == ["toolbreaker was not compared at all"]


def test_a_slow_one_that_is_not_seen_to_be_slow_is_a_surprise():
    assert surprises(report(ratio=1.0)) == ["slow is not seen to be slow"]


def test_every_player_has_its_words_and_every_faulty_one_its_signs():
    assert set(WORDS) == set(CAST)
    assert set(SIGNS) < set(CAST)
