"""Which groups an acknowledgement is for, what its results state, and which judge takes none."""

import pytest

from shadow.drift.excess_estimates import GroupKey
from shadow.drift.exclusions import Exclusion
from shadow.drift.state_transitions import AckAction, Acknowledgement, AckOutcome, DriftState
from shadow.judging.judge import LeaseLostError
from storage.rows import PairGroup
from tests.conformance import exchange_record
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


def test_the_state_after_an_acknowledgement_is_the_one_that_is_shown(sqlite_store):
    run = alarmed(sqlite_store)
    for _ in range(20):
        run.judge.groups[KEYS[0]].coverage.add([Exclusion.PROVIDER_FAILED.value], judged=False)
    [result] = run.judge.acknowledge(
        Acknowledgement(answer=AckAction.FIXED, route="default", model="m", provider="p", reference="r"), 5.0
    )
    assert result.sentence == "p, m, route default: fixed, the state is not measured now"
    assert run.judge.groups[KEYS[0]].state is DriftState.NOT_MEASURED


def test_results_stand_in_the_order_of_the_names_of_their_groups(sqlite_store):
    found = alarmed(sqlite_store).judge.acknowledge(Acknowledgement(answer=AckAction.FIXED, model="m"), 5.0)
    assert [each.sentence.partition(":")[0] for each in found] == [
        "p, m, route default",
        "p, m, route default",
        "q, m, route default",
        "p, m, route second",
    ]


def slower(store, run):
    """The judge after forty blocks of five minutes with twenty streams each that all began later than its limit of a second."""
    for number in range(40 * 20):
        times = {"first_token": 2.0, "seconds": 3.0, "completion_tokens": 10}
        started = (number // 20 + 10) * 300.0 + number % 20
        store.add_exchange(exchange_record(f"slow-{number}", calls=0, checks=0, started=started, **times))
    assert store.flush(30)
    return run.all()


def test_a_pace_is_acknowledged_beside_the_groups_and_its_change_is_one_of_the_alarms_taken(sqlite_store):
    fill(sqlite_store, [0])
    run = slower(sqlite_store, JudgeRun(sqlite_store, first_token_slo=1.0))
    run.judge.groups[KEYS[0]].alarm.state = DriftState.DRIFT
    assert [alarm.new for alarm in run.judge.take_alarms()] == ["slower"]
    found = run.judge.acknowledge(Acknowledgement(answer=AckAction.FIXED), 5.0)
    assert [(each.sentence, each.done) for each in found] == [
        ("p, m, route default: fixed, the state is ok now", True),
        ("near, qwen, latency first_token: fixed", True),
    ]
    assert [(alarm.group.provider, alarm.new) for alarm in run.judge.take_alarms()] == [("p", "ok"), ("near", "steady")]
    assert [status.state for status in run.statuses] == ["ok"]


def test_a_judge_without_the_lease_takes_no_acknowledgement_and_states_where_to_send_it(sqlite_store):
    run = alarmed(sqlite_store)
    waiting = JudgeRun(sqlite_store, "another")
    with pytest.raises(LeaseLostError, match="another process judges this store: acknowledge there"):
        waiting.judge.acknowledge(Acknowledgement(answer=AckAction.FIXED), 5.0)
    assert acknowledged(run) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("slow", [False, True])
def test_an_acknowledgement_whose_write_is_refused_changes_nothing_and_shows_no_state(sqlite_store, slow):
    """Another process took the lease since the last look; `slow`: a pace is acknowledged, else a group."""
    fill(sqlite_store, [0])
    run = JudgeRun(sqlite_store, first_token_slo=1.0)
    run = slower(sqlite_store, run) if slow else run.all()
    run.judge.groups[KEYS[0]].alarm.state = DriftState.OK if slow else DriftState.DRIFT
    run.judge.take_alarms()
    assert JudgeRun(sqlite_store, "another").judge.step(100.0) is False
    with pytest.raises(LeaseLostError, match="acknowledge there"):
        run.judge.acknowledge(Acknowledgement(answer=AckAction.FIXED), 0.1)
    assert (list(run.statuses), run.judge.take_alarms(), run.judge.holds_lease(0.2)) == ([], [], False)
