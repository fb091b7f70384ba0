"""A turn of a conversation costs what is new in it, comes back whole, and outlives the turns it was kept against."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.sqlite import delta_bodies, exchange_queries, retention
from storage.sqlite.body_compression import BodyCompressor, compress_against, decompress
from storage.sqlite.connection import create_file, open_writing
from storage.sqlite.delta_bodies import DeltaBodies
from storage.sqlite.migrations import migrate
from storage.sqlite.record_insertion import RecordPreparer, insert
from tests.conformance import DAY, START, exchange_record


@pytest.fixture
def conn(tmp_path):
    create_file(tmp_path / "store.db")
    with closing(open_writing(tmp_path / "store.db", 1.0)) as conn:
        migrate(conn)
        yield conn


def turns(count: int) -> list[bytes]:
    """The requests of an agent: each says everything again, and something new."""
    messages = [{"role": "system", "content": "Weigh what you are told. " + "word " * 200}]
    said = []
    for turn in range(count):
        messages.append({"role": "user", "content": f"turn {turn}: " + " ".join(str(turn * n * 7919 % 9973) for n in range(40))})
        said.append(json.dumps({"model": "m", "messages": messages, "stream": True}).encode())
    return said


def record(name: str, body: bytes, day: int = 0, conversation: str = "talk"):
    made = exchange_record(name)
    row = replace(made.exchange, request_body=body, conversation=conversation, started=START + day * DAY)
    return replace(made, exchange=row)


def bases(conn) -> dict[str, int | None]:
    return dict(conn.execute("SELECT id, request_base FROM exchanges JOIN payloads ON exchange_no = no ORDER BY no"))


@given(st.binary(max_size=3_000), st.binary(min_size=delta_bodies.SHORTEST, max_size=3_000))
def test_a_body_kept_against_any_other_comes_back(body, prefix):
    assert decompress(compress_against(body, prefix), prefix) == body


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["", "a", "b"]), st.integers(0, 9), st.integers(0, 4_000)), max_size=60))
def test_bodies_of_any_conversation_in_any_order_are_read_back(said):
    keep, stored = DeltaBodies(BodyCompressor(), most_bytes=20_000), {}
    for number, (conversation, seed, size) in enumerate(said):
        body = b"".join(b"%d," % (seed * n * 7919 % 9973) for n in range(size // 4))
        kept = keep.encode(str(number), conversation, body)
        read = decompress(kept.compressed, stored[kept.base] if kept.base else None)
        assert read == body
        stored[str(number)] = body


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


def test_memory_is_bounded_by_dropping_the_conversation_unused_longest():
    keep = DeltaBodies(BodyCompressor(), most_bytes=10_000)
    body = turns(1)[0]
    for talk in range(20):
        assert keep.encode(f"{talk}-1", f"talk {talk}", body).base == ""
    assert keep.encode("19-2", "talk 19", body).base == "19-1"
    assert keep.encode("0-2", "talk 0", body).base == ""
    assert len(body) > delta_bodies.SHORTEST
