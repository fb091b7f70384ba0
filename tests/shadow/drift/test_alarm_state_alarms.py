"""An alarm of a provider that is always the odd one: raised, named, dated and ended, pair by pair."""

import pytest

from shadow.drift.alarm_budget import PROVIDER, REFERENCE, AlertBudget
from shadow.drift.alarm_state import AlarmState
from shadow.drift.state_transitions import AckAction, DriftState
from tests.shadow.drift.leaning import Drive


def driven(signals=("answer_kind",), **named):
    return Drive(AlarmState(AlertBudget()), signals, **named)


def alarmed(signals=("answer_kind",), **named):
    """An alarm of a provider that was good for a hundred pairs."""
    drive = driven(signals, **named)
    drive.feed([0] * 100)
    while drive.alarm.state is not DriftState.DRIFT:
        drive.feed([1])
    return drive


def test_a_provider_that_is_always_the_odd_one_is_suspect_and_then_has_drifted_since_its_first_bad_pair():
    drive = alarmed()
    assert [(change.old, change.new) for change in drive.changes] == [
        (DriftState.OK, DriftState.SUSPECT),
        (DriftState.SUSPECT, DriftState.DRIFT),
    ]
    change = drive.changes[-1]
    [(key, evidence, found)] = change.tests
    assert (key, found.since, found.size, found.odd) == (("answer_kind", PROVIDER), 101.0, 1.0, drive.count - 100)
    assert (change.name, change.pair_id, change.at) == ("answer_kind", f"pair-{drive.count}", float(drive.count))
    assert evidence == drive.alarm.group_tests.tests[key].evidence >= 0
    assert repr(drive.alarm) == "<AlarmState drift [('answer_kind', 1)] failing=[]>"


def test_the_name_of_an_alarm_is_that_of_a_narrower_test_that_is_close_and_stays():
    drive = alarmed(("answer_kind", "refusal"))
    assert set(drive.alarm.latches) == {("answer_kind", PROVIDER)}
    named = drive.alarm.named
    assert (drive.alarm.name, named.key, named.pair_id) == ("refusal", ("refusal", PROVIDER), f"pair-{drive.count}")
    assert (named.at, named.evidence < 0, named.estimate.since) == (float(drive.count), True, 101.0)
    drive.feed([1] * 40)
    assert set(drive.alarm.latches) == {("answer_kind", PROVIDER), ("refusal", PROVIDER)}
    assert drive.alarm.named == named


def test_a_test_that_leans_too_little_gives_no_name():
    drive = driven(("answer_kind",))
    drive.feed([0] * 100)
    drive.signals, drive.kept["refusal"] = ("answer_kind", "refusal"), []
    drive.feed([0])
    drive.signals = ("answer_kind",)
    while drive.alarm.state is not DriftState.DRIFT:
        drive.feed([1])
    assert drive.alarm.name == "answer_kind"


def test_an_alarm_is_not_before_a_pair_that_started_later_and_ended_earlier():
    drive = alarmed(started=lambda number: 1_000.0 if number == 50 else float(number))
    assert drive.changes[-1].at == drive.alarm.named.at == 1_000.0


@pytest.mark.parametrize(("ahead", "dated"), [(3_600.0, True), (3_601.0, False), (400 * 86_400.0, False)])
def test_an_alarm_is_not_dated_by_a_clock_that_ran_more_than_an_hour_ahead(ahead, dated):
    drive = alarmed(started=lambda number: 50.0 + ahead if number == 49 else 50.0)
    assert drive.changes[-1].at == (50.0 + ahead if dated else 50.0)


def test_a_provider_that_equals_its_reference_again_has_recovered_and_may_drift_again():
    drive = alarmed()
    [recovered, *_] = drive.feed([0] * 200)
    assert (recovered.old, recovered.new, recovered.name) == (DriftState.DRIFT, DriftState.RECOVERED, "answer_kind")
    assert [key for key, *_ in recovered.tests] == [("answer_kind", PROVIDER)]
    assert (drive.alarm.latches, drive.alarm.named, drive.alarm.name) == ({}, None, "")
    drive.feed([1] * 60)
    assert drive.alarm.state is DriftState.DRIFT


def test_an_alarm_that_is_called_fixed_starts_its_tests_anew_with_the_last_pair():
    drive = alarmed()
    change = drive.alarm.acknowledge(AckAction.FIXED, 9.0, drive.look_back)
    assert (change.new, change.at, change.pair_id, change.name) == (DriftState.OK, 9.0, f"pair-{drive.count}", "answer_kind")
    fresh = AlarmState(AlertBudget()).group_tests.tests["answer_kind", PROVIDER]
    assert drive.alarm.group_tests.tests["answer_kind", PROVIDER].even == fresh.even
    assert drive.alarm.acknowledge(AckAction.FIXED, 9.0, drive.look_back) is None


@pytest.mark.parametrize("signal", ["error", "valid_calls"])
def test_a_reference_that_is_the_faulty_one_is_no_drift_and_its_test_starts_anew_once_that_is_over(signal):
    drive = driven((signal,))
    drive.feed([-1] * 60)
    assert (set(drive.alarm.failing), drive.alarm.latches) == ({(signal, REFERENCE)}, {})
    assert {change.new for change in drive.changes} == set()
    while drive.alarm.failing:
        drive.feed([0])
    fresh = AlarmState(AlertBudget()).group_tests.tests[signal, REFERENCE]
    assert drive.alarm.group_tests.tests[signal, REFERENCE].evidence < fresh.evidence + 0.1
    assert drive.alarm.state is DriftState.OK


def test_a_provider_that_is_never_the_odd_one_is_too_faithful():
    drive = driven()
    drive.feed([-1] * 60)
    assert (drive.alarm.name, list(drive.alarm.latches)) == ("too_faithful", [("answer_kind", REFERENCE)])
