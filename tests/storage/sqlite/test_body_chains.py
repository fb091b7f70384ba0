"""A stored turn of a conversation costs what is new in it, comes back whole, and outlives the turns it was kept against."""

import sqlite3

import pytest

from storage.prepared_records import RecordPreparer
from storage.sqlite import exchange_queries, retention
from storage.sqlite.record_insertion import insert
from tests.conformance import DAY, START, exchange_record
from tests.storage.test_delta_bodies import turns


def record(name: str, body: bytes, day: int = 0, conversation: str = "talk"):
    made = exchange_record(name)
    row = made.exchange._replace(request_body=body, conversation=conversation, started=START + day * DAY)
    return made._replace(exchange=row)


def bases(conn) -> dict[str, int | None]:
    return dict(conn.execute("SELECT id, request_base FROM exchanges JOIN payloads ON exchange_no = no ORDER BY no"))


def test_fifty_turns_cost_little_more_than_the_longest(conn):
    said = turns(50)
    insert(conn, [RecordPreparer().prepare(record("alone", said[-1]))])
    (alone,) = conn.execute("SELECT length(request_body) FROM payloads").fetchone()
    prepare = RecordPreparer().prepare
    for start in range(0, 50, 10):
        insert(conn, [prepare(record(str(n), said[n])) for n in range(start, start + 10)])
    (whole,) = conn.execute("SELECT sum(length(request_body)) FROM payloads").fetchone()
    assert whole - alone < 5 * alone
    assert [name for name, base in bases(conn).items() if base is None] == ["alone", "0", str(24 + 1)]
    assert [exchange_queries.exchange(conn, str(n)).request_body for n in range(50)] == said


def test_a_body_outlives_the_ones_it_was_kept_against(conn):
    said = turns(6)
    prepare = RecordPreparer().prepare
    insert(conn, [prepare(record(str(n), body, day=n)) for n, body in enumerate(said)])
    assert bases(conn)["3"] is not None
    assert retention.drop_older(conn, START + 3 * DAY - 1) == 3
    assert bases(conn) == {"3": None, "4": 4, "5": 5}
    assert [exchange_queries.exchange(conn, str(n)).request_body for n in (3, 4, 5)] == said[3:]


def test_a_body_whose_predecessor_was_never_stored_is_kept_whole(conn):
    prepare = RecordPreparer().prepare
    one, two = turns(2)
    prepare(record("lost", one))  # its batch failed
    insert(conn, [prepare(record("two", two))])
    assert bases(conn) == {"two": None}
    assert exchange_queries.exchange(conn, "two").request_body == two


def test_a_base_that_goes_alone_is_refused_by_the_database(conn):
    prepare = RecordPreparer().prepare
    insert(conn, [prepare(record(str(n), body)) for n, body in enumerate(turns(2))])
    with pytest.raises(sqlite3.IntegrityError):
        conn.execute("DELETE FROM exchanges WHERE id = '0'")


def test_bodies_of_different_conversations_are_not_kept_against_each_other(conn):
    prepare = RecordPreparer().prepare
    insert(conn, [prepare(record(str(n), body, conversation=f"talk {n}")) for n, body in enumerate(turns(3))])
    assert set(bases(conn).values()) == {None}
