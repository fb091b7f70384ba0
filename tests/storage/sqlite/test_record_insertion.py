"""Records become rows whole, and every field of a row has its column."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from storage.rows import ExchangeRow, FindingRow, IdentityRow, PairRow, PayoffRow, ToolCallRow
from storage.sqlite import exchange_queries, record_insertion
from storage.sqlite.connection import create_file, open_writing
from storage.sqlite.migrations import migrate
from storage.sqlite.record_insertion import INSERTS, RecordPreparer, insert
from tests.conformance import exchange_record, finding, pair_record


@pytest.fixture
def conn(tmp_path):
    create_file(tmp_path / "rows.db")
    with closing(open_writing(tmp_path / "rows.db", 0.1)) as opened:
        migrate(opened)
        yield opened


def counts(conn) -> dict[str, int]:
    return {table: conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in INSERTS}


@pytest.mark.parametrize(
    ("columns", "kind", "elsewhere"),
    [
        ((*record_insertion.EXCHANGE, *record_insertion.PAYLOAD, "request_body"), ExchangeRow, set()),
        (record_insertion.TOOL_CALL, ToolCallRow, {"exchange_id"}),
        (record_insertion.CHECK, FindingRow, {"exchange_id", "pair_id"}),
        (record_insertion.FINDING, FindingRow, {"pair_id"}),
        (record_insertion.PAIR, PairRow, set()),
        (record_insertion.PAYOFF, PayoffRow, {"pair_id"}),
        (record_insertion.IDENTITY, IdentityRow, set()),
    ],
)
def test_every_field_of_a_row_is_written(columns, kind, elsewhere):
    assert {*columns, *elsewhere} == set(kind.__annotations__)
    assert len(columns) == len(set(columns))


def test_a_batch_fills_every_table_and_inserts_nothing_the_second_time(conn):
    prepare = RecordPreparer().prepare
    batch = [prepare(exchange_record("one")), prepare(pair_record("one")), prepare(exchange_record("one"))]
    assert insert(conn, batch) == 2
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
    assert insert(conn, batch) == 0
    assert counts(conn) == filled


@pytest.mark.parametrize("count", [1, 16 - 1, 16, 16 + 1, 2 * 16 + 3])
def test_rows_written_together_are_those_written_one_by_one(conn, count):
    found = tuple(finding(f"check_{n}", "match", exchange_id="e0", comparison="check", score=n / 7) for n in range(count))
    records = [replace(exchange_record("e0"), findings=found), *(exchange_record(f"e{n}") for n in range(1, count))]
    prepare = RecordPreparer().prepare
    assert insert(conn, [prepare(record) for record in records]) == count
    assert [row.id for row in (exchange_queries.exchange(conn, f"e{n}") for n in range(count))] == [f"e{n}" for n in range(count)]
    assert exchange_queries.checks(conn, "e0") == list(found)


def test_a_pair_may_come_before_its_exchange_in_the_same_batch(conn):
    prepare = RecordPreparer().prepare
    assert insert(conn, [prepare(pair_record("one")), prepare(exchange_record("one"))]) == 2


def test_a_shadow_that_is_stored_already_does_not_keep_the_pair_out(conn):
    prepare = RecordPreparer().prepare
    insert(conn, [prepare(exchange_record("one")), prepare(exchange_record("one-shadow", calls=0))])
    assert insert(conn, [prepare(pair_record("one"))]) == 1
    assert counts(conn)["tool_calls"] == 2


def test_a_batch_with_a_bad_record_writes_nothing_and_leaves_no_transaction(conn):
    prepare = RecordPreparer().prepare
    with pytest.raises(sqlite3.IntegrityError):
        insert(conn, [prepare(exchange_record("one")), prepare(exchange_record("two", seconds=None))])
    assert not conn.in_transaction
    assert set(counts(conn).values()) == {0}


@pytest.mark.parametrize(
    "record",
    [
        replace(exchange_record("one"), tool_calls=exchange_record("two").tool_calls),
        replace(exchange_record("one"), findings=(finding("text", "match", exchange_id="one", pair_id="one"),)),
        replace(pair_record("one"), payoffs=pair_record("two").payoffs),
        replace(pair_record("one"), findings=pair_record("two").findings),
    ],
)
def test_rows_that_belong_to_something_else_make_a_record_bad(record):
    with pytest.raises(ValueError, match="holds rows of"):
        RecordPreparer().prepare(record)
