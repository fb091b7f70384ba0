"""Connections of a reader: how many are kept, which are closed, and how a file that is none of ours is refused."""

import sqlite3
from contextlib import ExitStack, closing

import pytest

from storage.rows import PairFilter
from storage.sqlite import sqlite_reader
from storage.sqlite.sqlite_reader import open_sqlite_reader
from storage.store import StoreError
from tests.conformance import exchange_record, pair_record


@pytest.fixture
def path(conn, tmp_path):
    return tmp_path / "store.db"


def test_at_most_eight_connections_are_kept_for_later_queries(path):
    reader = open_sqlite_reader(path)
    with ExitStack() as queries:
        for _ in range(10):
            queries.enter_context(reader._reading())
    assert repr(reader) == f"<SqliteReader {path} closed=False idle=8>"
    reader.close()
    assert repr(reader) == f"<SqliteReader {path} closed=True idle=0>"


def test_connection_of_a_query_that_ends_after_the_reader_was_closed_is_closed(path):
    reader = open_sqlite_reader(path)
    with reader._reading() as conn:
        reader.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        conn.execute("SELECT 1")
    assert "idle=0" in repr(reader)


def test_connection_of_a_query_is_used_by_the_next_one_unless_it_failed(path):
    with closing(open_sqlite_reader(path)) as reader:
        found = []
        for statement in ("SELECT 1", "SELECT 1", "SELECT nothing"):
            with pytest.raises(StoreError) if "nothing" in statement else ExitStack(), reader._reading() as conn:
                found.append(conn)
                conn.execute(statement)
        assert found[0] is found[1] is found[2]
        assert "idle=0" in repr(reader)
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            conn.execute("SELECT 1")
        assert reader.pairs(PairFilter()) == []


def test_fault_of_ours_in_a_query_passes_as_it_is(path):
    with closing(open_sqlite_reader(path)) as reader, pytest.raises(ZeroDivisionError):
        reader._query(lambda _: 1 // 0)


def test_file_of_an_older_version_is_refused_with_what_to_do(path, monkeypatch):
    monkeypatch.setattr(sqlite_reader, "pending", lambda _: True)
    with pytest.raises(StoreError, match="was written by an older version of sameweights: start sameweights serve once"):
        open_sqlite_reader(path)


def test_database_of_another_program_is_refused_by_name(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE notes (x)")
    with pytest.raises(StoreError, match=f"^the database {path} "):
        open_sqlite_reader(path)


def test_file_that_is_no_database_is_refused_as_damaged(tmp_path):
    path = tmp_path / "text.db"
    path.write_text("no database " * 100)
    with pytest.raises(StoreError, match="is damaged or not a SQLite database"):
        open_sqlite_reader(path)


def test_findings_are_of_a_pair_or_of_an_exchange_as_named(sqlite_store):
    sqlite_store.add_exchange(exchange_record("one", checks=1))
    sqlite_store.add_pair(pair_record("one", {"text": "match"}))
    assert sqlite_store.flush(20)
    found = [sqlite_store.findings(**named) for named in ({"pair_id": "one"}, {"exchange_id": "one"}, {})]
    assert [[row.signal for row in rows] for rows in found] == [["text"], ["check_0"], []]
    assert [row.signal for row in sqlite_store.findings(pair_id="one", exchange_id="one")] == ["text", "check_0"]
