"""An alarm held by several tests: what ends it, what an operator may accept, and in which order they are stated."""

import pytest

from shadow.drift.alarm_budget import PROVIDER, REFERENCE, AlertBudget
from shadow.drift.alarm_state import AlarmState, NotAcknowledgedError
from shadow.drift.change_point import EvaluatedPair, estimate
from shadow.drift.state_transitions import AckAction, DriftState, Latch

ONE, OTHER = ("answer_kind", PROVIDER), ("refusal_rate", REFERENCE)


def rows(values):
    return [
        EvaluatedPair(pair_id=f"p{number}", started=float(number), conversation="", kind="", payoff=value)
        for number, value in enumerate(values)
    ]


def latched(key, *, pairs=500, evidence=1.0, mended=False):
    found = estimate(rows([key[1]] * 10), direction=key[1], tolerance=0.02)
    return Latch(key=key, pair_id="p9", at=9.0, evidence=evidence, estimate=found, baseline=0.0, pairs=pairs, mended=mended)


def alarmed(*latches):
    alarm = AlarmState(AlertBudget())
    alarm.state = DriftState.DRIFT
    alarm.latches = {latch.key: latch for latch in latches}
    return alarm


def accept(alarm, values=(1, 0) * 250):
    return alarm.acknowledge(AckAction.ACCEPT, 7.0, lambda _: rows(values))


@pytest.mark.parametrize(("pairs", "accepted"), [((500, 499), False), ((499, 500), False), ((500, 500), True)])
def test_a_difference_is_accepted_once_each_test_that_alarmed_has_500_pairs(pairs, accepted):
    alarm = alarmed(latched(ONE, pairs=pairs[0]), latched(OTHER, pairs=pairs[1]))
    if accepted:
        assert accept(alarm).new is DriftState.OK
        return
    with pytest.raises(NotAcknowledgedError, match=r"^499 pairs were compared since the alarm: 500 are needed"):
        accept(alarm)
    assert alarm.state is DriftState.DRIFT


def test_what_is_accepted_is_the_upper_end_of_the_excess_of_the_pairs_since_the_alarm():
    alarm = alarmed(latched(ONE))
    accept(alarm, [1] * 1_000 + [1, 0] * 250)
    assert alarm.group_tests.tests[ONE].baseline == pytest.approx(0.544, abs=0.001)
    assert (alarm.latches, alarm.group_tests.tests[OTHER].baseline) == ({}, 0.0)


def test_of_a_difference_that_turned_around_nothing_is_accepted():
    alarm = alarmed(latched(ONE))
    accept(alarm, [-1] * 500)
    assert alarm.group_tests.tests[ONE].baseline == 0.0


@pytest.mark.parametrize(
    ("mended", "state"),
    [((True, False), DriftState.DRIFT), ((False, True), DriftState.DRIFT), ((True, True), DriftState.RECOVERED)],
)
def test_an_alarm_recovers_once_each_of_its_tests_did(mended, state):
    alarm = alarmed(latched(ONE, mended=mended[0]), latched(OTHER, mended=mended[1]))
    alarm.add("next", 10.0, [("text", 0)], lambda _: rows([1]))
    assert alarm.state is state


def test_the_tests_past_the_threshold_are_listed_the_strongest_first():
    for latches in ((latched(ONE, evidence=1.0), latched(OTHER, evidence=3.0)), (latched(OTHER, evidence=3.0), latched(ONE))):
        change = alarmed(*latches).acknowledge(AckAction.FIXED, 7.0, lambda _: ())
        assert [(key, evidence) for key, evidence, _ in change.tests] == [(OTHER, 3.0), (ONE, 1.0)]
        assert (change.at, change.old, change.new) == (7.0, DriftState.DRIFT, DriftState.OK)


def test_a_pair_counts_for_the_latches_of_its_signals_alone():
    alarm = alarmed(latched(ONE), latched(OTHER))
    alarm.add("next", 10.0, [("answer_kind", 1)], lambda _: rows([1]))
    assert (alarm.latches[ONE].pairs, alarm.latches[OTHER].pairs) == (501, 500)


def test_without_an_alarm_there_is_no_difference_to_accept():
    with pytest.raises(NotAcknowledgedError, match=r"^the state is ok: there is no difference to accept$"):
        accept(AlarmState(AlertBudget()))
