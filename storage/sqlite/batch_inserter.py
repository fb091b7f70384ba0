"""`BatchInserter`: writes batches of records over one connection, returns for each whether it is stored, and survives errors."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import structlog

from storage.prepared_records import PreparedRecord, Record, RecordPreparer
from storage.sqlite.record_insertion import insert, roll_back
from storage.store import Outcome, StoreError

Result = TypeVar("Result")
WARNING_SECONDS = 60.0
RECORD_ERRORS = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
RECOVERABLE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL}
"""After these errors the connection is kept; after any other error of the database a new one is opened."""

log = structlog.get_logger()


class BatchInserter:
    """Writes batches; for one thread only. A database that refuses a batch (full, locked, read-only) loses that batch. A bad
    record loses only itself: the batch is halved until the record is alone. Losses are logged, at most once a minute.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        *,
        in_place: Callable[[], bool] = lambda: True,
        after_batch: Callable[[sqlite3.Connection], None] | None = None,
    ) -> None:
        """`in_place` returns whether the opened file is still at its path; `after_batch` is called after each batch."""
        self._connect = connect
        self._files_in_place = in_place
        self._after_batch = after_batch
        self._conn: sqlite3.Connection | None = None
        self._preparer = RecordPreparer()
        self._warned_at = float("-inf")
        self.last_error = ""
        """The error of the last write; empty when it succeeded, or none was tried."""
        self.written = 0
        """Records written that were not stored before."""

    def __repr__(self) -> str:
        connection = "connected" if self._conn else "not connected"
        return f"<BatchInserter {connection}, {self.written} written, last error {self.last_error!r}>"

    def write(self, records: Sequence[Record]) -> list[Outcome]:
        """What became of each record, in their order."""
        prepared = [self._prepare(record) for record in records]
        written = iter(self._insert([each for each in prepared if each]))
        self._finish_batch()
        return [next(written) if each else Outcome.BAD for each in prepared]

    def run(self, job: Callable[[sqlite3.Connection], Result]) -> Result:
        """The result of `job` with the connection; its errors pass, and leave no transaction open."""
        try:
            conn = self._connection()
            try:
                result = job(conn)
            finally:
                roll_back(conn)  # what the job began and did not end
        except (sqlite3.Error, StoreError, OSError) as error:
            self._fail(error)
            raise
        self.last_error = ""
        return result

    def close(self) -> None:
        """Release the connection; the last one to do so empties the write-ahead log into the database."""
        conn, self._conn = self._conn, None
        if conn:
            with suppress(sqlite3.Error):  # a full disk fails here again, and was logged
                conn.close()

    def _prepare(self, record: Record) -> PreparedRecord | None:
        try:
            return self._preparer.prepare(record)
        except Exception as error:  # noqa: BLE001 - whatever a record holds may cost that record, never the writer
            self._warn("record_not_stored", error)
            return None

    def _insert(self, records: Sequence[PreparedRecord]) -> list[Outcome]:
        if not records:
            return []
        try:
            new = insert(self._connection(), records)
        except Exception as error:  # noqa: BLE001 - as above
            if isinstance(error, (sqlite3.Error, StoreError, OSError)) and not isinstance(error, RECORD_ERRORS):
                self._fail(error)
                return [Outcome.AWAY] * len(records)
            if len(records) == 1:
                self._warn("record_not_stored", error)
                return [Outcome.BAD]
            half = len(records) // 2
            return self._insert(records[:half]) + self._insert(records[half:])
        self.last_error = ""
        self.written += sum(new)
        return [Outcome.STORED if each else Outcome.KNOWN for each in new]

    def _finish_batch(self) -> None:
        """Do what follows a batch; an error of the database is ignored, since the next batch does it again."""
        if self._after_batch and self._conn and not self.last_error:
            with suppress(sqlite3.Error):
                self._after_batch(self._conn)
            roll_back(self._conn)

    def _connection(self) -> sqlite3.Connection:
        if self._conn and not self._files_in_place():
            with suppress(sqlite3.Error):  # the file was moved: its log must be emptied into it, which SQLite does not do
                self._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self.close()
        self._conn = self._conn or self._connect()
        return self._conn

    def _fail(self, error: Exception) -> None:
        self.last_error = str(error)
        self._warn("batch_not_stored", error)
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in RECOVERABLE:
            self.close()

    def _warn(self, event: str, error: Exception) -> None:
        now = time.monotonic()
        if now - self._warned_at >= WARNING_SECONDS:
            self._warned_at = now
            log.warning(event, error=str(error), kind=type(error).__name__)
