"""Which groups an acknowledgement is for, and what its results state."""

import pytest

from shadow.drift.excess_estimates import GroupKey
from shadow.drift.state_transitions import AckAction, Acknowledgement, AckOutcome, DriftState
from storage.rows import PairGroup
from tests.shadow.judging.test_judge import JudgeRun, fill

KEYS = [
    GroupKey("default", "m", "p", "r"),
    GroupKey("second", "m", "p", "r"),
    GroupKey("default", "n", "p", "r"),
    GroupKey("default", "m", "q", "r"),
    GroupKey("default", "m", "p", "s"),
]


def alarmed(store, states=()):
    """A judge whose groups have an alarm, or these states."""
    for number, key in enumerate(KEYS):
        group = PairGroup(route=key.route, model=key.model, provider=key.provider, reference=key.reference)
        fill(store, [0], prefix=f"{number}", group=group)
    run = JudgeRun(store).all()
    for key, state in zip(KEYS, states or [DriftState.DRIFT] * len(KEYS), strict=True):
        run.judge.groups[key].alarm.state = state
    return run


def acknowledged(run, **named):
    """The places of the groups whose alarm was acknowledged, after which they have an alarm again."""
    run.judge.acknowledge(Acknowledgement(answer=AckAction.FIXED, **named), 5.0)
    groups = run.judge.groups
    found = [place for place, key in enumerate(KEYS) if groups[key].alarm.state is DriftState.OK]
    for key in KEYS:
        groups[key].alarm.state = DriftState.DRIFT
    return found


def test_each_name_that_is_given_must_be_the_groups_own(sqlite_store):
    run = alarmed(sqlite_store)
    cases = [
        ({}, [0, 1, 2, 3, 4]),
        ({"route": "second"}, [1]),
        ({"model": "n"}, [2]),
        ({"provider": "q"}, [3]),
        ({"reference": "s"}, [4]),
        ({"provider": "p", "reference": "r"}, [0, 1, 2]),
        ({"provider": "q", "model": "n"}, []),
        ({"upstream": "x"}, []),
        ({"provider": "p", "measure": "token"}, []),
        ({"provider": "p", "exact": True}, []),
        ({"route": "default", "model": "m", "provider": "p", "reference": "r", "exact": True}, [0]),
    ]
    assert [(names, acknowledged(run, **names)) for names, _ in cases] == cases


@pytest.mark.parametrize("state", [DriftState.OK, DriftState.SUSPECT])
def test_a_group_without_an_alarm_has_nothing_to_acknowledge(sqlite_store, state):
    run = alarmed(sqlite_store, [state] * len(KEYS))
    [result] = run.judge.acknowledge(Acknowledgement(answer=AckAction.FIXED), 5.0)
    assert (result.sentence, result.outcome, result.done) == ("no matching group has an alarm", AckOutcome.UNFIT, False)


def test_a_group_that_recovered_may_be_called_fixed(sqlite_store):
    run = alarmed(sqlite_store, [DriftState.RECOVERED, *[DriftState.OK] * 4])
    [result] = run.judge.acknowledge(Acknowledgement(answer=AckAction.FIXED), 5.0)
    assert (result.sentence, result.outcome) == ("p, m, route default: fixed, the state is ok now", AckOutcome.DONE)
    [alarm] = run.judge.take_alarms()
    assert (alarm.at, alarm.new) == (5.0, "ok")


def test_results_stand_in_the_order_of_the_names_of_their_groups(sqlite_store):
    found = alarmed(sqlite_store).judge.acknowledge(Acknowledgement(answer=AckAction.FIXED, model="m"), 5.0)
    assert [each.sentence.partition(":")[0] for each in found] == [
        "p, m, route default",
        "p, m, route default",
        "q, m, route default",
        "p, m, route second",
    ]
