"""Records become rows whole, and every field of a row has its column."""

import sqlite3

import pytest

from storage.prepared_records import RecordPreparer
from storage.rows import IdentityRow
from storage.sqlite import exchange_queries
from storage.sqlite.record_insertion import INSERTS, insert
from tests.conformance import START, exchange_record, finding, pair_record


def counts(conn) -> dict[str, int]:
    return {table: conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in INSERTS}


def test_a_batch_fills_every_table_and_inserts_nothing_the_second_time(conn):
    prepare = RecordPreparer().prepare
    batch = [prepare(exchange_record("one")), prepare(pair_record("one")), prepare(exchange_record("one"))]
    assert insert(conn, batch) == [True, True, False]
    filled = {
        "exchanges": 2,
        "payloads": 2,
        "tool_calls": 4,
        "checks": 6,
        "pairs": 1,
        "findings": 1,
        "payoffs": 1,
        "trials": 0,
        "identities": 0,
    }
    assert counts(conn) == filled
    assert insert(conn, batch) == [False] * 3
    assert counts(conn) == filled


@pytest.mark.parametrize("count", [1, 16 - 1, 16, 16 + 1, 2 * 16 + 3])
def test_rows_written_together_are_those_written_one_by_one(conn, count):
    found = tuple(finding(f"check_{n}", "match", exchange_id="e0", comparison="check", score=n / 7) for n in range(count))
    records = [exchange_record("e0")._replace(findings=found), *(exchange_record(f"e{n}") for n in range(1, count))]
    prepare = RecordPreparer().prepare
    assert insert(conn, [prepare(record) for record in records]) == [True] * count
    assert [row.id for row in (exchange_queries.exchange(conn, f"e{n}") for n in range(count))] == [f"e{n}" for n in range(count)]
    assert exchange_queries.checks(conn, "e0") == list(found)


def test_a_pair_may_come_before_its_exchange_in_the_same_batch(conn):
    prepare = RecordPreparer().prepare
    assert insert(conn, [prepare(pair_record("one")), prepare(exchange_record("one"))]) == [True] * 2


def test_a_shadow_that_is_stored_already_does_not_keep_the_pair_out(conn):
    prepare = RecordPreparer().prepare
    insert(conn, [prepare(exchange_record("one")), prepare(exchange_record("one-shadow", calls=0))])
    assert insert(conn, [prepare(pair_record("one"))]) == [True] * 1
    assert counts(conn)["tool_calls"] == 2


def test_a_batch_with_a_bad_record_writes_nothing_and_leaves_no_transaction(conn):
    prepare = RecordPreparer().prepare
    with pytest.raises(sqlite3.IntegrityError):
        insert(conn, [prepare(exchange_record("one")), prepare(exchange_record("two", seconds=None))])
    assert not conn.in_transaction
    assert set(counts(conn).values()) == {0}


def test_change_of_identity_of_exchanges_without_a_row_is_stored_once(conn):
    names = {"provider": "near", "model": "qwen", "identity": "i", "previous": "", "changes": "[]", "facts": "{}"}
    for name in ("one", "two"):
        identity = IdentityRow(exchange_id=name, started=START, **names)
        made = RecordPreparer().prepare(exchange_record(name)._replace(kept=False))
        assert insert(conn, [made.with_identities({name: [identity]})]) == [True]
    assert conn.execute("SELECT exchange_no, exchange_id FROM identities").fetchall() == [(0, "one")]
    assert conn.execute("SELECT count(*) FROM unkept_ids").fetchone() == (2,)
    assert counts(conn)["exchanges"] == 0
