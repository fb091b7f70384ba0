"""`PostgresReader`: the queries of one PostgreSQL database, each in a transaction of its own that reads, from any thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from typing import TypeVar

import psycopg

from storage.erasure_choice import ErasureChoice
from storage.postgres import exchange_records, found_pairs, period_counts, row_deletion, tenant_rows
from storage.postgres.identity_rows import PostgresIdentityQueries
from storage.postgres.judgement_tables import PostgresJudgementQueries
from storage.postgres.kept_tokens import token_sums_of
from storage.postgres.page_views import PostgresPageQueries
from storage.postgres.postgres_connection import connect, place, store_error
from storage.postgres.schema_steps import applied_steps, are_missing, why_refused
from storage.postgres.spending_hours import spending_between, tenants_spending_between
from storage.postgres.study_records import PostgresStudyQueries
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
from storage.spending import Spending
from storage.store import StoreError

Result = TypeVar("Result")
IDLE_READERS = 8
"""Connections kept open between queries; more are opened when more threads query at once, and closed afterwards."""
OLDER = "does not have the tables of this version of sameweights: start sameweights serve once, which brings it up to date"
EXTENT = "SELECT pg_database_size(current_database()), coalesce((SELECT min(started) FROM exchanges), 0)"


class ReadingConnections:
    """Connections of one server that only read, kept between queries; safe from any thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: deque[psycopg.Connection] = deque()
        self._ended = threading.Event()

    def __repr__(self) -> str:
        return f"<ReadingConnections {place(self._url)} closed={self._ended.is_set()} idle={len(self._idle)}>"

    def query(self, job: Callable[[psycopg.Connection], Result]) -> Result:
        """The result of `job`, which sees one state of the database; StoreError where the server refuses.

        It is run again once, on a new connection, where the old one had ended or a standby cut it for the primary's sake.
        """
        if self._ended.is_set():
            raise StoreError("the store is closed")
        try:
            return self._tried(job)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            self._close_idle()
        except psycopg.Error as error:
            raise store_error(self._url, error) from error
        try:
            return self._tried(job)
        except psycopg.Error as error:
            raise store_error(self._url, error) from error

    def close(self) -> None:
        """Close the connections; those of running queries are closed when these end."""
        self._ended.set()
        self._close_idle()

    def _tried(self, job: Callable[[psycopg.Connection], Result]) -> Result:
        conn = self._borrow()
        try:
            result = job(conn)
            conn.commit()
        except BaseException:
            conn.close()
            raise
        self._idle.append(conn)
        if self._ended.is_set() or len(self._idle) > IDLE_READERS:
            with suppress(IndexError):  # close() may have taken it
                self._idle.pop().close()
        return result

    def _borrow(self) -> psycopg.Connection:
        with suppress(IndexError):
            return self._idle.pop()
        return connect(self._url, reading=True)

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()


class PostgresReader:
    """Queries of one database, from any thread; each reads one state of it."""

    def __init__(self, url: str) -> None:
        self._connections = ReadingConnections(url)
        self._query = self._connections.query

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._connections!r}>"

    def extent(self) -> tuple[int, float]:
        """Bytes of the database on the server's disk, and when the oldest exchange started; 0 without one."""
        return self._query(extent_of)

    def pairs(self, wanted: PairFilter) -> Sequence[PairSummary]:
        """Newest first."""
        return self._query(lambda conn: found_pairs.search_pairs(conn, wanted))

    def pair(self, pair_id: str) -> PairRow | None:
        """One pair by its id, or by an unambiguous beginning (8 characters at least) or end (4 at least) of it."""
        found = self.candidates(pair_id, 2)
        return found[0] if len(found) == 1 else None

    def candidates(self, part: str, limit: int) -> Sequence[PairRow]:
        """The newest `limit` pairs whose ids begin or end so."""
        return self._query(lambda conn: found_pairs.search_candidates(conn, part, limit))

    def erasure_extent(self, chosen: ErasureChoice) -> ErasureExtent:
        """What a deletion of these exchanges would delete."""
        return self._query(lambda conn: row_deletion.erasure_extent(conn, chosen))

    def faulty_answers(self, wanted: AnswerFilter) -> Sequence[FaultyAnswer]:
        """The newest live answers that failed a check, sampled or not."""
        return self._query(lambda conn: exchange_records.faulty_answers_of(conn, wanted))

    def exchange(self, exchange_id: str) -> ExchangeRow | None:
        """One exchange, bodies decompressed."""
        return self._query(lambda conn: exchange_records.exchange_of(conn, exchange_id))

    def tool_calls(self, exchange_id: str) -> Sequence[ToolCallRow]:
        """The calls of one exchange, in their order."""
        return self._query(lambda conn: exchange_records.tool_calls_of(conn, exchange_id))

    def findings(self, *, pair_id: str = "", exchange_id: str = "") -> Sequence[FindingRow]:
        """The findings of one pair, or the checks of one exchange; both when both are named, none when neither is."""
        return self._query(
            lambda conn: [*found_pairs.search_findings(conn, pair_id), *exchange_records.checks_of(conn, exchange_id)]
        )

    def signal_counts(self, since: float, until: float) -> Sequence[SignalCount]:
        """Findings by group, comparison, signal and state; checks count under the group of their exchange."""
        return self._query(lambda conn: period_counts.signal_counts_of(conn, since, until))

    def payoffs(self, since: float, until: float) -> Sequence[PayoffPoint]:
        """Every payoff of the period, oldest first."""
        return self._query(lambda conn: period_counts.payoffs_of(conn, since, until))

    def traffic(self, since: float, until: float) -> Sequence[TrafficCount]:
        """Requests, failures and tokens by provider, model and role."""
        return self._query(lambda conn: period_counts.traffic_of(conn, since, until))

    def token_sums(self, since: float, until: float) -> Sequence[TokenSum]:
        """Tokens by class, by day of UTC, provider, model, role and state of usage."""
        return self._query(lambda conn: token_sums_of(conn, since, until))

    def tenant_records(self, tenant: str, since: float, until: float, limit: int) -> TenantRecords:
        """Traffic and tokens of one tenant in the period, and the times of its newest `limit` answers."""
        return self._query(lambda conn: tenant_rows.tenant_records_of(conn, tenant, since, until, limit))

    def row_coverage(self, since: float, until: float, provider: str = "") -> RowCoverage:
        """How many live requests of the period, or of one provider in it, have a row; all zero where every one has."""
        return self._query(lambda conn: period_counts.row_coverage_of(conn, since, until, provider))

    def reasons(self, since: float, until: float) -> Sequence[tuple[str, str, str, str, int]]:
        """(provider, model, reference, reason, pairs) for every reason why pairs of the period are not comparable."""
        return self._query(lambda conn: period_counts.reasons_of(conn, since, until))

    def latencies(self, since: float, until: float, limit: int) -> Sequence[tuple[str, str, str, str, float]]:
        """(provider, model, role, measure, seconds) of the newest `limit` exchanges that were answered in whole."""
        return self._query(lambda conn: exchange_records.latencies_of(conn, since, until, limit))

    @property
    def identity_queries(self) -> PostgresIdentityQueries:
        """Queries about serving identities, request shapes and segments."""
        return PostgresIdentityQueries(self._query)

    @property
    def judgements(self) -> PostgresJudgementQueries:
        """Queries about judgements."""
        return PostgresJudgementQueries(self._query)

    @property
    def studies(self) -> PostgresStudyQueries:
        """Queries about studies."""
        return PostgresStudyQueries(self._query)

    @property
    def page_queries(self) -> PostgresPageQueries:
        """Queries that pages alone need."""
        return PostgresPageQueries(self._query)

    def spent(self, begin: int, end: int) -> Spending:
        """What references have cost from the hour `begin` since the epoch up to, and without, the hour `end`."""
        return self._query(lambda conn: spending_between(conn, begin, end))

    def spent_by_tenants(self, begin: int, end: int) -> Mapping[str, Spending]:
        """The same for each tenant for which something was spent then."""
        return self._query(lambda conn: tenants_spending_between(conn, begin, end))

    def close(self) -> None:
        """Close the connections; those of running queries are closed when these end."""
        self._connections.close()


def open_postgres_reader(url: str) -> PostgresReader:
    """A reader of a database, a standby's too; StoreError when it is absent, of another program, older or newer."""
    with closing(connect(url, reading=True)) as conn:
        try:
            applied = applied_steps(conn)
        except psycopg.Error as error:
            raise store_error(url, error) from error
    if why := why_refused(applied) or (OLDER if are_missing(applied) else ""):
        raise StoreError(f"{place(url)} {why}")
    return PostgresReader(url)


def extent_of(conn: psycopg.Connection) -> tuple[int, float]:
    """Bytes of the database on the server's disk, and when the oldest exchange started; 0 without one."""
    [(size, oldest)] = conn.execute(EXTENT).fetchall()
    return size, oldest
