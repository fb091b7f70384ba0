"""Judgement kept: pairs handed out once, in the order they were finished, to the holder of the lease."""

import sqlite3
from contextlib import closing

import pytest

from storage.judgement_rows import AcknowledgementRow, AlarmRow, GroupStateRow, JudgementBatch, JudgementRow
from storage.opening import open_reader
from storage.rows import PairGroup, PayoffRow
from storage.storage_config import StorageConfig
from tests.payoffs import GROUP, add

HOUR = 3_600.0


@pytest.fixture
def bench(store):
    assert store.judgements.claim("me", 0.0, 30.0)
    return store.judgements


def ruled(bench, *rulings, states=(), alarms=(), holder="me"):
    found = [JudgementRow(no=no, reason=reason) for no, reason in rulings]
    return bench.record(holder, JudgementBatch(judgements=found, group_states=states, alarms=alarms))


def test_pairs_come_in_the_order_they_were_finished_with_what_counts(store, bench):
    add(store, "b", started=5.0, payoffs=(("action", 1), ("error", 0)), kind="no tools", excluded=("seed", "greedy_text"))
    add(store, "a", started=1.0, payoffs=(("action", -1),), fingerprint="f", conversation="c")
    one, two = bench.unjudged(0, 10)
    assert (one.pair_id, one.payoffs, one.kind) == ("b", (("action", 1), ("error", 0)), "no tools")
    assert (one.excluded, one.group) == (("seed", "greedy_text"), GROUP)
    assert (two.pair_id, two.fingerprint, two.conversation, two.started) == ("a", "f", "c", 1.0)
    assert (two.kind, two.excluded) == ("", ())
    assert [row.pair_id for row in bench.unjudged(one.no, 10)] == ["a"]
    assert [row.pair_id for row in bench.unjudged(0, 1)] == ["b"]


def test_pair_is_judged_once(store, bench):
    add(store, "a")
    [row] = bench.unjudged(0, 10)
    assert ruled(bench, (row.no, "repeated"))
    assert ruled(bench, (row.no, ""))
    assert bench.unjudged(0, 10) == []
    assert bench.recently_counted(HOUR) == []


def test_answers_are_returned_from_the_first_after_all_were_deleted(store, bench):
    add(store, "a")
    assert [row.pair_id for row in bench.unjudged(1_000, 10)] == ["a"]


def test_only_recent_pairs_that_counted_are_returned_for_the_memory_of_24_hours(store, bench):
    for name, started in (("old", 0.0), ("repeated", 90.0), ("new", 100.0), ("silenced", 95.0), ("waiting", 99.0), ("own", 97.0)):
        add(store, name, started=started)
    rows = {row.pair_id: row.no for row in bench.unjudged(0, 10)}
    ruled(bench, (rows["old"], ""), (rows["repeated"], "repeated"), (rows["new"], ""), (rows["silenced"], "caching_reference"))
    ruled(bench, (rows["own"], "same_server"))
    assert [row.pair_id for row in bench.recently_counted(50.0)] == ["new", "silenced", "own"]


def test_the_evidence_is_the_newest_of_what_counted(store, bench):
    other = PairGroup(route="default", model="n", provider="p", reference="r")
    for name in ("a", "b", "c", "d"):
        add(store, name, payoffs=(("action", 1), ("error", 0)), kind=f"kind {name}")
    add(store, "e", group=other, payoffs=(("action", 1),))
    nos = {row.pair_id: row.no for row in bench.unjudged(0, 10)}
    ruled(bench, (nos["a"], ""), (nos["b"], "repeated"), (nos["c"], "caching_reference"), (nos["d"], ""), (nos["e"], ""))
    found = bench.evidence(GROUP, "action", agreement=True, limit=10)
    assert [(row.pair_id, row.kind, row.payoff) for row in found] == [("a", "kind a", 1), ("d", "kind d", 1)]
    assert [row.pair_id for row in bench.evidence(GROUP, "error", agreement=False, limit=2)] == ["c", "d"]


def test_a_state_replaces_the_last_and_alarms_are_added(store, bench):
    first = GroupStateRow(group=GROUP, last_no=1, snapshot="one")
    alarm = AlarmRow(at=7.0, pair_id="a", group=GROUP, old="ok", new="drift", name="args", details="{}")
    assert ruled(bench, states=[first], alarms=[alarm])
    assert ruled(bench, states=[GroupStateRow(group=GROUP, last_no=2, snapshot="two")], alarms=[alarm])
    assert [(row.last_no, row.snapshot) for row in bench.group_states()] == [(2, "two")]
    assert bench.alarms(7.0, 0) == [alarm], "judged again, it stands once"
    assert bench.alarms(0.0, 7.0) == []


def test_what_an_operator_answered_waits_again_after_a_rebuild(store, bench):
    add(store, "a")
    [row] = bench.unjudged(0, 10)
    ruled(bench, (row.no, ""), states=[GroupStateRow(group=GROUP, last_no=row.no, snapshot="s")])
    assert bench.last_judged() == row.no
    assert bench.record("me", JudgementBatch(given=[AcknowledgementRow(after_no=row.no, at=5.0, answer="fixed", group=GROUP)]))
    assert bench.pending_acknowledgements() == []
    bench.rebuild()
    assert (bench.group_states(), [each.pair_id for each in bench.unjudged(0, 10)], bench.last_judged()) == ([], ["a"], 0)
    [answer] = bench.pending_acknowledgements()
    assert (answer.after_no, answer.at, answer.answer, answer.group) == (row.no, 5.0, "fixed", GROUP)
    assert bench.record("me", JudgementBatch(applied=[answer.no]))
    assert bench.pending_acknowledgements() == []


def test_a_change_of_state_waits_until_it_is_reported(bench):
    fields = {"at": 7.0, "pair_id": "a", "group": GROUP, "old": "ok", "new": "drift", "details": "{}"}
    ruled(bench, alarms=[AlarmRow(name="args", **fields), AlarmRow(name="text", **fields), AlarmRow(name="error", **fields)])
    [(first, alarm), (second, _)] = bench.pending_events(2)
    assert alarm.name == "args"
    bench.mark_sent([second])
    assert [alarm.name for _, alarm in bench.pending_events(9)] == ["args", "error"]
    bench.mark_sent([first])
    bench.discard_pending()
    assert bench.pending_events(9) == []
    assert len(bench.alarms(0, 0)) == 3


def test_a_second_judge_gets_the_lease_only_after_the_first_one_s_has_ended(store):
    bench = store.judgements
    assert bench.claim("one", 100.0, 30.0)
    assert bench.claim("one", 110.0, 30.0)
    assert not bench.claim("other", 120.0, 30.0)
    assert not ruled(bench, holder="other", states=[GroupStateRow(group=GROUP, last_no=1, snapshot="")])
    assert bench.group_states() == []
    assert bench.claim("other", 140.0, 30.0)
    assert not ruled(bench, holder="one")
    bench.release("one")
    assert not bench.claim("one", 141.0, 30.0)
    bench.release("other")
    assert bench.claim("one", 141.0, 30.0)


def test_a_clock_that_was_set_back_does_not_lock_the_judge_out(store):
    assert store.judgements.claim("one", 1e9, 30.0)
    assert store.judgements.claim("other", 1e6, 30.0)


def test_judgement_that_cannot_be_stored_changes_no_row(store, bench):
    add(store, "a")
    bad = AlarmRow(at=None, pair_id="a", group=GROUP, old="", new="", name="", details="")  # type: ignore[arg-type] # wanted
    with pytest.raises(sqlite3.IntegrityError):
        ruled(bench, (1, ""), alarms=[bad])
    assert len(bench.unjudged(0, 10)) == 1


def test_rulings_go_with_their_pairs_and_states_stay(store, bench, tmp_path):
    add(store, "a", started=0.0, kind="no tools")
    [row] = bench.unjudged(0, 10)
    ruled(bench, (row.no, ""), states=[GroupStateRow(group=GROUP, last_no=row.no, snapshot="s")])
    assert store.sweep(1e12) > 0
    with closing(sqlite3.connect(tmp_path / "store.db")) as conn:
        assert [conn.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("rulings", "trials")] == [(0,), (0,)]
    assert len(bench.group_states()) == 1


def test_a_reader_beside_the_store_sees_the_states(store, bench, tmp_path):
    ruled(bench, states=[GroupStateRow(group=GROUP, last_no=1, snapshot="s")])
    with closing(open_reader(StorageConfig(url=f"sqlite:///{tmp_path}/store.db"))) as reader:
        assert [row.snapshot for row in reader.judgements.group_states()] == ["s"]
        assert reader.judgements.alarms(0, 0) == []


def test_payoffs_of_another_format_are_refused(store):
    add(store, "a", stored=False, foreign=(PayoffRow(pair_id="else", signal="action", payoff=1),))
    assert store.judgements.unjudged(0, 10) == []
