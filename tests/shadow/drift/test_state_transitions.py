import random
from dataclasses import replace
from itertools import product
from math import exp, log

import pytest

from shadow.drift.betting_factors import GRID, log_mean
from shadow.drift.change_point import ChangePoint
from shadow.drift.state_transitions import (
    TRANSITIONS,
    AckOutcome,
    AckResult,
    DriftEvent,
    DriftState,
    Latch,
    done_sentences,
    next_state,
)
from tests.shadow.drift.leaning import payoffs

FOUND = ChangePoint(
    place=0, pairs=100, odd=10, since=0, earliest=0, latest=0, size=0.1, low=0, high=1, before=0, segments=(), pair_ids=()
)


def latch(size=0.1, *, direction=1, baseline=0.0):
    found = replace(FOUND, size=size)
    return Latch(key=("answer_kind", direction), pair_id="a", at=0, evidence=0.1, estimate=found, baseline=baseline)


@pytest.mark.parametrize(("state", "event"), list(product(DriftState, DriftEvent)))
def test_every_event_in_every_state_follows_the_transition_table(state, event):
    assert next_state(state, event) is TRANSITIONS.get((state, event), state)


def test_drift_is_left_by_recovery_or_by_an_operator_only():
    leave = {event for event in DriftEvent if next_state(DriftState.DRIFT, event) is not DriftState.DRIFT}
    assert leave == {DriftEvent.RECOVERY, DriftEvent.FIXED, DriftEvent.ACCEPTED}


def test_recovered_provider_is_reported_within_some_hundred_pairs():
    found = latch()
    for payoff in payoffs(random.Random(1), 2_000):
        found.add(payoff)
        if found.mended:
            break
    assert 50 < found.pairs < 1_000


@pytest.mark.slow
def test_half_the_size_found_is_no_recovery():
    recoveries = 0
    for seed in range(10):
        found = latch()
        for payoff in payoffs(random.Random(seed), 5_000, excess=0.06):
            found.add(payoff)
        recoveries += found.mended
    assert recoveries == 0


def test_latch_that_recovered_stays_recovered():
    found = latch(size=1.0)
    for payoff in [0] * 100 + [1] * 100:
        found.add(payoff)
    assert found.mended


@pytest.mark.parametrize(("direction", "odd"), [(1, 2), (-1, 3)])
def test_a_latch_counts_the_pairs_since_its_alarm_and_those_that_lean_its_way(direction, odd):
    found = latch(direction=direction)
    for payoff in (1, 0, -1, 1, -1, -1, 0):
        found.add(payoff)
    assert (found.pairs, found.odd) == (7, odd)


@pytest.mark.parametrize(("size", "baseline", "bound"), [(0.1, 0.0, 0.05), (0.02, 0.0, 0.02), (0.3, 0.2, 0.22), (0.3, 0.1, 0.15)])
def test_recovery_bets_against_half_of_the_size_or_what_is_accepted_and_tolerated_if_that_is_more(size, baseline, bound):
    found = latch(size, baseline=baseline)
    found.add(0)
    mean = sum(1 + bet / 1.02 * bound for bet in GRID) / len(GRID)
    assert exp(log_mean(found.logs)) == pytest.approx(mean)


@pytest.mark.parametrize(("evidence", "mended"), [(99.9, False), (100.0, True)])
def test_a_latch_is_mended_at_an_evidence_of_100(evidence, mended):
    """A payoff of 1 against an excess of 1 changes no bet."""
    found = latch(baseline=0.98)
    found.logs = [log(evidence)] * len(GRID)
    found.add(1)
    assert found.mended is mended


@pytest.mark.parametrize(("outcome", "done"), [(outcome, outcome is AckOutcome.DONE) for outcome in AckOutcome])
def test_only_a_result_that_is_done_is_listed_as_acknowledged(outcome, done):
    results = [AckResult(sentence=f"p{number} is fixed", outcome=outcome) for number in (1, 2)]
    assert results[0].done is done
    assert done_sentences(results) == ("p1 is fixed; p2 is fixed" if done else "")
