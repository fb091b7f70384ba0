"""What holds the one connection that writes: it says of each record whether it is on disk now, and goes on after any error."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import structlog

from storage.sqlite.record_insertion import PreparedRecord, Record, RecordPreparer, insert, roll_back
from storage.store import StoreError

Result = TypeVar("Result")
COMPLAINT_SECONDS = 60.0
RECORDS_FAULT = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL}
"""After these the connection is as good as before; after any other error of the database a new one is made."""

log = structlog.get_logger()


class BatchInserter:
    """Writes batches; for one thread only. A database that does not take a batch (full, locked, read-only) costs that batch;

    a bad record costs itself: the batch is halved until it stands alone. Losses are logged, at most once a minute.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        *,
        there: Callable[[], bool] = lambda: True,
        after: Callable[[sqlite3.Connection], None] | None = None,
    ) -> None:
        """`there` tells whether the file that was opened still stands under its path; `after` is done behind each batch."""
        self._connect = connect
        self._there = there
        self._after = after
        self._conn: sqlite3.Connection | None = None
        self._preparer = RecordPreparer()
        self._complained = float("-inf")
        self.trouble = ""
        """What the database said when it took nothing the last time; empty when it did, or was not asked."""
        self.written = 0
        """Records written that were not there yet."""

    def write(self, records: Sequence[Record]) -> list[bool]:
        """Whether each record is on disk now, in their order."""
        prepared = [self._prepare(record) for record in records]
        written = iter(self._insert([each for each in prepared if each]))
        self._tidy()
        return [each is not None and next(written) for each in prepared]

    def do(self, job: Callable[[sqlite3.Connection], Result]) -> Result:
        """What `job` makes of the connection; its errors pass, and leave no transaction open."""
        try:
            conn = self._connection()
            try:
                result = job(conn)
            finally:
                roll_back(conn)  # what the job began and did not end
        except (sqlite3.Error, StoreError, OSError) as error:
            self._note(error)
            raise
        self.trouble = ""
        return result

    def put_down(self) -> None:
        """Release the connection; the last one to do so empties the write-ahead log into the database."""
        conn, self._conn = self._conn, None
        if conn:
            with suppress(sqlite3.Error):  # a full disk shows here again, and has been told
                conn.close()

    def _prepare(self, record: Record) -> PreparedRecord | None:
        try:
            return self._preparer.prepare(record)
        except Exception as error:  # noqa: BLE001 - whatever a record holds may cost that record, never the writer
            self._complain("a record cannot be stored", error)
            return None

    def _insert(self, records: Sequence[PreparedRecord]) -> list[bool]:
        if not records:
            return []
        try:
            self.written += insert(self._connection(), records)
        except Exception as error:  # noqa: BLE001 - as above
            if isinstance(error, (sqlite3.Error, StoreError, OSError)) and not isinstance(error, RECORDS_FAULT):
                self._note(error)
                return [False] * len(records)
            if len(records) == 1:
                self._complain("a record cannot be stored", error)
                return [False]
            half = len(records) // 2
            return self._insert(records[:half]) + self._insert(records[half:])
        self.trouble = ""
        return [True] * len(records)

    def _tidy(self) -> None:
        """What is due behind a batch; what the database says against it is noted, and done again behind the next."""
        if self._after and self._conn and not self.trouble:
            with suppress(sqlite3.Error):
                self._after(self._conn)
            roll_back(self._conn)

    def _connection(self) -> sqlite3.Connection:
        if self._conn and not self._there():
            with suppress(sqlite3.Error):  # moved: it takes what is in its log along, which SQLite does not see to itself
                self._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self.put_down()
        self._conn = self._conn or self._connect()
        return self._conn

    def _note(self, error: Exception) -> None:
        self.trouble = str(error)
        self._complain("the store takes no records", error)
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in PASSING:
            self.put_down()

    def _complain(self, event: str, error: Exception) -> None:
        now = time.monotonic()
        if now - self._complained >= COMPLAINT_SECONDS:
            self._complained = now
            log.warning(event, error=str(error), kind=type(error).__name__)
