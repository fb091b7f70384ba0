"""Sentences of verdicts that no other test reads."""

from dataclasses import replace

import pytest

from shadow.drift.excess_estimates import SignalOutcome
from shadow.drift.state_transitions import DriftState
from shadow.verdict.evidence import DriftEvidence, EvidenceSide, Shortfall
from shadow.verdict.verdict_rule import decide
from shadow.verdict.verdict_sentences import sentence
from tests.verdicts import FULL, check, evidence, signal

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


@pytest.mark.parametrize(
    ("pairs", "smallest", "why"),
    [
        (19, 0.5, "too few pairs (19, at least 20 needed)"),
        (20, 0.5, "too few pairs to detect anything smaller than a breakdown (kind of answer, 20 pairs)"),
    ],
)
def test_from_twenty_pairs_on_what_they_could_detect_is_what_is_missing(pairs, smallest, why):
    assert decide(evidence(signal(pairs=pairs, smallest=smallest))).sentence == f"undecided: {why}"


def test_what_a_provider_refused_is_stated_where_errors_are_one_of_its_differences():
    coverage = replace(FULL, refusal="the provider refused 5 of its newest 5 requests")
    rows = [signal(name, SignalOutcome.DRIFTS, excess=0.5) for name in ("error", "arguments")]
    assert decide(evidence(*rows, coverage=coverage)).sentence.endswith("; the provider refused 5 of its newest 5 requests")


def test_faults_of_which_one_is_compared_with_the_reference_are_parted_by_semicolons():
    alone = check("usage", named=False, beyond_threshold=True, phrase="usage: seen in 42 % of 100 answers")
    assert decide(evidence(checks=(check(), alone))).sentence == (
        "gives faulty answers more often than its reference: lost spaces: 40 of 90 conversations; "
        "usage: seen in 42 % of 100 answers"
    )


def test_a_suspicion_of_several_grounds_is_stated_by_the_first_of_them():
    drift = DriftEvidence(route="default", state=DriftState.SUSPECT)
    near = signal("arguments", SignalOutcome.WITHIN, excess=0.015, low=0.01, high=0.02)
    assert decide(evidence(near, drift=(drift,))).sentence == (
        "a difference from its reference is suspected: drift, sends different tool arguments 1.5 points [1 to 2] more often"
    )


@pytest.mark.parametrize(("smallest", "points"), [(0.002, "3 points"), (0.05, "5 points")])
def test_an_agreement_within_the_tolerance_claims_no_less_than_the_tolerance(smallest, points):
    near = signal(pairs=900, smallest=smallest, low=-0.01, high=0.01, provider_odd=3, reference_odd=4)
    assert decide(evidence(near)).sentence == (
        f"differs from its reference no more than the reference differs from itself; an excess of {points} or more in kind of "
        "answer, present throughout, would show in four of five such reports (900 pairs, 7 of them noise)"
    )


@pytest.mark.parametrize(("count", "more"), [(3, ""), (4, " and 1 more"), (6, " and 3 more")])
def test_three_reasons_are_printed_and_the_others_counted(count, more):
    rows = [check(f"check {place}", phrase=f"fault {place}") for place in range(count)]
    assert decide(evidence(checks=tuple(rows))).sentence.endswith(f": fault 0; fault 1; fault 2{more}")


def test_a_request_and_a_pair_are_counted_in_the_singular():
    waiting = replace(FULL, requests=1, asked=0, compared=0)
    assert decide(replace(evidence(), signals=(), coverage=waiting)).sentence.endswith("(1 request so far)")


@pytest.mark.parametrize(
    ("agrees", "words"),
    [(False, "no difference seen"), (True, "differs from its reference no more than the reference differs from itself")],
)
def test_without_a_size_that_would_show_the_sentence_claims_none(agrees, words):
    quiet = decide(evidence())
    for found in (None, replace(quiet.power, smallest=None)):
        assert sentence(replace(quiet, power=found), agrees=agrees) == words
