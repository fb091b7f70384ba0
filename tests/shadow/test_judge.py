"""The judge over a real store: what is judged live, after a restart, and by replay is the same."""

import json
import random
import sqlite3
from contextlib import closing

import pytest

from shadow.drift.alarm import Answer, Said, State
from shadow.drift.snapshot import saved
from shadow.judge import BATCH, LEASE_SECONDS, Judge
from storage.rows import Group
from storage.store import StoreError
from tests.payoffs import GROUP, add
from tests.shadow.drift.leaning import payoffs

KEY = ("default", "m", "p", "r")


class Sitting:
    """A judge and what it tells."""

    def __init__(self, store, holder="judge", *, bar=1e7, fleet_wide=False, **more):
        self.told, self.said = [], []
        self.judge = Judge(
            store.verdicts, holder=holder, pairs_per_false_alarm=bar, fleet_wide=fleet_wide, tell=self._tell, **more
        )

    def _tell(self, rulings, statuses):
        self.told += rulings
        self.said = statuses

    def all(self, now=0.0):
        while self.judge.step(now):
            pass
        return self

    def state(self, key=KEY):
        return self.judge.cases[key].state


def fill(store, values, *, prefix="pair", at=0.0, group=GROUP, **more):
    """One pair for each value, a second apart; flushed once."""
    for number, value in enumerate(values):
        signals = (("tool_names", value), ("args", value), ("error", 0))
        add(store, f"{prefix}-{number}", payoffs=signals, started=at + number, group=group, flush=False, **more)
    assert store.flush(30)


def drifting(seed=2, good=400, bad=150):
    draw = random.Random(seed)
    return payoffs(draw, good) + payoffs(draw, bad, excess=0.5)


def test_what_waits_at_the_end_is_ruled_on_and_another_may_go_on(store):
    fill(store, [0] * (BATCH + 1))
    Sitting(store, "one").judge.finish(0.0, 20.0)
    assert Sitting(store, "two").all(1.0).said[0].pairs == BATCH + 1


def test_after_a_restart_what_was_said_is_said_again(store):
    fill(store, drifting())
    first = Sitting(store).all()
    assert Sitting(store).all().said == first.said


def test_an_empty_store_brings_no_verdict(store):
    sitting = Sitting(store).all()
    assert (sitting.judge.cases, sitting.told, store.verdicts.cases()) == ({}, [], [])


def test_a_drift_is_found_dated_named_and_kept(store):
    fill(store, drifting(), kind="1 to 3 tools")
    sitting = Sitting(store).all()
    assert sitting.state() is State.DRIFT
    [alarm] = store.verdicts.alarms(0, 0)
    assert list(sitting.judge.alarms()) == [alarm]
    assert list(sitting.judge.alarms()) == []
    assert (alarm.old, alarm.new, alarm.name, alarm.group) == ("suspect", "drift", "args", GROUP)
    details = json.loads(alarm.details)
    assert not details["reference_suspected"]
    test = next(each for each in details["tests"] if each["signal"] == "args")
    assert abs(test["since"] - 400) < 60
    assert test["segments"][0]["kind"] == "1 to 3 tools"
    assert test["low"] <= test["size"] <= test["high"]
    assert test["pair_ids"][0].startswith("pair-")


def without_alarms(tmp_path):
    with closing(sqlite3.connect(tmp_path / "store.db")) as conn:
        conn.execute("DELETE FROM alarms")
        conn.commit()


def steps(store, values, sitting):
    """Judged as they come, a few at a time."""
    for first in range(0, len(values), 37):
        fill(store, values[first : first + 37], prefix=f"p{first}", at=float(first), fingerprint="")
        sitting().all()


def test_a_rebuild_by_replay_equals_what_was_judged_live_and_over_restarts(store, tmp_path):
    values = drifting() + payoffs(random.Random(9), 300)
    live = Sitting(store)
    steps(store, values, lambda: live)
    states, alarms = store.verdicts.cases(), store.verdicts.alarms(0, 0)
    assert {alarm.new for alarm in alarms} == {"drift", "recovered"}
    live.judge.close()
    store.verdicts.rebuild()
    without_alarms(tmp_path)
    replay = Sitting(store, "another").all()
    assert (store.verdicts.cases(), store.verdicts.alarms(0, 0)) == (states, alarms)
    assert saved(replay.judge.cases[KEY]) == saved(live.judge.cases[KEY])


FIXED, ACCEPT = Said(answer=Answer.FIXED), Said(answer=Answer.ACCEPT)


@pytest.mark.parametrize("batch", [7, BATCH])
@pytest.mark.parametrize("more", [0, 40])
def test_a_rebuild_by_replay_gives_the_answers_of_operators_again(store, tmp_path, monkeypatch, more, batch):
    """Fixed after one alarm, accepted after the next one, pairs before, between and after them, or none after."""
    live, draw = Sitting(store), random.Random(4)

    def drive(prefix, count, excess):
        fill(store, payoffs(draw, count, excess=excess), prefix=prefix, at=10.0 * len(live.told))
        live.all()

    drive("a", 300, 0.0)
    drive("b", 200, 0.5)
    assert live.judge.acknowledge(FIXED, 5.0) == ["p, m, route default: fixed, the state is ok now"]
    drive("c", 750, 0.5)
    assert live.judge.acknowledge(ACCEPT, 6.0) == ["p, m, route default: accept, the state is ok now"]
    drive("d", more, 0.5)
    states, alarms, told = store.verdicts.cases(), store.verdicts.alarms(0, 0), live.said
    assert [(alarm.new, alarm.at) for alarm in alarms if alarm.at in {5.0, 6.0}] == [("ok", 6.0), ("ok", 5.0)]
    live.judge.close()
    store.verdicts.rebuild()
    without_alarms(tmp_path)
    monkeypatch.setattr("shadow.judge.BATCH", batch)
    replay = Sitting(store, "another").all()
    assert (store.verdicts.cases(), store.verdicts.alarms(0, 0)) == (states, alarms)
    assert (saved(replay.judge.cases[KEY]), replay.said) == (saved(live.judge.cases[KEY]), told)
    assert store.verdicts.answers() == []


def test_a_rebuild_under_way_when_the_process_ends_goes_on(store):
    values = drifting()
    fill(store, values)
    live = Sitting(store).all()
    live.judge.acknowledge(FIXED, 5.0)
    live.judge.close()
    states = store.verdicts.cases()
    store.verdicts.rebuild()
    Sitting(store).judge.step(0.0)
    assert Sitting(store).all().state() is State.OK
    assert store.verdicts.cases() == states


def test_a_restart_at_any_pair_changes_nothing(store, tmp_path):
    values = drifting()
    steps(store, values, lambda: Sitting(store))
    restarted = store.verdicts.cases(), store.verdicts.alarms(0, 0)
    store.verdicts.rebuild()
    without_alarms(tmp_path)
    Sitting(store).all()
    assert (store.verdicts.cases(), store.verdicts.alarms(0, 0)) == restarted


def test_the_memory_of_24_hours_survives_a_restart(store):
    add(store, "a", fingerprint="f", started=0.0)
    first = Sitting(store).all()
    assert first.told[0][1].excluded == ()
    add(store, "b", fingerprint="f", started=1.0)
    second = Sitting(store).all()
    assert second.told[0][1].excluded == ("repeated",)
    assert second.judge.cases[KEY].watch.group.pairs == 1


def test_more_pairs_than_one_batch_are_taken_in_turns(store):
    fill(store, [0] * (BATCH + 1))
    sitting = Sitting(store)
    assert sitting.judge.step(0.0)
    assert not sitting.judge.step(0.0)
    assert len(sitting.told) == BATCH + 1


def test_one_process_judges_and_the_others_only_record(store):
    fill(store, [0])
    first, second = Sitting(store, "one"), Sitting(store, "two")
    first.all(100.0)
    add(store, "next")
    assert second.all(101.0).told == []
    first.all(101.0)
    assert [entry.pair_id for entry, _ in first.told] == ["pair-0", "next"]
    add(store, "last")
    assert [entry.pair_id for entry, _ in second.all(101.0 + LEASE_SECONDS).told] == ["last"]
    assert second.judge.cases[KEY].watch.group.pairs == 3


def test_who_lost_the_lease_keeps_nothing_and_begins_from_the_store(store):
    fill(store, [0])
    first, second = Sitting(store, "one").all(100.0), Sitting(store, "two")
    second.all(200.0)
    add(store, "next")
    first.judge.step(100.1)
    assert len(first.told) == 1
    assert [entry.pair_id for entry, _ in second.all(200.1).told] == ["next"]


def test_when_the_store_takes_nothing_the_pairs_are_judged_again(store, monkeypatch):
    fill(store, [1, 0, 1])
    sitting = Sitting(store)
    bench = sitting.judge._bench

    def full(*_):
        raise StoreError("the disk is full")

    with monkeypatch.context() as context:
        context.setattr(bench, "record", full)
        with pytest.raises(StoreError):
            sitting.judge.step(0.0)
    assert sitting.told == []
    with monkeypatch.context() as context:
        context.setattr(bench, "record", full)
        assert not sitting.judge.try_step(0.0)
    assert sitting.all().judge.cases[KEY].watch.group.pairs == 3


def test_where_a_state_cannot_be_read_all_pairs_are_judged_again(store, tmp_path):
    fill(store, [1])
    Sitting(store).all()
    with closing(sqlite3.connect(tmp_path / "store.db")) as conn:
        conn.execute("UPDATE cases SET snapshot = '{'")
        conn.commit()
    add(store, "next")
    assert Sitting(store).all().judge.cases[KEY].watch.group.pairs == 2


def test_two_providers_that_leave_a_reference_at_once_put_it_under_suspicion(store):
    other = Group(route="default", model="m", provider="other", reference="r")
    fill(store, drifting(), prefix="a")
    fill(store, drifting(3), prefix="b", group=other)
    Sitting(store).all()
    newest, oldest = store.verdicts.alarms(0, 0)
    assert [json.loads(alarm.details)["reference_suspected"] for alarm in (oldest, newest)] == [False, True]


def test_a_fleet_shares_its_false_alarms(store):
    fill(store, [0])
    fill(store, [0], prefix="b", group=Group(route="default", model="m", provider="other", reference="r"))
    sitting = Sitting(store, fleet_wide=True).all()
    assert {test.stakes.bar for case in sitting.judge.cases.values() for test in case.watch.group.tests.values()} == {2e7}


def test_pairs_out_of_order_and_from_clocks_that_jump_are_judged_in_the_order_they_were_finished(store):
    for name, started in (("a", 5e8), ("b", 1.0), ("c", 9e9)):
        add(store, name, started=started)
    assert [entry.pair_id for entry, _ in Sitting(store).all().told] == ["a", "b", "c"]
    assert Sitting(store).all().told == []


def test_groups_beyond_the_bound_are_ruled_on_and_not_judged_and_those_before_them_are(store):
    for number in range(5):
        fill(
            store, [0, 1], prefix=f"model-{number}", group=Group(route="default", model=f"m{number}", provider="p", reference="r")
        )
    sitting = Sitting(store, "one", most=3).all()
    assert {key[1] for key in sitting.judge.cases} == {"m0", "m1", "m2"}
    assert [ruling.excluded for _, ruling in sitting.told if "too_many_groups" in ruling.excluded] == [("too_many_groups",)] * 4
    assert len(store.verdicts.cases()) == 3
    sitting.judge.close()
    fill(store, [0], prefix="more", group=Group(route="default", model="m1", provider="p", reference="r"))
    again = Sitting(store, "two", most=3).all()
    assert {status.group[1]: status.pairs for status in again.said} == {"m0": 2, "m1": 3, "m2": 2}
