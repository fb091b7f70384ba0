import random

import pytest

from shadow.drift.alarm_budget import PROVIDER, REFERENCE, AlertBudget
from shadow.drift.alarm_state import REFERENCES_OWN, AlarmState, NotAcknowledgedError
from shadow.drift.state_transitions import AckAction, DriftState
from tests.shadow.drift.leaning import Drive, payoffs

pytestmark = pytest.mark.slow


@pytest.fixture
def draw():
    return random.Random(11)


def drifted(draw, **named):
    """An alarm state with an alarm after 3,000 good pairs."""
    drive = Drive(AlarmState(AlertBudget()), **named)
    drive.feed(payoffs(draw, 3_000))
    while drive.alarm.state is not DriftState.DRIFT:
        drive.feed(payoffs(draw, 1, excess=0.3))
    return drive


def test_a_faithful_provider_stays_ok(draw):
    drive = Drive(AlarmState(AlertBudget()))
    drive.feed(payoffs(draw, 20_000))
    assert DriftState.DRIFT not in {change.new for change in drive.changes}


def test_a_change_is_suspected_then_found_dated_and_held(draw):
    drive = drifted(draw)
    assert [(change.old, change.new) for change in drive.changes][-2:] == [
        (DriftState.OK, DriftState.SUSPECT),
        (DriftState.SUSPECT, DriftState.DRIFT),
    ]
    (key, evidence, found), *_ = drive.changes[-1].tests
    assert key == ("answer_kind", PROVIDER)
    assert evidence >= 0
    assert abs(found.since - 3_001) < 60
    assert drive.changes[-1].name == drive.alarm.name == "answer_kind"
    drive.feed(payoffs(draw, 500, excess=0.3))
    assert drive.alarm.state is DriftState.DRIFT


@pytest.mark.parametrize("at_once", [2, 40, 400])
def test_change_is_never_before_the_dates_it_rests_on_where_pairs_ran_at_once_and_ended_in_another_order(draw, at_once):
    drive = drifted(draw, started=lambda number: number + draw.uniform(0, at_once))
    drive.feed(payoffs(draw, 2_000))
    moments = [change.at for change in drive.changes]
    assert moments == sorted(moments)
    dated = [(change.at, found) for change in drive.changes for *_, found in change.tests]
    assert dated
    for at, found in dated:
        assert found.earliest <= found.since <= found.latest <= at


def test_group_recovers_after_the_fix_and_its_tests_restart(draw):
    drive = drifted(draw)
    changes = drive.feed(payoffs(draw, 2_000))
    assert [(change.old, change.new, change.name) for change in changes][:1] == [
        (DriftState.DRIFT, DriftState.RECOVERED, "answer_kind")
    ]
    assert not drive.alarm.latches
    assert drive.alarm.name == ""
    while drive.alarm.state is not DriftState.DRIFT:
        drive.feed(payoffs(draw, 1, excess=0.3))


def test_fixed_restarts_the_tests_at_once(draw):
    drive = drifted(draw)
    change = drive.alarm.acknowledge(AckAction.FIXED, 1.0, drive.look_back)
    assert (change.old, change.new) == (DriftState.DRIFT, DriftState.OK)
    assert not drive.alarm.group_tests.tests["answer_kind", PROVIDER].suspects
    assert drive.alarm.acknowledge(AckAction.FIXED, 1.0, drive.look_back) is None


def test_an_alarm_of_499_pairs_cannot_be_accepted_and_one_of_500_can(draw):
    drive = drifted(draw)
    drive.feed(payoffs(draw, 499, excess=0.3))
    with pytest.raises(NotAcknowledgedError, match="499 pairs"):
        drive.alarm.acknowledge(AckAction.ACCEPT, 1.0, drive.look_back)
    assert drive.alarm.state is DriftState.DRIFT


def test_what_was_accepted_never_alarms_again_and_what_is_worse_does(draw):
    drive = drifted(draw)
    drive.feed(payoffs(draw, 500, excess=0.3))
    assert drive.alarm.acknowledge(AckAction.ACCEPT, 1.0, drive.look_back).new is DriftState.OK
    assert 0.3 <= drive.alarm.group_tests.tests["answer_kind", PROVIDER].baseline < 0.42
    drive.feed(payoffs(draw, 5_000, excess=0.3))
    assert drive.alarm.state is not DriftState.DRIFT
    drive.feed(payoffs(draw, 500, excess=0.7))
    assert drive.alarm.state is DriftState.DRIFT


def test_accepting_without_an_alarm_is_refused():
    with pytest.raises(NotAcknowledgedError, match="no difference"):
        AlarmState(AlertBudget()).acknowledge(AckAction.ACCEPT, 1.0, lambda _: ())


def test_a_provider_too_close_to_the_reference_is_called_so(draw):
    drive = Drive(AlarmState(AlertBudget()))
    while drive.alarm.state is not DriftState.DRIFT:
        drive.feed([-value for value in payoffs(draw, 1, excess=0.3)])
    assert drive.alarm.name == "too_faithful"
    assert list(drive.alarm.latches) == [("answer_kind", REFERENCE)]


def test_narrower_test_close_to_the_threshold_names_the_alarm(draw):
    drive = drifted(draw, signals=("answer_kind", "refusal"))
    assert set(drive.alarm.latches) == {("answer_kind", PROVIDER)}
    assert drive.alarm.name == "refusal"


def test_name_of_an_alarm_stays_when_another_test_passes_the_threshold_later(draw):
    drive = drifted(draw, signals=("arguments",))
    assert drive.alarm.name == "arguments"
    drive.signals, drive.kept["valid_calls"] = ("arguments", "valid_calls"), []
    drive.feed(payoffs(draw, 300, excess=0.9))
    assert {("arguments", PROVIDER), ("valid_calls", PROVIDER)} <= set(drive.alarm.latches)
    assert drive.alarm.name == "arguments"


def test_a_pair_without_payoffs_changes_nothing():
    alarm = AlarmState(AlertBudget())
    assert alarm.add("a", 0.0, (), lambda _: ()) is None
    assert alarm.state is DriftState.OK


def test_the_tests_of_a_faulty_reference_are_those_of_errors_and_invalid_calls():
    assert {("error", REFERENCE), ("valid_calls", REFERENCE)} == REFERENCES_OWN
