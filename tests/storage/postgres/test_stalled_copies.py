"""A session that waits for rows of a COPY is ended once it received none for five seconds, and no other one."""

from contextlib import ExitStack, closing

import psycopg
import pytest

from storage.postgres.stalled_copies import StalledCopies

pytestmark = pytest.mark.slow


@pytest.fixture
def sessions(postgres_url):
    """`sessions()`: a connection of its own each time, closed at the end."""
    with ExitStack() as held:
        yield lambda: held.enter_context(closing(psycopg.connect(postgres_url, autocommit=True)))


def copying(conn):
    """The session with a COPY that has begun, and the server waiting for its rows."""
    conn.execute("CREATE TEMP TABLE rows (value text)")
    conn.pgconn.send_query(b"COPY rows FROM STDIN")
    while (found := conn.pgconn.get_result()) and found.status != psycopg.pq.ExecStatus.COPY_IN:
        pass
    return conn


def waits(conn, other) -> bool:
    found = "SELECT wait_event = 'ClientRead' FROM pg_stat_activity WHERE pid = %s"
    return other.execute(found, (conn.info.backend_pid,)).fetchone() == (True,)


@pytest.mark.parametrize(("passed", "ended"), [(4.9, 0), (5.0, 1)])
def test_session_is_ended_after_five_seconds_without_a_row(sessions, passed, ended):
    now = 0.0
    stalled, other, conn = StalledCopies(lambda: now), sessions(), copying(sessions())
    while not waits(conn, other):
        pass
    assert stalled.end(other) == 0
    now += passed
    assert stalled.end(other) == ended
    assert stalled.end(other) == 0


def test_session_that_received_a_row_is_left(sessions):
    now = 0.0
    stalled, other, conn = StalledCopies(lambda: now), sessions(), copying(sessions())
    while not waits(conn, other):
        pass
    assert stalled.end(other) == 0
    now = 4.9
    conn.pgconn.put_copy_data(b"a row\n" * 20_000)
    while conn.pgconn.flush():
        pass
    received = "SELECT bytes_processed FROM pg_stat_progress_copy"
    while other.execute(received).fetchone() < (100_000,) or not waits(conn, other):
        pass
    now = 5.0
    assert stalled.end(other) == 0
    assert "[(" in repr(stalled)


def test_session_that_is_idle_or_in_a_query_is_left(sessions):
    now = 0.0
    stalled, other, idle = StalledCopies(lambda: now), sessions(), sessions()
    idle.execute("BEGIN")
    stalled.end(other)
    now = 60.0
    assert stalled.end(other) == 0
    assert idle.execute("SELECT 1").fetchone() == (1,)
