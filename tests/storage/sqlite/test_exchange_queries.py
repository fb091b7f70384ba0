import pytest

from storage.prepared_records import RecordPreparer
from storage.sqlite import exchange_queries
from storage.sqlite.record_insertion import insert
from tests.conformance import START, exchange_record, exchange_row


@pytest.fixture
def conn(conn):
    insert(conn, [RecordPreparer().prepare(exchange_record("a"))])
    return conn


def test_exchange_is_returned_with_its_bodies_decompressed(conn):
    assert exchange_queries.exchange(conn, "a") == exchange_row("a")


def test_exchange_that_is_not_stored_is_none_with_no_calls_and_no_checks(conn):
    assert exchange_queries.exchange(conn, "b") is None
    assert (exchange_queries.tool_calls(conn, "b"), exchange_queries.checks(conn, "b")) == ([], [])


def test_tool_calls_and_checks_keep_their_order(conn):
    record = exchange_record("a")
    assert exchange_queries.tool_calls(conn, "a") == list(record.tool_calls)
    assert exchange_queries.checks(conn, "a") == list(record.findings)


def test_exchange_counts_in_a_period_that_begins_with_it_and_in_none_that_ends_there(conn):
    [row] = exchange_queries.traffic(conn, START, START + 1)
    assert row.requests == 1
    assert exchange_queries.traffic(conn, START - 1, START) == []
    assert exchange_queries.latencies(conn, START, START + 1, 1) != []
    assert exchange_queries.latencies(conn, START - 1, START, 1) == []
