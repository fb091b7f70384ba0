"""`SqliteStore`: the one writer of an SQLite file, in a thread of its own, beside the queries of `SqliteReader`."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from storage import hour_sums
from storage.batch_writer import BatchWriter
from storage.erasure_choice import ErasureChoice
from storage.hour_sums import SummedHour
from storage.page_rows import OperatorActionRow
from storage.queued_records import QueuedRecords
from storage.rows import (
    ErasureResult,
)
from storage.spending import Reservation, Spending, drop_old_spending, reserve, spend
from storage.sqlite import action_log, handover_counts, retention, summed_hours
from storage.sqlite.batch_inserter import BatchInserter
from storage.sqlite.connection import (
    BUSY_SECONDS,
    WriterLock,
    create_file,
    identity,
    make_private,
    open_reading,
    open_writing,
    store_error,
)
from storage.sqlite.erasure import forget
from storage.sqlite.installation_secret import stored_secret
from storage.sqlite.judgement_store import SqliteJudgementStore
from storage.sqlite.record_insertion import known_exchanges
from storage.sqlite.schema_state import pending, why_not_ours
from storage.sqlite.sqlite_reader import SqliteReader
from storage.sqlite.study_tables import SqliteStudyStore
from storage.storage_config import StorageConfig
from storage.store import NONE_SHORTER, StoreError

log = structlog.get_logger()
Result = TypeVar("Result")
DAY = 86_400.0
CHECKED_BYTES = 64 * 1024 * 1024
"""A file up to this size is checked whole when it is opened for writing; in a larger one only the pages that are read."""


class SqliteStore(QueuedRecords[sqlite3.Connection], SqliteReader):
    """The only writer of a database file; safe from any thread.

    A second one on the same file is refused, in this process or another (see `WriterLock`). While another program writes the
    file, a batch waits `busy_seconds` at most; then it is lost and counted.
    """

    def __init__(self, path: Path, config: StorageConfig, busy_seconds: float = BUSY_SECONDS) -> None:
        super().__init__(path, busy_seconds)
        self._config = config
        self._lock = claim_writer(path, busy_seconds)
        self._file = identity(path)
        self._log_file: tuple[int, int] | None = None
        """The write-ahead log of the writing connection, None until it exists."""
        keep = partial(retention.keep_within, max_bytes=config.max_bytes) if config.max_bytes else None
        self._writer = BatchWriter(
            BatchInserter(self._connect, in_place=self._files_in_place, after_batch=keep),
            batch_rows=config.batch_rows,
            batch_seconds=config.batch_seconds,
            queue=config.queue,
        )

    @property
    def judgements(self) -> SqliteJudgementStore:
        """Queries about judgements, and what a judge writes."""
        return SqliteJudgementStore(self._query, self._run)

    @property
    def studies(self) -> SqliteStudyStore:
        """Queries about studies, and what a study writes."""
        return SqliteStudyStore(self._query, self._run)

    @property
    def orders(self) -> None:
        """No table: commands come as files beside the database, since one process writes it."""
        return None

    def secret(self) -> bytes:
        """The 32 random bytes of this installation, drawn at the first call; StoreError where they cannot be stored."""
        return self._run(stored_secret)

    def begin_run(self, run: str) -> Mapping[int, int]:
        """How many exchanges of each worker the `serve` of this name has stored already; the counts of other runs are deleted."""
        return self._run(lambda conn: handover_counts.begin(conn, run))

    def writable(self) -> bool:
        """True when the last write succeeded or none was tried."""
        return not self._writer.last_error

    def sweep(self, now: float, shorter: Mapping[str, float] = NONE_SHORTER) -> int:
        """Delete what is older than `keep_days` at `now` (epoch seconds), then the oldest while the file is over `max_bytes`.

        `shorter` has the days after which the exchanges of a tenant are deleted.

        Waits for the writer's thread, which writes on between the slices: call it off the loop. Returns the number of
        deleted exchanges; an error of the database ends the sweep early, `writable` reports it, and the next sweep continues.
        """
        before = now - self._config.keep_days * DAY
        deleted = 0
        with suppress(sqlite3.Error):  # the writer has logged it
            self._writer.run(lambda conn: action_log.drop_older(conn, before))
            self._writer.run(lambda conn: retention.trim_sums(conn, before))
            self._writer.run(lambda conn: retention.trim_ids(conn, now))
            self._writer.run(lambda conn: drop_old_spending(conn, now))
            for count in self._slices(lambda conn: retention.drop_older(conn, before)):
                deleted += count
            for tenant, days in shorter.items():
                for count in self._slices(partial(retention.drop_of_tenant, tenant=tenant, before=now - days * DAY)):
                    deleted += count
            if self._config.max_bytes:
                for count in self._slices(lambda conn: retention.drop_excess(conn, self._config.max_bytes)):
                    deleted += count
            self._writer.run(lambda conn: summed_hours.drop_older(conn, before))
            for _ in self._slices(retention.shrink):
                pass
            self._writer.run(retention.checkpoint)
        return deleted

    def sum_hours(self, seconds: float) -> int:
        """Sum pairs by the hour, the newest hours first, for about so many seconds at most; how many hours."""

        def sums_of(hour: int) -> SummedHour | None:
            return self._query(lambda conn: summed_hours.summed_hour(conn, hour))

        def write(sums: Sequence[SummedHour]) -> None:
            self._run(lambda conn: summed_hours.write(conn, sums))

        return hour_sums.in_slices(self._query(summed_hours.unsummed_hours), sums_of, write, time.monotonic, seconds)

    def forget(self, chosen: ErasureChoice) -> ErasureResult:
        """Delete what was chosen for good, what is queued included; StoreError when the database refuses."""
        self.flush(BUSY_SECONDS)
        return forget(self._writer.run, chosen)

    def close(self) -> None:
        """Write what is queued, release the connections, and let another process write."""
        if self._ended.is_set():
            return
        super().close()  # first, because the last connection to close empties the log into the file
        self._writer.close()
        self._lock.release()

    def _files_in_place(self) -> bool:
        """Whether the opened database and its write-ahead log are still at their paths.

        SQLite goes on writing to a deleted log: no other connection can be opened, and a crash would lose all of it.
        """
        log_file = identity(Path(f"{self._path}-wal"))
        self._log_file = self._log_file or log_file
        return identity(self._path) == self._file and log_file == self._log_file

    def _connect(self) -> sqlite3.Connection:
        """The connection that writes; to a new file where the opened one has been moved or deleted."""
        moved = identity(self._path) != self._file
        if moved:
            log.warning("database_replaced", path=str(self._path), consequence="recording continues under its path")
            lock, self._lock = self._lock, renew_writer(self._path, self._lock, self._busy_seconds)
            if lock is not self._lock:
                lock.release()
            self._file = identity(self._path)
        lost = self._log_file is not None and identity(Path(f"{self._path}-wal")) != self._log_file
        if lost and not moved:
            log.warning("wal_file_deleted", path=str(self._path), consequence="its content is in the database")
        if moved or lost:
            with suppress(IndexError):
                while True:
                    self._idle.pop().close()
        self._log_file = None
        return open_writing(self._path, self._busy_seconds)

    def is_known(self, exchange_id: str) -> bool:
        """Whether an exchange was stored, with a row or without one."""
        return self._query(lambda conn: bool(known_exchanges(conn, [exchange_id])))

    def note_action(self, row: OperatorActionRow) -> None:
        """Store what an operator did; on disk when this returns."""
        self._run(lambda conn: action_log.add(conn, row))

    def spend(self, at: float, cost: Spending, tenant: str = "") -> None:
        """Add what a reference has cost for a tenant at `at`, seconds since the epoch; on disk when this returns."""
        self._run(lambda conn: spend(conn, at, cost, tenant))

    def reserve(self, at: float, period: tuple[int, int], limits: Mapping[str, Spending]) -> Reservation:
        """Reserve one request of each budget, or of none; on disk when this returns."""
        return self._run(lambda conn: reserve(conn, at, period, limits))

    def _run(self, job: Callable[[sqlite3.Connection], Result]) -> Result:
        """The result of `job`, run by the writer; an error of the database is raised as StoreError."""
        try:
            return self._writer.run(job)
        except (sqlite3.Error, OSError) as error:
            raise store_error(self._path, error) from error

    def _slices(self, job: Callable[[sqlite3.Connection], int]) -> Iterator[int]:
        while deleted := self._writer.run(job):
            yield deleted


def claim_writer(path: Path, busy_seconds: float) -> WriterLock:
    """The lock of this file, which exists, is sound and of this schema version afterwards; StoreError where it cannot be."""
    return renew_writer(path, None, busy_seconds)


def renew_writer(path: Path, held: WriterLock | None, busy_seconds: float) -> WriterLock:
    """As `claim_writer`, for the holder of the lock `held`, which is returned again unless its own file was deleted too."""
    try:
        create_file(path)
        lock = held if held and held.identity == identity(Path(f"{path}-lock")) else WriterLock(path)
        try:
            _check_ours(path, busy_seconds)
            make_private(path)
            with closing(open_writing(path, busy_seconds)) as conn:
                _migrate(path, conn)
        except BaseException:
            if lock is not held:
                lock.release()
            raise
    except (sqlite3.Error, OSError) as error:
        raise store_error(path, error) from error
    return lock


def _check_ours(path: Path, busy_seconds: float) -> None:
    """Refuse a database of another program before anything in it is changed."""
    with closing(open_reading(path, busy_seconds)) as conn:
        if why := why_not_ours(conn):
            raise StoreError(f"the database {path} {why}")


def _migrate(path: Path, conn: sqlite3.Connection) -> None:
    if conn.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        raise StoreError(f"the database {path} cannot be kept in WAL mode: put it on a local disk")
    if path.stat().st_size <= CHECKED_BYTES and (fault := conn.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise StoreError(f"the database {path} is damaged ({' '.join(fault.split())}): move it away, or change url in [storage]")
    conn.execute("BEGIN IMMEDIATE")  # a file that cannot be written fails here, not with the first record
    conn.execute("ROLLBACK")
    if pending(conn):
        from storage.sqlite.migrations import migrate  # noqa: PLC0415 - a current database needs none of its memory

        migrate(conn)
