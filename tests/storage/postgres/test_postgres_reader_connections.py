"""Which connections a reader keeps, closes and opens again; connections without a server."""

import psycopg
import pytest
from psycopg import errors

from storage.postgres import postgres_reader
from storage.postgres.postgres_reader import PostgresReader, ReadingConnections
from storage.store import StoreError

URL = "postgresql://me:word@there:5432/records"


class Connection:
    def __init__(self) -> None:
        self.commits = 0
        self.closed = False

    def commit(self) -> None:
        self.commits += 1

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def opened(monkeypatch):
    """The connections that were opened, in their order."""
    made = []

    def connect(url, *, reading):
        assert (url, reading) == (URL, True)
        made.append(Connection())
        return made[-1]

    monkeypatch.setattr(postgres_reader, "connect", connect)
    return made


def test_connection_is_kept_for_the_next_query_and_each_query_sees_a_state_of_its_own(opened):
    connections = ReadingConnections(URL)
    assert [connections.query(lambda conn: conn.commits) for _ in range(3)] == [0, 1, 2]
    assert len(opened) == 1
    assert repr(connections) == "<ReadingConnections the PostgreSQL database records at there:5432 closed=False idle=1>"
    connections.close()
    assert opened[0].closed
    with pytest.raises(StoreError, match="the store is closed"):
        connections.query(lambda _: None)


def nested(connections, depth: int):
    """Run so many queries within each other."""
    return connections.query(lambda _: nested(connections, depth - 1) if depth > 1 else None)


def test_at_most_eight_connections_are_kept(opened):
    connections = ReadingConnections(URL)
    nested(connections, 10)
    assert len(opened) == 10
    assert [conn.closed for conn in opened].count(True) == 2
    assert "idle=8" in repr(connections)


def test_connection_of_a_query_that_ends_after_the_reader_was_closed_is_closed(opened):
    connections = ReadingConnections(URL)
    connections.query(lambda _: connections.close())
    assert opened[0].closed
    assert repr(connections).endswith("closed=True idle=0>")


@pytest.mark.parametrize("error", [psycopg.OperationalError("cut"), psycopg.InterfaceError("cut")])
def test_query_whose_connection_had_ended_is_run_again_once_on_a_new_one(opened, error):
    connections, tried = ReadingConnections(URL), []
    nested(connections, 3)

    def job(conn):
        tried.append(conn)
        if len(tried) == 1:
            raise error
        return "found"

    assert connections.query(job) == "found"
    assert [conn.closed for conn in opened] == [True, True, True, False], "those that waited may have ended too"
    assert tried[1] is opened[3]


def test_query_that_fails_twice_is_an_error_of_the_store(opened):
    def job(_):
        raise psycopg.OperationalError("cut")

    with pytest.raises(StoreError, match="cut"):
        ReadingConnections(URL).query(job)
    assert len(opened) == 2


def test_query_that_the_server_refuses_is_run_once(opened):
    def job(_):
        raise errors.UndefinedTable("no such table")

    with pytest.raises(StoreError, match="no such table"):
        ReadingConnections(URL).query(job)
    assert [conn.closed for conn in opened] == [True]


def test_fault_of_ours_passes_and_closes_its_connection(opened):
    with pytest.raises(ZeroDivisionError):
        ReadingConnections(URL).query(lambda _: 1 // 0)
    assert opened[0].closed


def test_reader_shows_its_database_and_no_password(opened):
    assert repr(PostgresReader(URL)) == (
        "<PostgresReader <ReadingConnections the PostgreSQL database records at there:5432 closed=False idle=0>>"
    )
    assert opened == []
