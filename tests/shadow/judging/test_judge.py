"""The judge over a real store: what is judged live, after a restart, and by replay is the same."""

import json
import random
import sqlite3
from contextlib import closing

import pytest

from shadow.drift.excess_estimates import GroupKey
from shadow.drift.state_snapshot import saved
from shadow.drift.state_transitions import AckAction, Acknowledgement, DriftState
from shadow.judging.judge import Judge
from shadow.settings.top_level_config import Config, DriftConfig
from storage.rows import PairGroup
from storage.store import StoreError
from tests.payoffs import GROUP, add
from tests.shadow.drift.leaning import payoffs

pytestmark = pytest.mark.slow


@pytest.fixture
def store(sqlite_store):
    """These tests read the tables of the file, and set the clock by which its lease ends."""
    return sqlite_store


KEY = GroupKey("default", "m", "p", "r")


class JudgeRun:
    """A judge, and what it published."""

    def __init__(self, store, holder="judge", *, bar=1e7, fleet_wide=False, **more):
        self.judged, self.statuses = [], []
        self.now = 0.0
        self.judge = Judge(
            store.judgements,
            holder=holder,
            pairs_per_false_alarm=bar,
            fleet_wide=fleet_wide,
            publish=self._publish,
            clock=lambda: self.now,
            **more,
        )

    def _publish(self, judged, statuses):
        self.judged += judged
        self.statuses = statuses

    def all(self, now=0.0):
        while self.judge.step(now):
            pass
        return self

    def until(self, end, *, begin=100.0):
        """Look each second, as a process does that waits for the lease."""
        for now in range(int(begin), int(end) + 1):
            self.all(float(now))
        return self

    def state(self, key=KEY):
        return self.judge.groups[key].state


def fill(store, values, *, prefix="pair", at=0.0, group=GROUP, **more):
    """One pair for each value, a second apart; flushed once."""
    for number, value in enumerate(values):
        signals = (("tools", value), ("arguments", value), ("error", 0))
        add(store, f"{prefix}-{number}", payoffs=signals, started=at + number, group=group, flush=False, **more)
    assert store.flush(30)


def drifting(seed=2, good=400, bad=150):
    draw = random.Random(seed)
    return payoffs(draw, good) + payoffs(draw, bad, excess=0.5)


def test_finish_judges_what_waits_and_releases_the_lease_to_another_judge(store):
    fill(store, [0] * (500 + 1))
    JudgeRun(store, "one").judge.finish(0.0, 20.0)
    assert JudgeRun(store, "two").all(1.0).statuses[0].pairs == 500 + 1


def test_statuses_after_a_restart_equal_those_before_it(store):
    fill(store, drifting())
    first = JudgeRun(store).all()
    assert JudgeRun(store).all().statuses == first.statuses


def test_an_empty_store_brings_no_verdict(store):
    run = JudgeRun(store).all()
    assert (run.judge.groups, run.judged, store.judgements.group_states()) == ({}, [], [])


def test_a_drift_is_found_dated_named_and_kept(store):
    fill(store, drifting(), kind="1 to 3 tools")
    run = JudgeRun(store).all()
    assert run.state() is DriftState.DRIFT
    [alarm] = store.judgements.alarms(0, 0)
    assert list(run.judge.take_alarms()) == [alarm]
    assert list(run.judge.take_alarms()) == []
    assert (alarm.old, alarm.new, alarm.name, alarm.group) == ("suspect", "drift", "arguments", GROUP)
    details = json.loads(alarm.details)
    assert not details["reference_suspected"]
    test = next(each for each in details["tests"] if each["signal"] == "arguments")
    assert abs(test["since"] - 400) < 60
    assert test["segments"][0]["kind"] == "1 to 3 tools"
    assert test["low"] <= test["size"] <= test["high"]
    assert test["pair_ids"][0].startswith("pair-")


def without_alarms(tmp_path):
    with closing(sqlite3.connect(tmp_path / "store.db")) as conn:
        conn.execute("DELETE FROM alarms")
        conn.commit()


def steps(store, values, run):
    """Judged as they come, a few at a time."""
    for first in range(0, len(values), 37):
        fill(store, values[first : first + 37], prefix=f"p{first}", at=float(first), fingerprint="")
        run().all()


def test_a_rebuild_by_replay_equals_what_was_judged_live_and_over_restarts(store, tmp_path):
    values = drifting() + payoffs(random.Random(9), 300)
    live = JudgeRun(store)
    steps(store, values, lambda: live)
    states, alarms = store.judgements.group_states(), store.judgements.alarms(0, 0)
    live_snapshot = saved(live.judge.groups[KEY])
    assert {alarm.new for alarm in alarms} == {"drift", "recovered"}
    live.judge.close()
    store.judgements.rebuild()
    without_alarms(tmp_path)
    replay = JudgeRun(store, "another").all()
    assert (store.judgements.group_states(), store.judgements.alarms(0, 0)) == (states, alarms)
    assert saved(replay.judge.groups[KEY]) == live_snapshot


FIXED, ACCEPT = Acknowledgement(answer=AckAction.FIXED), Acknowledgement(answer=AckAction.ACCEPT)


@pytest.mark.parametrize("batch", [7, 500])
@pytest.mark.parametrize("more", [0, 40])
def test_a_rebuild_by_replay_gives_the_answers_of_operators_again(store, tmp_path, monkeypatch, more, batch):
    """Fixed after one alarm, accepted after the next one, pairs before, between and after them, or none after."""
    live, draw = JudgeRun(store), random.Random(4)

    def drive(prefix, count, excess):
        fill(store, payoffs(draw, count, excess=excess), prefix=prefix, at=10.0 * len(live.judged))
        live.all()

    drive("a", 300, 0.0)
    drive("b", 200, 0.5)
    assert [each.sentence for each in live.judge.acknowledge(FIXED, 5.0)] == ["p, m, route default: fixed, the state is ok now"]
    drive("c", 750, 0.5)
    assert [each.sentence for each in live.judge.acknowledge(ACCEPT, 6.0)] == ["p, m, route default: accept, the state is ok now"]
    drive("d", more, 0.5)
    states, alarms, statuses = store.judgements.group_states(), store.judgements.alarms(0, 0), live.statuses
    live_snapshot = saved(live.judge.groups[KEY])
    assert [(alarm.new, alarm.at) for alarm in alarms if alarm.at in {5.0, 6.0}] == [("ok", 6.0), ("ok", 5.0)]
    live.judge.close()
    store.judgements.rebuild()
    without_alarms(tmp_path)
    monkeypatch.setattr("shadow.judging.judge.BATCH", batch)
    replay = JudgeRun(store, "another").all()
    assert (store.judgements.group_states(), store.judgements.alarms(0, 0)) == (states, alarms)
    assert (saved(replay.judge.groups[KEY]), replay.statuses) == (live_snapshot, statuses)
    assert store.judgements.pending_acknowledgements() == []


def test_a_rebuild_under_way_when_the_process_ends_goes_on(store):
    values = drifting()
    fill(store, values)
    live = JudgeRun(store).all()
    live.judge.acknowledge(FIXED, 5.0)
    live.judge.close()
    states = store.judgements.group_states()
    store.judgements.rebuild()
    JudgeRun(store).judge.step(0.0)
    assert JudgeRun(store).all().state() is DriftState.OK
    assert store.judgements.group_states() == states


def test_a_restart_at_any_pair_changes_nothing(store, tmp_path):
    values = drifting()
    steps(store, values, lambda: JudgeRun(store))
    restarted = store.judgements.group_states(), store.judgements.alarms(0, 0)
    store.judgements.rebuild()
    without_alarms(tmp_path)
    JudgeRun(store).all()
    assert (store.judgements.group_states(), store.judgements.alarms(0, 0)) == restarted


def test_the_memory_of_24_hours_survives_a_restart(store):
    add(store, "a", fingerprint="f", started=0.0)
    first = JudgeRun(store).all()
    assert first.judged[0][1].excluded == ()
    add(store, "b", fingerprint="f", started=1.0)
    second = JudgeRun(store).all()
    assert second.judged[0][1].excluded == ("repeated",)
    assert second.judge.groups[KEY].alarm.group_tests.pairs == 1


def test_the_memory_of_24_hours_after_a_restart_holds_older_pairs_than_the_newest(store):
    add(store, "a", fingerprint="f", started=0.0)
    add(store, "b", fingerprint="g", started=86_400.0 - 1)
    JudgeRun(store).all()
    add(store, "c", fingerprint="f", started=86_400.0 - 1)
    assert JudgeRun(store).all().judged[0][1].excluded == ("repeated",)


def test_the_memory_of_24_hours_after_a_restart_is_that_of_the_clock_that_was_corrected(store):
    add(store, "a", fingerprint="f", started=0.0)
    add(store, "ahead", fingerprint="g", started=400 * 86_400.0)
    add(store, "b", fingerprint="h", started=1.0)
    JudgeRun(store).all()
    add(store, "c", fingerprint="f", started=2.0)
    add(store, "d", fingerprint="g", started=400 * 86_400.0)
    assert [judgement.excluded for _, judgement in JudgeRun(store).all().judged] == [("repeated",), ("repeated",)]


def test_more_pairs_than_one_batch_are_taken_in_turns(store):
    fill(store, [0] * (500 + 1))
    run = JudgeRun(store)
    assert run.judge.step(0.0)
    assert not run.judge.step(0.0)
    assert len(run.judged) == 500 + 1


def test_process_without_the_lease_judges_no_pair(store):
    fill(store, [0])
    first, second = JudgeRun(store, "one"), JudgeRun(store, "two")
    first.all(100.0)
    add(store, "next")
    assert second.all(101.0).judged == []
    first.all(101.0)
    assert [entry.pair_id for entry, _ in first.judged] == ["pair-0", "next"]
    add(store, "last")
    assert [entry.pair_id for entry, _ in second.until(101.0 + 30.0).judged] == ["last"]
    assert second.judge.groups[KEY].alarm.group_tests.pairs == 3


def test_a_judge_that_lost_its_lease_stores_nothing_and_restarts_from_the_store(store):
    fill(store, [0])
    first, second = JudgeRun(store, "one").all(100.0), JudgeRun(store, "two")
    second.all(200.0)
    add(store, "next")
    first.judge.step(100.1)
    assert len(first.judged) == 1
    assert [entry.pair_id for entry, _ in second.all(200.1).judged] == ["next"]


def test_judge_that_lost_its_lease_publishes_no_group_until_it_has_the_lease_again(store):
    fill(store, drifting())
    first, second = JudgeRun(store, "one").all(100.0), JudgeRun(store, "two")
    assert [status.state for status in first.statuses] == ["drift"]
    assert [status.state for status in second.all(200.0).statuses] == ["drift"]
    assert not first.all(201.0).statuses
    assert second.statuses
    assert [status.state for status in first.until(230.0, begin=201.0).statuses] == ["drift"]


def test_judge_that_another_one_replaced_for_a_while_goes_on_from_what_that_one_stored(store):
    fill(store, [0])
    first, second = JudgeRun(store, "one").all(100.0), JudgeRun(store, "two")
    add(store, "seconds")
    second.all(200.0)
    second.judge.close()
    add(store, "next")
    first.until(205.0, begin=201.0)
    assert first.judge.groups[KEY].alarm.group_tests.pairs == 3, "the pair that the other process judged counts"
    assert [entry.pair_id for entry, _ in first.judged] == ["pair-0", "next"], "and is judged once"


def test_batch_that_was_refused_publishes_no_group(store):
    fill(store, drifting())
    first, second = JudgeRun(store, "one").all(100.0), JudgeRun(store, "two")
    second.all(200.0)
    add(store, "next")
    first.judge.step(100.1)
    assert not first.statuses, "because the other process shows them"


def test_judge_that_was_hidden_shows_its_states_again_at_the_next_step(store):
    fill(store, drifting())
    run = JudgeRun(store).all()
    run.judge.hide()
    assert not run.statuses
    assert [status.state for status in run.all(1.0).statuses] == ["drift"]


def test_step_that_took_longer_than_the_lease_shows_its_states_once_the_lease_is_renewed(store):
    fill(store, drifting())
    run = JudgeRun(store).all()
    add(store, "next")
    run.now = 30.0
    run.all()
    assert not run.statuses, "because another process may show them"
    run.judge.renew(30.0)
    assert [status.state for status in run.all(30.0).statuses] == ["drift"]


def test_judge_renews_its_lease_while_no_step_runs(store):
    fill(store, [0])
    first, second = JudgeRun(store, "one").all(100.0), JudgeRun(store, "two").all(100.0)
    for now in range(101, 161):
        first.judge.renew(float(now))
        second.all(float(now))
    assert (first.judge.holds_lease(160.0), second.judge.holds_lease(160.0)) == (True, False)


def test_judge_that_released_its_lease_publishes_no_group(store):
    fill(store, drifting())
    run = JudgeRun(store).all()
    run.judge.finish(1.0, 0.0)
    assert not run.statuses


def refusing(*_, **__):
    raise StoreError("the disk is full")


def test_repr_of_a_judge_shows_its_lease_and_whether_its_state_is_current(store):
    run = JudgeRun(store, "one")
    assert repr(run.judge) == "<Judge <MirroredState stale> <JudgeLease one not held, renewed at -inf>>"
    run.all(100.0)
    assert repr(run.judge) == "<Judge <MirroredState current> <JudgeLease one held, renewed at 100.0>>"


@pytest.mark.parametrize(("later", "warnings"), [(59.0, 1), (60.0, 2), (-1.0, 2)])
def test_store_that_refuses_every_batch_is_logged_once_a_minute(store, monkeypatch, logged, later, warnings):
    fill(store, [1])
    run, written = JudgeRun(store), logged("shadow.judging.judge")

    monkeypatch.setattr(run.judge._store, "record", refusing)
    for now in (1_000.0, 1_000.0 + later):
        assert not run.judge.try_step(now)
    assert [(call.method_name, call.kwargs["error"]) for call in written] == [("warning", "the disk is full")] * warnings
    assert written[0].kwargs["event"] == "judgement_delayed"


def test_where_a_state_cannot_be_read_all_pairs_are_judged_again(store, tmp_path):
    fill(store, [1])
    JudgeRun(store).all()
    with closing(sqlite3.connect(tmp_path / "store.db")) as conn:
        conn.execute("UPDATE cases SET snapshot = '{'")
        conn.commit()
    add(store, "next")
    assert JudgeRun(store).all().judge.groups[KEY].alarm.group_tests.pairs == 2


def test_two_providers_that_leave_a_reference_at_once_put_it_under_suspicion(store):
    other = PairGroup(route="default", model="m", provider="other", reference="r")
    fill(store, drifting(), prefix="a")
    fill(store, drifting(3), prefix="b", group=other)
    JudgeRun(store).all()
    newest, oldest = store.judgements.alarms(0, 0)
    assert [json.loads(alarm.details)["reference_suspected"] for alarm in (oldest, newest)] == [False, True]


def test_fleet_wide_budget_is_shared_by_its_groups(store):
    fill(store, [0])
    fill(store, [0], prefix="b", group=PairGroup(route="default", model="m", provider="other", reference="r"))
    run = JudgeRun(store, fleet_wide=True).all()
    assert {test.budget.threshold for state in run.judge.groups.values() for test in state.alarm.group_tests.tests.values()} == {
        2e7
    }


@pytest.mark.parametrize(("fleet", "threshold"), [(0.0, 5e4), (1.0, 2.0), (3e5, 6e5)])
def test_configured_budget_is_of_each_group_until_one_of_the_whole_fleet_is_set(store, fleet, threshold):
    fill(store, [0])
    fill(store, [0], prefix="b", group=PairGroup(route="default", model="m", provider="other", reference="r"))
    config = Config(drift=DriftConfig(pairs_per_false_alarm=5e4, fleet_pairs_per_false_alarm=fleet))
    judge = Judge.configured(config, store.judgements, holder="judge", publish=lambda *_: None)
    while judge.step(0.0):
        pass
    tests = [test for state in judge.groups.values() for test in state.alarm.group_tests.tests.values()]
    assert {test.budget.threshold for test in tests} == {threshold}


def test_pairs_out_of_order_and_from_clocks_that_jump_are_judged_in_the_order_they_were_finished(store):
    for name, started in (("a", 5e8), ("b", 1.0), ("c", 9e9)):
        add(store, name, started=started)
    assert [entry.pair_id for entry, _ in JudgeRun(store).all().judged] == ["a", "b", "c"]
    assert JudgeRun(store).all().judged == []


def test_pairs_of_groups_beyond_the_limit_are_excluded_and_those_of_earlier_groups_judged(store):
    for number in range(5):
        fill(
            store,
            [0, 1],
            prefix=f"model-{number}",
            group=PairGroup(route="default", model=f"m{number}", provider="p", reference="r"),
        )
    run = JudgeRun(store, "one", groups=3).all()
    assert {key[1] for key in run.judge.groups} == {"m0", "m1", "m2"}
    assert [one.excluded for _, one in run.judged if "too_many_groups" in one.excluded] == [("too_many_groups",)] * 4
    assert len(store.judgements.group_states()) == 3
    run.judge.close()
    fill(store, [0], prefix="more", group=PairGroup(route="default", model="m1", provider="p", reference="r"))
    again = JudgeRun(store, "two", groups=3).all()
    assert {status.group[1]: status.pairs for status in again.statuses} == {"m0": 2, "m1": 3, "m2": 2}


def beside(store, count, excess, *, at, prefix, seed):
    """Pairs of three providers in turn, a second apart; those named lean by `excess`."""
    draw = random.Random(seed)
    for number in range(count):
        for name in ("p", "q", "s"):
            group = PairGroup(route="default", model="m", provider=name, reference="r")
            values = payoffs(draw, 1, excess=excess.get(name, 0.0))
            found = (("arguments", values[0]), ("error", 0))
            add(store, f"{prefix}-{name}-{number}", payoffs=found, started=at + number, group=group, flush=False)
    assert store.flush(30)


@pytest.mark.parametrize("excess", [{"p": 0.4}, {"p": 0.4, "q": 0.4, "s": 0.4}])
def test_a_restart_at_any_pair_and_a_rebuild_come_to_the_same_blame(store, tmp_path, excess):
    """Judged a few pairs at a time by a new process each, and at once after a rebuild: states, looks and alarms are equal."""
    for first in range(0, 300, 25):
        beside(store, 25, excess if first >= 150 else {}, at=float(first), prefix=f"p{first}", seed=first)
        JudgeRun(store).all()
    states, alarms = store.judgements.group_states(), store.judgements.alarms(0, 0)
    assert {json.loads(alarm.details)["blame"] for alarm in alarms} == {"provider" if len(excess) == 1 else "reference"}
    store.judgements.rebuild()
    without_alarms(tmp_path)
    JudgeRun(store).all()
    assert (store.judgements.group_states(), store.judgements.alarms(0, 0)) == (states, alarms)


def waiting(store):
    """A judge with an alarm of p, whose only witness had its last pair before."""
    other = PairGroup(route="default", model="m", provider="q", reference="r")
    fill(store, [0] * 50, prefix="q", group=other)
    fill(store, drifting(), at=50.0)
    return JudgeRun(store).all()


def test_a_page_waits_for_the_second_look_and_goes_out_after_an_hour_without_a_pair(store, tmp_path):
    run = waiting(store)
    [first, _] = run.statuses
    assert (first.state, first.waits, store.judgements.alarms(0, 0)) == ("suspect", True, [])
    begun = run.judge.groups[KEY].look.opened
    run.all(begun + 3_599.0)
    assert store.judgements.alarms(0, 0) == []
    run.all(begun + 3_600.0)
    [alarm] = store.judgements.alarms(0, 0)
    details = json.loads(alarm.details)
    assert (alarm.new, details["blame"], run.state()) == ("drift", "not_yet_known", DriftState.DRIFT)
    assert "more pairs of q are needed" in details["blame_why"]
    states, alarms = store.judgements.group_states(), store.judgements.alarms(0, 0)
    run.judge.close()
    store.judgements.rebuild()
    without_alarms(tmp_path)
    assert JudgeRun(store, "another").all().state() is DriftState.DRIFT
    assert (store.judgements.group_states(), store.judgements.alarms(0, 0)) == (states, alarms)


def test_a_page_goes_out_where_the_clock_was_set_back_by_an_hour_after_its_alarm(store):
    run = waiting(store)
    begun = run.judge.groups[KEY].look.opened
    run.all(begun - 3_599.0)
    assert store.judgements.alarms(0, 0) == []
    run.all(begun - 3_600.0)
    [alarm] = store.judgements.alarms(0, 0)
    assert (alarm.new, run.state()) == ("drift", DriftState.DRIFT)


def test_what_the_second_look_finds_after_the_page_is_reported_then(store):
    run = waiting(store)
    run.all(run.judge.groups[KEY].look.opened + 3_600.0)
    other = PairGroup(route="default", model="m", provider="q", reference="r")
    fill(store, [0] * 100, prefix="q-more", at=700.0, group=other)
    run.all(1.0)
    newest, oldest = store.judgements.alarms(0, 0)
    assert [json.loads(alarm.details)["blame"] for alarm in (oldest, newest)] == ["not_yet_known", "provider"]
    assert (newest.old, newest.new, newest.name) == ("drift", "drift", "arguments")


def test_an_alarm_that_ends_while_its_page_waits_is_never_reported(store):
    run = waiting(store)
    fill(store, [0] * 600, prefix="fixed", at=700.0)
    run.all()
    assert run.judge.groups[KEY].alarm.state is DriftState.RECOVERED
    assert store.judgements.alarms(0, 0) == []


def test_judge_holds_its_lease_until_it_ends_unrenewed_or_is_released(store):
    run = JudgeRun(store)
    assert not run.judge.holds_lease(100.0)
    run.all(100.0)
    assert [run.judge.holds_lease(now) for now in (100.0, 129.9, 130.0)] == [True, True, False]
    run.judge.close()
    assert not run.judge.holds_lease(100.0)


def test_judge_that_another_one_followed_holds_no_lease(store):
    first, second = JudgeRun(store, "one").all(100.0), JudgeRun(store, "two").all(200.0)
    first.all(201.0)
    assert (first.judge.holds_lease(101.0), second.judge.holds_lease(201.0)) == (False, True)
