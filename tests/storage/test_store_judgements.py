"""Judgement kept in both engines: pairs handed out once, in the order they were finished, to the holder of the lease."""

import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import pytest

from storage.judgement_rows import AcknowledgementRow, AlarmRow, GroupStateRow, JudgementBatch, JudgementRow, JudgingState
from storage.opening import open_reader
from storage.rows import PairGroup, PayoffRow
from storage.storage_config import StorageConfig
from storage.store import StoreError
from tests.payoffs import GROUP, add

HOUR = 3_600.0


@pytest.fixture
def judgements(store):
    assert store.judgements.claim("me", 0.0, 30.0)
    return store.judgements


def ruled(judgements, *rulings, states=(), alarms=(), holder="me"):
    found = [JudgementRow(no=no, reason=reason) for no, reason in rulings]
    return judgements.record(holder, JudgementBatch(judgements=found, group_states=states, alarms=alarms))


def test_pairs_come_in_the_order_they_were_finished_with_what_counts(store, judgements):
    add(store, "b", started=5.0, payoffs=(("answer_kind", 1), ("error", 0)), kind="no tools", excluded=("seed", "greedy_text"))
    add(store, "a", started=1.0, payoffs=(("answer_kind", -1),), fingerprint="f", conversation="c")
    one, two = judgements.unjudged(0, 10)
    assert (one.pair_id, one.payoffs, one.kind) == ("b", (("answer_kind", 1), ("error", 0)), "no tools")
    assert (one.excluded, one.group) == (("seed", "greedy_text"), GROUP)
    assert (two.pair_id, two.fingerprint, two.conversation, two.started) == ("a", "f", "c", 1.0)
    assert (two.kind, two.excluded) == ("", ())
    assert [row.pair_id for row in judgements.unjudged(one.no, 10)] == ["a"]
    assert [row.pair_id for row in judgements.unjudged(0, 1)] == ["b"]


def test_pair_is_judged_once(store, judgements):
    add(store, "a")
    [row] = judgements.unjudged(0, 10)
    assert ruled(judgements, (row.no, "repeated"))
    assert ruled(judgements, (row.no, ""))
    assert judgements.unjudged(0, 10) == []
    assert judgements.recently_counted(HOUR) == []


def test_answers_are_returned_from_the_first_after_all_were_deleted(store, judgements):
    add(store, "a")
    assert [row.pair_id for row in judgements.unjudged(1_000, 10)] == ["a"]


def test_only_recent_pairs_that_counted_are_returned_for_the_memory_of_24_hours(store, judgements):
    for name, started in (("old", 0.0), ("repeated", 90.0), ("new", 100.0), ("silenced", 95.0), ("waiting", 99.0), ("own", 97.0)):
        add(store, name, started=started)
    rows = {row.pair_id: row.no for row in judgements.unjudged(0, 10)}
    ruled(
        judgements, (rows["old"], ""), (rows["repeated"], "repeated"), (rows["new"], ""), (rows["silenced"], "caching_reference")
    )
    ruled(judgements, (rows["own"], "same_server"))
    assert [row.pair_id for row in judgements.recently_counted(50.0)] == ["new", "silenced", "own"]


def test_the_evidence_is_the_newest_of_what_counted(store, judgements):
    other = PairGroup(route="default", model="n", provider="p", reference="r")
    for name in ("a", "b", "c", "d"):
        add(store, name, payoffs=(("answer_kind", 1), ("error", 0)), kind=f"kind {name}")
    add(store, "e", group=other, payoffs=(("answer_kind", 1),))
    nos = {row.pair_id: row.no for row in judgements.unjudged(0, 10)}
    ruled(judgements, (nos["a"], ""), (nos["b"], "repeated"), (nos["c"], "caching_reference"), (nos["d"], ""), (nos["e"], ""))
    found = judgements.evidence(GROUP, "answer_kind", agreement=True, limit=10)
    assert [(row.pair_id, row.kind, row.payoff) for row in found] == [("a", "kind a", 1), ("d", "kind d", 1)]
    assert [row.pair_id for row in judgements.evidence(GROUP, "error", agreement=False, limit=2)] == ["c", "d"]


def test_evidence_of_a_server_behind_a_router_is_of_its_pairs_alone(store, judgements):
    for name, upstream in (("a", "deepx"), ("b", "near"), ("c", "new"), ("d", "newer"), ("e", "")):
        add(store, name, payoffs=(("answer_kind", 1),), upstream=upstream)
    rows = judgements.unjudged(0, 10)
    assert [row.upstream for row in rows] == ["deepx", "near", "new", "newer", ""]
    states = [
        GroupStateRow(group=replace(GROUP, upstream=name), last_no=1, snapshot="") for name in ("", "deepx", "near", "other")
    ]
    ruled(judgements, *((row.no, "") for row in rows), states=states)
    assert [row.group.upstream for row in judgements.group_states()] == ["", "deepx", "near", "other"]

    def evident(upstream: str) -> list[str]:
        found = judgements.evidence(replace(GROUP, upstream=upstream), "answer_kind", agreement=True, limit=10)
        return [row.pair_id for row in found]

    assert {name: evident(name) for name in ("", "deepx", "near", "other")} == {
        "": ["a", "b", "c", "d", "e"],
        "deepx": ["a"],
        "near": ["b"],
        "other": ["c", "d"],
    }


def test_a_state_replaces_the_last_and_alarms_are_added(store, judgements):
    first = GroupStateRow(group=GROUP, last_no=1, snapshot="one")
    alarm = AlarmRow(at=7.0, pair_id="a", group=GROUP, old="ok", new="drift", name="arguments", details="{}")
    assert ruled(judgements, states=[first], alarms=[alarm])
    assert ruled(judgements, states=[GroupStateRow(group=GROUP, last_no=2, snapshot="two")], alarms=[alarm])
    assert [(row.last_no, row.snapshot) for row in judgements.group_states()] == [(2, "two")]
    assert judgements.alarms(7.0, 0) == [alarm], "judged again, it stands once"
    assert judgements.alarms(0.0, 7.0) == []


def test_what_an_operator_answered_waits_again_after_a_rebuild(store, judgements):
    add(store, "a")
    [row] = judgements.unjudged(0, 10)
    ruled(judgements, (row.no, ""), states=[GroupStateRow(group=GROUP, last_no=row.no, snapshot="s")])
    assert judgements.last_judged() == row.no
    assert judgements.record(
        "me", JudgementBatch(given=[AcknowledgementRow(after_no=row.no, at=5.0, answer="fixed", group=GROUP)])
    )
    assert judgements.pending_acknowledgements() == []
    judgements.rebuild()
    assert (judgements.group_states(), [each.pair_id for each in judgements.unjudged(0, 10)], judgements.last_judged()) == (
        [],
        ["a"],
        0,
    )
    [answer] = judgements.pending_acknowledgements()
    assert (answer.after_no, answer.at, answer.answer, answer.group) == (row.no, 5.0, "fixed", GROUP)
    assert judgements.record("me", JudgementBatch(applied=[answer.no]))
    assert judgements.pending_acknowledgements() == []


def test_a_change_of_state_waits_until_it_is_reported(judgements):
    fields = {"at": 7.0, "pair_id": "a", "group": GROUP, "old": "ok", "new": "drift", "details": "{}"}
    ruled(
        judgements,
        alarms=[AlarmRow(name=name, **fields) for name in ("arguments", "text", "error")],
    )
    [(first, alarm), (second, _)] = judgements.pending_events(2)
    assert alarm.name == "arguments"
    judgements.mark_sent([second])
    assert [alarm.name for _, alarm in judgements.pending_events(9)] == ["arguments", "error"]
    judgements.mark_sent([first])
    judgements.discard_pending()
    assert judgements.pending_events(9) == []
    assert len(judgements.alarms(0, 0)) == 3


def test_a_second_judge_gets_the_lease_only_after_the_first_one_s_has_ended(sqlite_store):
    judgements = sqlite_store.judgements
    assert judgements.claim("one", 100.0, 30.0)
    assert judgements.claim("one", 110.0, 30.0)
    assert not judgements.claim("other", 120.0, 30.0)
    assert not ruled(judgements, holder="other", states=[GroupStateRow(group=GROUP, last_no=1, snapshot="")])
    assert judgements.group_states() == []
    assert judgements.claim("other", 140.0, 30.0)
    assert not ruled(judgements, holder="one")
    judgements.release("one")
    assert not judgements.claim("one", 141.0, 30.0)
    judgements.release("other")
    assert judgements.claim("one", 141.0, 30.0)


def test_lease_is_renewed_until_it_is_released_or_another_judge_had_it(store):
    judgements = store.judgements
    assert not judgements.renew("one", 100.0, 30.0), "it was never taken"
    assert judgements.claim("one", 100.0, 30.0)
    assert judgements.renew("one", 200.0, 30.0)
    assert not judgements.renew("other", 201.0, 30.0)
    assert not judgements.claim("other", 201.0, 30.0)
    judgements.release("one")
    assert not judgements.renew("one", 202.0, 30.0)
    assert judgements.claim("other", 202.0, 30.0)
    assert not judgements.renew("one", 203.0, 30.0)


def test_a_clock_that_was_set_back_does_not_lock_the_judge_out(sqlite_store):
    assert sqlite_store.judgements.claim("one", 1e9, 30.0)
    assert sqlite_store.judgements.claim("other", 1e6, 30.0)


def test_judgement_that_cannot_be_stored_changes_no_row(store, judgements):
    add(store, "a")
    bad = AlarmRow(at=None, pair_id="a", group=GROUP, old="", new="", name="", details="")  # type: ignore[arg-type] # wanted
    with pytest.raises(StoreError, match="refused a row"):
        ruled(judgements, (judgements.unjudged(0, 10)[0].no, ""), alarms=[bad])
    assert len(judgements.unjudged(0, 10)) == 1


def test_rulings_go_with_their_pairs_and_states_stay(sqlite_store, tmp_path):
    store, judgements = sqlite_store, sqlite_store.judgements
    assert judgements.claim("me", 0.0, 30.0)
    add(store, "a", started=0.0, kind="no tools")
    [row] = judgements.unjudged(0, 10)
    ruled(judgements, (row.no, ""), states=[GroupStateRow(group=GROUP, last_no=row.no, snapshot="s")])
    assert store.sweep(1e12) > 0
    with closing(sqlite3.connect(tmp_path / "store.db")) as conn:
        assert [conn.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("rulings", "trials")] == [(0,), (0,)]
    assert len(judgements.group_states()) == 1


def test_reader_beside_the_store_reads_the_states(sqlite_store, tmp_path):
    judgements = sqlite_store.judgements
    assert judgements.claim("me", 0.0, 30.0)
    ruled(judgements, states=[GroupStateRow(group=GROUP, last_no=1, snapshot="s")])
    with closing(open_reader(StorageConfig(url=f"sqlite:///{tmp_path}/store.db"))) as reader:
        assert [row.snapshot for row in reader.judgements.group_states()] == ["s"]
        assert reader.judgements.alarms(0, 0) == []


def test_payoffs_of_another_format_are_refused(store):
    add(store, "a", stored=False, foreign=(PayoffRow(pair_id="else", signal="answer_kind", payoff=1),))
    assert store.judgements.unjudged(0, 10) == []


def test_the_shape_of_a_request_is_returned_where_its_answers_are_comparable(store, judgements):
    add(store, "a", shape='{"messages": 1}')
    add(store, "b", shape='{"messages": 1}', comparable="the provider failed")
    assert [row.shape for row in judgements.unjudged(0, 10)] == ['{"messages": 1}', "{}"]


def test_judging_names_the_holder_of_the_lease_until_it_ends(store):
    now = time.time()
    assert store.judgements.judging(now) == JudgingState()
    assert store.judgements.claim("me", now, 30.0)
    state = store.judgements.judging(now)
    assert (state.holder, 0 < state.seconds_left <= 30) == ("me", True)
    store.judgements.release("me")
    assert store.judgements.judging(now) == JudgingState()
    assert store.judgements.claim("other", now, 0.0)
    assert store.judgements.judging(time.time()) == JudgingState()


def test_pairs_that_wait_are_counted_with_the_time_since_the_oldest_was_answered(store):
    now = time.time()
    assert store.judgements.claim("me", now, 30.0)
    add(store, "a", started=now - 1_001.5)
    add(store, "b", started=now - 501.5)
    (first, second) = store.judgements.unjudged(0, 10)
    state = store.judgements.judging(now)
    assert (state.waiting, 1_000 <= state.waited < 1_100) == (2, True)
    assert ruled(store.judgements, (first.no, ""))
    state = store.judgements.judging(now)
    assert (state.waiting, 500 <= state.waited < 600) == (1, True)
    assert ruled(store.judgements, (second.no, "repeated"))
    state = store.judgements.judging(now)
    assert (state.waiting, state.waited) == (0, 0.0)


def test_pair_that_no_process_has_numbered_yet_waits_too(store):
    add(store, "a")
    assert store.judgements.judging(time.time()).waiting == 1
