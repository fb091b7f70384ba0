"""`SqliteReader`: the queries of one SQLite file, each on a read-only connection of its own, from any thread."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from storage.erasure_choice import ErasureChoice
from storage.rows import (
    AnswerFilter,
    ErasureExtent,
    ExchangeRow,
    FaultyAnswer,
    FindingRow,
    PairFilter,
    PairRow,
    PairSummary,
    PayoffPoint,
    RowCoverage,
    SignalCount,
    TenantRecords,
    TokenSum,
    ToolCallRow,
    TrafficCount,
)
from storage.spending import Spending, spent, spent_by_tenants
from storage.sqlite import erasure, exchange_queries, failed_answers, pair_queries, retention, tenant_figures, token_rollups
from storage.sqlite.connection import BUSY_SECONDS, open_reading, store_error
from storage.sqlite.identity_queries import IdentityReader
from storage.sqlite.judgement_store import JudgementReader
from storage.sqlite.page_reader import PageReader
from storage.sqlite.query_rows import period
from storage.sqlite.schema_state import pending, why_not_ours
from storage.sqlite.study_tables import StudyReader
from storage.store import StoreError

Result = TypeVar("Result")
IDLE_READERS = 8
"""Connections kept open between queries; more are opened when more threads query at once, and closed afterwards."""
OLDER = "was written by an older version of sameweights: start sameweights serve once, which brings it up to date"


class SqliteReader:
    """Queries of one database file, from any thread; each reads one state of it."""

    def __init__(self, path: Path, busy_seconds: float = BUSY_SECONDS) -> None:
        self._path, self._busy_seconds = path, busy_seconds
        self._idle: deque[sqlite3.Connection] = deque()
        self._ended = threading.Event()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._path} closed={self._ended.is_set()} idle={len(self._idle)}>"

    def extent(self) -> tuple[int, float]:
        """Bytes on disk, the write-ahead log included, and when the oldest exchange started; 0 without one."""
        return self._query(retention.extent)

    def pairs(self, wanted: PairFilter) -> Sequence[PairSummary]:
        """Newest first."""
        return self._query(lambda conn: pair_queries.pairs(conn, wanted))

    def pair(self, pair_id: str) -> PairRow | None:
        """One pair by its id, or by an unambiguous beginning (8 characters at least) or end (4 at least) of it."""
        return self._query(lambda conn: pair_queries.pair(conn, pair_id))

    def candidates(self, part: str, limit: int) -> Sequence[PairRow]:
        """The newest `limit` pairs whose ids begin or end so."""
        return self._query(lambda conn: pair_queries.candidates(conn, part, limit))

    def erasure_extent(self, chosen: ErasureChoice) -> ErasureExtent:
        """What a deletion of these exchanges would delete."""
        return self._query(lambda conn: erasure.extent(conn, chosen))

    def faulty_answers(self, wanted: AnswerFilter) -> Sequence[FaultyAnswer]:
        """The newest live answers that failed a check, sampled or not."""
        return self._query(lambda conn: failed_answers.faulty(conn, wanted))

    def exchange(self, exchange_id: str) -> ExchangeRow | None:
        """One exchange, bodies decompressed."""
        return self._query(lambda conn: exchange_queries.exchange(conn, exchange_id))

    def tool_calls(self, exchange_id: str) -> Sequence[ToolCallRow]:
        """The calls of one exchange, in their order."""
        return self._query(lambda conn: exchange_queries.tool_calls(conn, exchange_id))

    def findings(self, *, pair_id: str = "", exchange_id: str = "") -> Sequence[FindingRow]:
        """The findings of one pair, or the checks of one exchange; both when both are named, none when neither is."""
        with self._reading() as conn:
            return [*pair_queries.findings(conn, pair_id), *exchange_queries.checks(conn, exchange_id)]

    def signal_counts(self, since: float, until: float) -> Sequence[SignalCount]:
        """Findings by group, comparison, signal and state; checks count under the group of their exchange."""
        return self._query(lambda conn: pair_queries.signal_counts(conn, since, until))

    def payoffs(self, since: float, until: float) -> Sequence[PayoffPoint]:
        """Every payoff of the period, oldest first."""
        return self._query(lambda conn: pair_queries.payoffs(conn, since, until))

    def traffic(self, since: float, until: float) -> Sequence[TrafficCount]:
        """Requests, failures and tokens by provider, model and role."""
        return self._query(lambda conn: exchange_queries.traffic(conn, since, until))

    def token_sums(self, since: float, until: float) -> Sequence[TokenSum]:
        """Tokens by class, by day of UTC, provider, model, role and state of usage."""
        return self._query(lambda conn: token_rollups.token_sums(conn, *period(since, until)))

    def tenant_records(self, tenant: str, since: float, until: float, limit: int) -> TenantRecords:
        """Traffic and tokens of one tenant in the period, and the times of its newest `limit` answers."""
        return self._query(lambda conn: tenant_figures.tenant_records(conn, tenant, since, until, limit))

    def row_coverage(self, since: float, until: float, provider: str = "") -> RowCoverage:
        """How many live requests of the period, or of one provider in it, have a row; all zero where every one has."""
        return self._query(lambda conn: exchange_queries.row_coverage(conn, since, until, provider))

    def reasons(self, since: float, until: float) -> Sequence[tuple[str, str, str, str, int]]:
        """(provider, model, reference, reason, pairs) for every reason why pairs of the period are not comparable."""
        return self._query(lambda conn: pair_queries.reasons(conn, since, until))

    def latencies(self, since: float, until: float, limit: int) -> Sequence[tuple[str, str, str, str, float]]:
        """(provider, model, role, measure, seconds) of the newest `limit` exchanges that were answered in whole."""
        return self._query(lambda conn: exchange_queries.latencies(conn, since, until, limit))

    @property
    def identity_queries(self) -> IdentityReader:
        """Queries about serving identities, request shapes and segments."""
        return IdentityReader(self._query)

    @property
    def judgements(self) -> JudgementReader:
        """Queries about judgements."""
        return JudgementReader(self._query)

    @property
    def studies(self) -> StudyReader:
        """Queries about studies."""
        return StudyReader(self._query)

    @property
    def page_queries(self) -> PageReader:
        """Queries that pages alone need."""
        return PageReader(self._query)

    def spent(self, begin: int, end: int) -> Spending:
        """What references have cost from the hour `begin` since the epoch up to, and without, the hour `end`."""
        return self._query(lambda conn: spent(conn, begin, end))

    def spent_by_tenants(self, begin: int, end: int) -> Mapping[str, Spending]:
        """The same for each tenant for which something was spent then."""
        return self._query(lambda conn: spent_by_tenants(conn, begin, end))

    def close(self) -> None:
        """Close the connections; those of running queries are closed when these end."""
        self._ended.set()
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _query(self, query: Callable[[sqlite3.Connection], Result]) -> Result:
        with self._reading() as conn:
            return query(conn)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for one query alone; errors of SQLite are raised as StoreError."""
        if self._ended.is_set():
            raise StoreError("the store is closed")
        conn = self._borrow()
        try:
            yield conn
        except BaseException as error:
            conn.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise store_error(self._path, error) from error
            raise
        self._idle.append(conn)
        if self._ended.is_set() or len(self._idle) > IDLE_READERS:
            with suppress(IndexError):  # close() may have taken it
                self._idle.pop().close()

    def _borrow(self) -> sqlite3.Connection:
        with suppress(IndexError):
            return self._idle.pop()
        try:
            return open_reading(self._path, self._busy_seconds)
        except sqlite3.DatabaseError as error:
            raise store_error(self._path, error) from error


def open_sqlite_reader(path: Path, busy_seconds: float = BUSY_SECONDS) -> SqliteReader:
    """A reader of a file beside any writer; StoreError when it is absent, of another program, older or newer."""
    if path.is_dir():
        raise StoreError(f"the database {path} is a folder: name the file in it, or change url in [storage]")
    if not path.is_file():
        remedy = "start sameweights serve with it, name another with --db, or change url in [storage]"
        raise StoreError(f"the database {path} does not exist: {remedy}")
    try:
        with closing(open_reading(path, busy_seconds)) as conn:
            why = why_not_ours(conn) or (OLDER if pending(conn) else "")
    except sqlite3.Error as error:
        raise store_error(path, error) from error
    if why:
        raise StoreError(f"the database {path} {why}")
    return SqliteReader(path, busy_seconds)
