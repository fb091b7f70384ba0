"""Sentences of verdicts that no other test reads."""

from dataclasses import replace

import pytest

from shadow.drift.excess_estimates import SignalOutcome
from shadow.drift.state_transitions import DriftState
from shadow.verdict.evidence import DriftEvidence, EvidenceSide, Shortfall
from shadow.verdict.verdict_rule import decide
from tests.verdicts import FULL, evidence, signal

NO_KEY = Shortfall(
    cause="401",
    side=EvidenceSide.REFERENCE,
    pairs=6,
    sentence="the reference refused with 401 (key) in 6",
    remedy="check its key",
)


def test_what_could_not_be_compared_is_reported_with_its_largest_cause_and_what_to_do():
    other = replace(NO_KEY, pairs=1, sentence="the reference was slow in 1", remedy="wait")
    coverage = replace(FULL, asked=6, compared=0, shortfalls=(NO_KEY, other))
    assert decide(replace(evidence(), signals=(), coverage=coverage)).sentence == (
        "not measured: none of 6 pairs could be compared; the reference refused with 401 (key) in 6; check its key"
    )


def test_reasons_beyond_the_third_are_counted():
    rows = [
        signal(name, SignalOutcome.DRIFTS, excess=size)
        for name, size in (("arguments", 0.4), ("error", 0.3), ("valid_calls", 0.2), ("text", 0.1))
    ]
    sentence = decide(evidence(*rows)).sentence
    assert sentence.count("points") == 3
    assert sentence.endswith(" and 1 more")


@pytest.mark.parametrize(("compared", "caused"), [(9, True), (10, False)])
def test_too_few_pairs_give_the_cause_where_most_could_not_be_compared(compared, caused):
    coverage = replace(FULL, asked=20, compared=compared, shortfalls=(replace(NO_KEY, pairs=20 - compared),))
    found = decide(evidence(signal(pairs=compared), coverage=coverage)).sentence
    assert found.startswith(f"undecided: too few pairs ({compared}, at least 20 needed)")
    assert found.endswith("; 9 of 20 pairs could be compared; the reference refused with 401 (key) in 6; check its key") is caused


def test_a_signal_of_the_period_that_is_in_a_drift_state_too_stands_once_with_its_date():
    drift = DriftEvidence(route="default", state=DriftState.DRIFT, name="arguments", size=0.3, since=0.0)
    verdict = decide(
        evidence(signal("arguments", SignalOutcome.DRIFTS, excess=0.4, low=0.3, high=0.5), drift=(drift,), discovered=True)
    )
    assert verdict.sentence == (
        "differs from its reference more than the reference differs from itself: "
        "sends different tool arguments 40 points [30 to 50] more often; since 1970-01-01 00:00:00 UTC"
    )


def test_a_discovery_alone_is_stated():
    assert decide(evidence(discovered=True)).sentence.endswith(": all signals together differ beyond chance")


@pytest.mark.parametrize(("asked", "stated"), [(30, False), (31, True)])
def test_the_share_that_could_be_compared_is_stated_where_it_is_less_than_half(asked, stated):
    coverage = replace(FULL, asked=asked, compared=15, shortfalls=(replace(NO_KEY, pairs=asked - 15),))
    assert (f"15 of {asked} pairs could be compared" in decide(evidence(signal(pairs=15), coverage=coverage)).sentence) is stated
