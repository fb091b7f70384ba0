"""The store in one SQLite file: a writer in its own thread, and readers that borrow a read-only connection for each question."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from storage.rows import (
    AnswerFilter,
    ExchangeRecord,
    ExchangeRow,
    FaultyAnswer,
    FindingRow,
    PairFilter,
    PairRecord,
    PairRow,
    PairSummary,
    PayoffPoint,
    SignalCount,
    ToolCallRow,
    TrafficCount,
)
from storage.spending import Spending, spend, spent
from storage.sqlite import failed_answers, handover_counts, queries, retention
from storage.sqlite.batch_inserter import BatchInserter
from storage.sqlite.connection import BUSY_SECONDS, WriterLock, close_to_others, explain, identity, made, reading, writing
from storage.sqlite.erasure import forget
from storage.sqlite.identity_queries import IdentityReader
from storage.sqlite.installation_secret import drawn
from storage.sqlite.judgement_store import JudgementReader, SqliteJudgementStore
from storage.sqlite.migrations import migrate, pending, wrong
from storage.sqlite.writer import BatchWriter
from storage.storage_config import StorageConfig
from storage.store import ErasureChoice, ErasureResult, StoreError

log = structlog.get_logger()
Result = TypeVar("Result")
IDLE_READERS = 8
"""Connections kept open between two questions; more are made when more threads ask at once, and closed after it."""
DAY = 86_400.0
CHECKED_BYTES = 64 * 1024 * 1024
"""A file up to this size is checked whole when it is opened for writing; a greater one only where it is read anyway."""


class SqliteReader:
    """Questions to one database file, from any thread; each is answered from one moment's state of it."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self._path, self._busy_seconds = path, busy_seconds
        self._idle: deque[sqlite3.Connection] = deque()
        self._ended = threading.Event()

    def pairs(self, wanted: PairFilter) -> Sequence[PairSummary]:
        """Newest first."""
        return self._ask(lambda conn: queries.pairs(conn, wanted))

    def pair(self, pair_id: str) -> PairRow | None:
        """One pair by its id, or by an unambiguous beginning (8 characters at least) or end (4 at least) of it."""
        return self._ask(lambda conn: queries.pair(conn, pair_id))

    def candidates(self, part: str, limit: int) -> Sequence[PairRow]:
        """The newest `limit` pairs whose ids begin or end so."""
        return self._ask(lambda conn: queries.candidates(conn, part, limit))

    def faulty_answers(self, wanted: AnswerFilter) -> Sequence[FaultyAnswer]:
        """The newest live answers that failed a check, sampled or not."""
        return self._ask(lambda conn: failed_answers.faulty(conn, wanted))

    def exchange(self, exchange_id: str) -> ExchangeRow | None:
        """One exchange, bodies decompressed."""
        return self._ask(lambda conn: queries.exchange(conn, exchange_id))

    def tool_calls(self, exchange_id: str) -> Sequence[ToolCallRow]:
        """The calls of one exchange, in their order."""
        return self._ask(lambda conn: queries.tool_calls(conn, exchange_id))

    def findings(self, *, pair_id: str = "", exchange_id: str = "") -> Sequence[FindingRow]:
        """The findings of one pair, or the checks of one exchange; both when both are named, none when neither is."""
        with self._reading() as conn:
            return [*queries.findings(conn, pair_id), *queries.checks(conn, exchange_id)]

    def signal_counts(self, since: float, until: float) -> Sequence[SignalCount]:
        """Findings by group, comparison, signal and state; checks count under the group of their exchange."""
        return self._ask(lambda conn: queries.signal_counts(conn, since, until))

    def payoffs(self, since: float, until: float) -> Sequence[PayoffPoint]:
        """Every payoff of the period, oldest first."""
        return self._ask(lambda conn: queries.payoffs(conn, since, until))

    def traffic(self, since: float, until: float) -> Sequence[TrafficCount]:
        """Requests, failures and tokens by provider, model and role."""
        return self._ask(lambda conn: queries.traffic(conn, since, until))

    def reasons(self, since: float, until: float) -> Sequence[tuple[str, str, str, str, int]]:
        """(provider, model, reference, reason, pairs) for every reason why pairs of the period are not comparable."""
        return self._ask(lambda conn: queries.reasons(conn, since, until))

    def latencies(self, since: float, until: float, limit: int) -> Sequence[tuple[str, str, str, str, float]]:
        """(provider, model, role, measure, seconds) of the newest `limit` exchanges that were answered in whole."""
        return self._ask(lambda conn: queries.latencies(conn, since, until, limit))

    @property
    def identity_queries(self) -> IdentityReader:
        """Who served, and what was asked."""
        return IdentityReader(self._ask)

    @property
    def judgements(self) -> JudgementReader:
        """What was judged."""
        return JudgementReader(self._ask)

    def close(self) -> None:
        """Release the connections; those that answer just now follow when they have."""
        self._ended.set()
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _ask(self, question: Callable[[sqlite3.Connection], Result]) -> Result:
        with self._reading() as conn:
            return question(conn)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for one question, nobody else's meanwhile; what SQLite says against it is a StoreError."""
        if self._ended.is_set():
            raise StoreError("the store is closed")
        conn = self._borrow()
        try:
            yield conn
        except BaseException as error:
            conn.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise StoreError(explain(self._path, error)) from error
            raise
        self._idle.append(conn)
        if self._ended.is_set() or len(self._idle) > IDLE_READERS:
            with suppress(IndexError):  # close() may have been quicker
                self._idle.pop().close()

    def _borrow(self) -> sqlite3.Connection:
        with suppress(IndexError):
            return self._idle.pop()
        try:
            return reading(self._path, self._busy_seconds)
        except sqlite3.DatabaseError as error:
            raise StoreError(explain(self._path, error)) from error


class SqliteStore(SqliteReader):
    """The store: the only one that writes this file, and safe from any thread.

    A second one on the same file is refused, in this process or another (see `WriterLock`). Any other program that writes
    the file meanwhile is waited for, `busy_seconds` at most; then that batch is lost and counted.
    """

    def __init__(self, path: Path, config: StorageConfig, busy_seconds: float = BUSY_SECONDS) -> None:
        super().__init__(path, busy_seconds)
        self._config = config
        self._lock = claimed(path, busy_seconds)
        self._file = identity(path)
        self._log_file: tuple[int, int] | None = None
        """The write-ahead log that the writing connection has opened, once it was seen."""
        keep = partial(retention.keep_within, max_bytes=config.max_bytes) if config.max_bytes else None
        self._writer = BatchWriter(
            BatchInserter(self._connected, there=self._there, after=keep),
            batch_rows=config.batch_rows,
            batch_seconds=config.batch_seconds,
            queue=config.queue,
        )

    def add_exchange(self, record: ExchangeRecord) -> Future[bool] | None:
        """Queue one exchange; None when the queue is full (dropped and counted); the future says whether it is stored."""
        return self._writer.add(record)

    def add_pair(self, record: PairRecord) -> Future[bool] | None:
        """Queue one pair with its shadow exchanges and findings; as `add_exchange`."""
        return self._writer.add(record)

    def flush(self, seconds: float) -> bool:
        """Wait until all that is queued now is settled, at most `seconds`; True when all of it was stored."""
        return self._writer.flush(seconds)

    @property
    def queued(self) -> int:
        """Records taken that are neither stored nor lost yet."""
        return self._writer.queued

    @property
    def lag(self) -> float:
        """Seconds for which the oldest waiting record has waited; 0 when none waits."""
        return self._writer.lag

    @property
    def dropped(self) -> int:
        """Records not taken because the queue was full, or the store closed."""
        return self._writer.dropped

    @property
    def failed(self) -> int:
        """Records lost to an error of the database (full, locked, read-only), or because they were not storable."""
        return self._writer.failed

    @property
    def stored(self) -> int:
        """Records written since the start; one whose id was there already is not counted again."""
        return self._writer.stored

    @property
    def trouble(self) -> str:
        """What SQLite said when it took nothing the last time; empty when it did, or was not asked."""
        return self._writer.trouble

    @property
    def judgements(self) -> SqliteJudgementStore:
        """What was judged, and how to judge."""
        return SqliteJudgementStore(self._ask, self._writer.run)

    def secret(self) -> bytes:
        """The 32 random bytes of this installation, drawn when first asked for; sqlite3.Error where they cannot be kept."""
        return self._writer.run(drawn)

    def begin_run(self, run: str) -> Mapping[int, int]:
        """How many exchanges of each worker the `serve` of this name has stored already; the counts of others go."""
        return self._writer.run(lambda conn: handover_counts.begin(conn, run))

    def writable(self) -> bool:
        """True when the last write succeeded or none was tried."""
        return not self._writer.trouble

    def sweep(self, now: float) -> int:
        """Delete what is older than `keep_days` at `now` (epoch seconds), then the oldest while the file is over `max_bytes`.

        Waits for the writer's thread, which writes on between the slices: call it off the loop. The number of exchanges that
        went; an error of the database ends the sweep early, is told by `writable`, and the next sweep goes on.
        """
        before = now - self._config.keep_days * DAY
        gone = 0
        with suppress(sqlite3.Error):  # the writer has noted and logged it
            for went in self._slices(lambda conn: retention.drop_older(conn, before)):
                gone += went
            if self._config.max_bytes:
                for went in self._slices(lambda conn: retention.drop_excess(conn, self._config.max_bytes)):
                    gone += went
            for _ in self._slices(retention.shrink):
                pass
            self._writer.run(retention.checkpoint)
        return gone

    def forget(self, chosen: ErasureChoice) -> ErasureResult:
        """Delete what was chosen for good, what is queued included; StoreError when the database does not let it."""
        self.flush(BUSY_SECONDS)
        return forget(self._writer.run, chosen)

    def close(self) -> None:
        """Write what is queued, release the connections, and let another process write."""
        if self._ended.is_set():
            return
        super().close()  # first, so that the writer's connection is the last and empties the log into the file
        self._writer.close()
        self._lock.release()

    def _there(self) -> bool:
        """Whether the database and its write-ahead log that were opened still stand under their paths.

        A log that was deleted goes on being written, unseen: no other connection can be opened, and a crash would lose all of it.
        """
        log_file = identity(Path(f"{self._path}-wal"))
        self._log_file = self._log_file or log_file
        return identity(self._path) == self._file and log_file == self._log_file

    def _connected(self) -> sqlite3.Connection:
        """The connection that writes; to a new file, where the one that was opened has been moved or deleted."""
        moved = identity(self._path) != self._file
        if moved:
            log.warning("the database was moved, replaced or deleted; recording goes on under its path", path=str(self._path))
            lock, self._lock = self._lock, renewed(self._path, self._lock, self._busy_seconds)
            if lock is not self._lock:
                lock.release()
            self._file = identity(self._path)
        lost = self._log_file is not None and identity(Path(f"{self._path}-wal")) != self._log_file
        if lost and not moved:
            log.warning("the database's -wal file was deleted; its content is in the database", path=str(self._path))
        if moved or lost:
            with suppress(IndexError):
                while True:
                    self._idle.pop().close()
        self._log_file = None
        return writing(self._path, self._busy_seconds)

    def spend(self, at: float, cost: Spending) -> None:
        """Add what a reference has cost at `at`, seconds since the epoch; on disk when this returns."""
        self._writer.run(lambda conn: spend(conn, at, cost))

    def spent(self, begin: int, end: int) -> Spending:
        """What references have cost from the hour `begin` since the epoch up to, and without, the hour `end`."""
        return self._ask(lambda conn: spent(conn, begin, end))

    def _slices(self, job: Callable[[sqlite3.Connection], int]) -> Iterator[int]:
        while went := self._writer.run(job):
            yield went


def claimed(path: Path, busy_seconds: float) -> WriterLock:
    """The right to write this file, which is there, whole, ours and of this version afterwards; StoreError says why not."""
    return renewed(path, None, busy_seconds)


def renewed(path: Path, held: WriterLock | None, busy_seconds: float) -> WriterLock:
    """As `claimed`, by one that may hold the right already: `held` again, unless its own file has gone too."""
    try:
        made(path)
        lock = held if held and held.identity == identity(Path(f"{path}-lock")) else WriterLock(path)
        try:
            _look_at(path, busy_seconds)
            close_to_others(path)
            with closing(writing(path, busy_seconds)) as conn:
                _bring_up(path, conn)
        except BaseException:
            if lock is not held:
                lock.release()
            raise
    except (sqlite3.Error, OSError) as error:
        raise StoreError(explain(path, error)) from error
    return lock


def opened(path: Path, busy_seconds: float = BUSY_SECONDS) -> SqliteReader:
    """A reader of a file that another process may be writing; StoreError when it is absent, not ours, older or newer."""
    if not path.is_file():
        raise StoreError(f"the database {path} does not exist: start sameweights serve with it, or change url in [storage]")
    try:
        with closing(reading(path, busy_seconds)) as conn:
            why = wrong(conn)
            if not why and pending(conn):
                why = "was written by an older version of sameweights: start sameweights serve once, it brings it up to date"
    except sqlite3.Error as error:
        raise StoreError(explain(path, error)) from error
    if why:
        raise StoreError(f"the database {path} {why}")
    return SqliteReader(path, busy_seconds)


def _look_at(path: Path, busy_seconds: float) -> None:
    """Refuse what is not ours before anything of it is changed."""
    with closing(reading(path, busy_seconds)) as conn:
        if why := wrong(conn):
            raise StoreError(f"the database {path} {why}")


def _bring_up(path: Path, conn: sqlite3.Connection) -> None:
    if conn.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        raise StoreError(f"the database {path} cannot be kept in WAL mode: put it on a local disk")
    if path.stat().st_size <= CHECKED_BYTES and (fault := conn.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise StoreError(f"the database {path} is damaged ({' '.join(fault.split())}): move it away, or change url in [storage]")
    conn.execute("BEGIN IMMEDIATE")  # what cannot be written says so here, not with the first record
    conn.execute("ROLLBACK")
    migrate(conn)
