import random
from itertools import product

import pytest

from shadow.drift.change_point import ChangePoint
from shadow.drift.state_transitions import TRANSITIONS, DriftEvent, DriftState, Latch, next_state
from tests.shadow.drift.leaning import payoffs

FOUND = ChangePoint(
    place=0, pairs=100, odd=10, since=0, earliest=0, latest=0, size=0.1, low=0, high=1, before=0, segments=(), pair_ids=()
)


def latch(size=0.1):
    found = ChangePoint(**{**{name: getattr(FOUND, name) for name in ChangePoint.__slots__}, "size": size})
    return Latch(key=("answer_kind", 1), pair_id="a", at=0, evidence=0.1, estimate=found)


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
