"""The judge of a server: pairs numbered once they are committed, a lease by the server's clock, answers in whole transactions."""

from contextlib import closing
from dataclasses import replace

import psycopg
import pytest

from storage.judgement_rows import (
    AcknowledgementRow,
    AlarmRow,
    EvidenceRow,
    GroupStateRow,
    JudgementBatch,
    JudgementRow,
    JudgingState,
    PaceRow,
)
from storage.opening import open_store
from storage.postgres import copy_inserter, judgement_tables
from storage.postgres.judgement_tables import PostgresJudgementStore
from storage.rows import PairGroup
from storage.storage_config import StorageConfig
from storage.store import StoreError
from tests.conformance import exchange_record
from tests.payoffs import GROUP, add
from tests.storage.postgres.same_records import by_key

pytestmark = pytest.mark.slow
STATE = JudgementBatch(group_states=[GroupStateRow(group=GROUP, last_no=1, snapshot="s")])


@pytest.mark.parametrize("name", ["group_states", "paces", "pending_acknowledgements", "last_judged"])
def test_stored_judgements_are_those_of_sqlite(both, name):
    one, other = (getattr(store.judgements, name)() for store in both)
    assert one == other


def test_alarms_events_and_memory_are_those_of_sqlite(both):
    one, other = (store.judgements for store in both)
    assert one.alarms(0, 0) == other.alarms(0, 0)
    assert [alarm for _, alarm in one.pending_events(9)] == [alarm for _, alarm in other.pending_events(9)]
    for seconds in (0.0, 40_000.0, 1e9):
        assert [row.pair_id for row in one.recently_counted(seconds)] == [row.pair_id for row in other.recently_counted(seconds)]
    assert one.recently_counted(1e9)


def test_unjudged_pairs_and_evidence_are_those_of_sqlite(both):
    one, other = both
    unjudged = [store.judgements.unjudged(0, 1_000) for store in both]
    assert unjudged[0] == unjudged[1] != []
    for state in one.judgements.payoff_sums(0, 0)[:20]:
        group = GROUP.__class__(route="default", model=state.model, provider=state.provider, reference=state.reference)
        for agreement in (True, False):
            found = [each.judgements.evidence(group, state.signal, agreement=agreement, limit=30) for each in (one, other)]
            assert by_key(found[0]) == by_key(found[1])


def test_pair_that_is_committed_late_gets_a_later_number_and_is_not_missed(postgres_store, postgres_url):
    add(postgres_store, "first")
    with closing(psycopg.connect(postgres_url)) as slow:
        add(postgres_store, "copied")
        slow.execute("INSERT INTO rulings (pair_id, seq) VALUES ('late', -1)")  # the smallest place, not committed yet
        numbered = {row.pair_id: row.no for row in postgres_store.judgements.unjudged(0, 10)}
        assert set(numbered) == {"first", "copied"}
        slow.execute("INSERT INTO pairs SELECT * FROM pairs WHERE false")
        slow.execute(
            "INSERT INTO pairs (id, started, route, model, provider, reference, conversation, request_fingerprint, subject_id,"
            " reference_id, control_id, control_reason, comparable, alterations, upstream)"
            " SELECT 'late', started, route, model, provider, reference, '', '', 'first', '', '', '', '', '[]', ''"
            " FROM pairs WHERE id = 'first'"
        )
        slow.commit()
    last = max(numbered.values())
    [late] = [row for row in postgres_store.judgements.unjudged(last, 10) if row.pair_id == "late"]
    assert late.no > last


def test_pairs_that_a_stopped_judge_numbered_are_not_skipped(postgres_store, postgres_url, monkeypatch):
    monkeypatch.setattr(copy_inserter, "BOUNDS", "SET LOCAL lock_timeout = '100ms'")
    for name in ("one", "two", "three"):
        add(postgres_store, name)
    judgements = postgres_store.judgements
    with closing(psycopg.connect(postgres_url)) as stopped:
        old = PostgresJudgementStore(judgements._query, lambda job: job(stopped))
        monkeypatch.setattr(judgement_tables, "NUMBERED_AT_ONCE", 2)
        numbers = [row.no for row in old.unjudged(0, 10)]
        assert len(numbers) == 2
        with pytest.raises(StoreError):
            judgements.unjudged(0, 10)
        stopped.commit()
    assert [row.no for row in judgements.unjudged(max(numbers), 10)] == [max(numbers) + 1]
    assert len(judgements.unjudged(0, 10)) == 3


def test_answers_are_read_by_whole_transactions_and_none_above_an_open_one(postgres_store, postgres_url):
    for name in ("a", "b"):
        postgres_store.add_exchange(exchange_record(name, calls=0, checks=0))
        assert postgres_store.flush(20)
    one, two = postgres_store.judgements.timed_answers(0, 10)
    assert (one.exchange_id, two.exchange_id) == ("a", "b")
    assert [row.exchange_id for row in postgres_store.judgements.timed_answers(one.no, 10)] == ["b"]
    with closing(psycopg.connect(postgres_url)) as slow:
        slow.execute("INSERT INTO secrets (name, value) VALUES ('open', '')")
        postgres_store.add_exchange(exchange_record("c", calls=0, checks=0))
        assert postgres_store.flush(20)
        assert postgres_store.judgements.timed_answers(two.no, 10) == []
        slow.commit()
    assert [row.exchange_id for row in postgres_store.judgements.timed_answers(two.no, 10)] == ["c"]
    assert len(postgres_store.judgements.timed_answers(2**62, 10)) == 3, "a number of another server begins anew"


def test_answers_of_one_transaction_are_read_in_the_order_of_their_ids(postgres_url):
    with closing(open_store(StorageConfig(url=postgres_url, batch_seconds=5))) as store:
        for name in "cabd":
            store.add_exchange(exchange_record(name, calls=0, checks=0))
        assert store.flush(20)
        rows = store.judgements.timed_answers(0, 10)
    assert len({row.no for row in rows}) == 1
    assert [row.exchange_id for row in rows] == ["a", "b", "c", "d"]


def test_what_a_judge_writes_has_each_value_in_its_field_until_it_is_rebuilt(postgres_store):
    judgements = postgres_store.judgements
    assert judgements.claim("me", 0.0, 3_600.0)
    add(postgres_store, "one", payoffs=(("text", -1),), conversation="a talk", kind="a kind", started=5.0)
    [pair] = judgements.unjudged(0, 9)
    group = PairGroup(route="a route", model="a model", provider="a provider", reference="a reference", upstream="an upstream")
    alarms = [AlarmRow(at=7.5 + n, pair_id=f"{n}", group=group, old="ok", new="bad", name="text", details="{}") for n in (0, 1)]
    given = [AcknowledgementRow(after_no=17 + n, at=8.5, answer="fixed", group=group) for n in (0, 1)]
    state = GroupStateRow(group=group, last_no=17, snapshot="a snapshot")
    pace = PaceRow(provider="a provider", model="a model", measure="a measure", last_no=3, snapshot="a pace")
    ruled = [JudgementRow(no=pair.no, reason="")]
    assert judgements.record(
        "me", JudgementBatch(judgements=ruled, group_states=[state], alarms=alarms, given=given, paces=[pace])
    )
    assert (judgements.last_judged(), judgements.group_states(), judgements.paces()) == (pair.no, [state], [pace])
    assert judgements.alarms(0.0, 0.0) == alarms[::-1]
    [(first, one), (second, other)] = judgements.pending_events(9)
    assert (one, other, second - first) == (*alarms, 1)
    judgements.mark_sent([first])
    assert judgements.pending_events(9) == [(second, alarms[1])]
    counted = EvidenceRow(pair_id="one", started=5.0, conversation="a talk", kind="a kind", payoff=-1)
    assert judgements.evidence(GROUP, "text", agreement=True, limit=9) == [counted]
    judgements.rebuild()
    assert (judgements.last_judged(), judgements.group_states(), judgements.unjudged(0, 9)) == (0, [], [pair])
    waiting = judgements.pending_acknowledgements()
    assert waiting == [replace(row, no=waiting[0].no + place) for place, row in enumerate(given)]
    assert judgements.record("me", JudgementBatch(applied=[waiting[0].no]))
    assert judgements.pending_acknowledgements() == waiting[1:]


def test_numbers_up_to_the_last_pair_count_as_judged_and_later_ones_are_of_pairs_that_were_deleted(postgres_store):
    add(postgres_store, "one")
    [row] = postgres_store.judgements.unjudged(0, 9)
    assert postgres_store.judgements.unjudged(row.no, 9) == []
    assert postgres_store.judgements.unjudged(row.no + 1, 9) == [row]


@pytest.mark.parametrize(("started", "longest"), [(5.0, 1e12), (1e12, 0.0)])
def test_judging_counts_what_waits_and_since_when_by_the_clock_of_the_server(postgres_store, started, longest):
    judgements = postgres_store.judgements
    assert judgements.judging(0.0) == JudgingState()
    add(postgres_store, "one", started=started)
    add(postgres_store, "two", started=7.0)
    assert judgements.claim("me", 0.0, 3_600.0)
    rows = judgements.unjudged(0, 9)
    state = judgements.judging(0.0)
    assert (state.holder, state.waiting, min(longest, 1e9) <= state.waited <= longest) == ("me", 2, True)
    assert 0 < state.seconds_left <= 3_600
    assert judgements.record("me", JudgementBatch(judgements=[JudgementRow(no=row.no, reason="") for row in rows]))
    state = judgements.judging(0.0)
    assert (state.waiting, state.waited) == (0, 0.0)


def test_rulings_go_with_their_pairs_and_states_stay(postgres_store, postgres_url):
    add(postgres_store, "a", started=0.0, kind="no tools")
    judgements = postgres_store.judgements
    assert judgements.claim("me", 0.0, 30.0)
    assert judgements.unjudged(0, 10)
    assert judgements.record("me", STATE)
    assert postgres_store.sweep(1e12) > 0
    with closing(psycopg.connect(postgres_url)) as conn:
        assert conn.execute("SELECT (SELECT count(*) FROM rulings), (SELECT count(*) FROM trials)").fetchone() == (0, 0)
    assert len(judgements.group_states()) == 1


def test_two_workers_pairs_are_each_returned_once(postgres_store, postgres_url):
    with closing(open_store(StorageConfig(url=postgres_url, batch_seconds=0.01))) as other:
        for number in range(20):
            add(postgres_store if number % 2 else other, f"pair-{number:02}")
        rows = postgres_store.judgements.unjudged(0, 100)
        assert sorted(row.pair_id for row in rows) == [f"pair-{number:02}" for number in range(20)]
        assert len({row.no for row in rows}) == 20
        assert other.judgements.unjudged(0, 100) == rows
