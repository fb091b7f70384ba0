"""The judge of a server: pairs numbered once they are committed, a lease by the server's clock, answers in whole transactions."""

from contextlib import closing

import psycopg
import pytest

from storage.judgement_rows import GroupStateRow, JudgementBatch
from storage.opening import open_store
from storage.postgres import copy_inserter, judgement_tables
from storage.postgres.judgement_tables import PostgresJudgementStore
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
