"""`StalledCopies`: ends the session of a worker that was stopped while it sends rows, whose locks would be held until it wakes.

No timeout of the server does: a session that waits for rows of a COPY is not idle in its transaction, a cancelled statement is
seen only when the next row comes, and the kernel of a stopped process still acknowledges every packet (PostgreSQL 15,
`CopyGetData`; `pg_stat_progress_copy`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import psycopg
import structlog
from psycopg import errors

from storage.store import StoreError

LOCKED = (errors.LockNotAvailable, errors.DeadlockDetected)
"""Errors of a transaction that others kept from a lock."""
STALLED_SECONDS = 5.0
"""How long such a session must have received nothing."""
_WAITING = """
SELECT c.pid, a.backend_start::text, c.bytes_processed
FROM pg_stat_progress_copy c JOIN pg_stat_activity a ON a.pid = c.pid
WHERE c.datname = current_database() AND a.usename = current_user AND c.command = 'COPY FROM' AND c.type = 'PIPE'
  AND a.wait_event = 'ClientRead'
"""
_END = f"SELECT pg_terminate_backend(w.pid) FROM ({_WAITING}) w WHERE (w.pid, w.backend_start, w.bytes_processed) = (%s, %s, %s)"  # noqa: S608 - our own constants
log = structlog.get_logger()
Session = tuple[int, str, int]
"""The process of a session, its begin, and the bytes that its COPY has received."""


class StalledCopies:
    """What earlier looks found, by `clock` in monotonic seconds; for one thread only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since: dict[Session, float] = {}

    def __repr__(self) -> str:
        return f"<StalledCopies {sorted(self._since)}>"

    def end_after(self, error: psycopg.Error, connection: Callable[[], psycopg.Connection]) -> None:
        """As `end`, logged, after an error of a lock that was not had. Errors of its own are left out, because the batch is tried
        again anyway.
        """
        if not isinstance(error, LOCKED):
            return
        with suppress(psycopg.Error, StoreError):
            if ended := self.end(connection()):
                log.warning("stalled_copy_ended", sessions=ended, consequence="what it held is stored by another worker")

    def end(self, conn: psycopg.Connection) -> int:
        """End the sessions of this user and database that received nothing since a look five seconds ago; how many.

        Call it where a batch was kept from a lock. Its own connection must not be in a transaction.
        """
        now = self._clock()
        waiting: list[Session] = conn.execute(_WAITING).fetchall()
        self._since = {session: self._since.get(session, now) for session in waiting}
        stalled = [session for session, since in self._since.items() if now - since >= STALLED_SECONDS]
        return sum(len(conn.execute(_END, session).fetchall()) for session in stalled)
