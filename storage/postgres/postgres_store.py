"""`PostgresStore`: one writer of a PostgreSQL database, in a thread of its own, beside the queries of `PostgresReader`.

Any number of them may write one database. What the audit itself, a judge or a study reads comes from the primary, so that they
start and work while a standby is down; pages and reports read the standby where one is named.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from typing import TypeVar

import psycopg
import structlog
from psycopg import errors

from storage import hour_sums, unkept_sums
from storage.batch_writer import BatchWriter
from storage.erasure_choice import ErasureChoice
from storage.hour_sums import SummedHour
from storage.page_rows import OperatorActionRow
from storage.postgres import kept_hours, row_deletion
from storage.postgres.copy_inserter import CopyInserter, known_exchanges
from storage.postgres.day_partitions import AHEAD, DAY
from storage.postgres.identity_rows import PostgresIdentityQueries
from storage.postgres.judgement_tables import PostgresJudgementStore
from storage.postgres.order_rows import PostgresOrders
from storage.postgres.page_views import insert_action
from storage.postgres.postgres_connection import connect, explained, place, store_error
from storage.postgres.postgres_reader import PostgresReader, ReadingConnections, extent_of
from storage.postgres.schema_steps import migrate_server
from storage.postgres.spending_hours import (
    add_spending,
    drop_old_spending,
    reserve_spending,
    spending_between,
    tenants_spending_between,
)
from storage.postgres.study_records import PostgresStudyStore
from storage.queued_records import QueuedRecords
from storage.rows import ErasureResult
from storage.spending import Reservation, Spending
from storage.storage_config import StorageConfig
from storage.store import NONE_SHORTER, StoreError

log = structlog.get_logger()
Result = TypeVar("Result")
FLUSH_SECONDS = 5.0
SECRET_SIZE = 32
DRAW = "INSERT INTO secrets (name, value) VALUES ('installation', %s) ON CONFLICT DO NOTHING"
DRAWN = "SELECT value FROM secrets WHERE name = 'installation'"
OLD_SOURCES = "DELETE FROM handovers WHERE at < now() - interval '30 days'"
SOURCES = "SELECT source, stored FROM handovers WHERE starts_with(source, %s)"


class PostgresStore(QueuedRecords[psycopg.Connection], PostgresReader):
    """One of the writers of a database; safe from any thread."""

    def __init__(self, url: str, config: StorageConfig, *, read_url: str = "") -> None:
        migrate_at(url)
        super().__init__(read_url or url)
        self._url = url
        self._config = config
        self._primary = ReadingConnections(url)
        self._inserter = CopyInserter(lambda: connect(url), explain=lambda error: explained(url, error))
        self._writer = BatchWriter(
            self._inserter, batch_rows=config.batch_rows, batch_seconds=config.batch_seconds, queue=config.queue
        )
        self._closed = False
        try:
            self._create_days(time.time())
        except BaseException:
            self.close()
            raise

    def extent(self) -> tuple[int, float]:
        """Bytes of the database on the primary's disk, and when the oldest exchange started; 0 without one."""
        return self._primary.query(extent_of)

    @property
    def identity_queries(self) -> PostgresIdentityQueries:
        """Queries about serving identities, request shapes and segments; the latest identities are those of the primary."""
        return PostgresIdentityQueries(self._query, latest=self._primary.query)

    @property
    def judgements(self) -> PostgresJudgementStore:
        """Queries about judgements, and what a judge writes."""
        return PostgresJudgementStore(self._primary.query, self._run)

    @property
    def studies(self) -> PostgresStudyStore:
        """Queries about studies, and what a study writes."""
        return PostgresStudyStore(
            self._primary.query, self._run, prepare=self._inserter.prepare, write_rows=self._inserter.write_rows
        )

    @property
    def orders(self) -> PostgresOrders:
        """The commands that wait for the process that judges."""
        return PostgresOrders(self._primary.query, self._run)

    def secret(self) -> bytes:
        """The 32 random bytes of this installation, drawn at the first call; StoreError where they cannot be stored."""
        return self._run(_stored_secret)

    def begin_run(self, run: str) -> Mapping[int, int]:
        """How many exchanges of each worker the `serve` of this name has stored already; counts of 30 days ago are deleted."""

        def job(conn: psycopg.Connection) -> Mapping[int, int]:
            conn.execute(OLD_SOURCES)
            return {int(name.rpartition("/")[2]): stored for name, stored in conn.execute(SOURCES, (f"{run}/",))}

        return self._run(job)

    def writable(self) -> bool:
        """True when the last write succeeded or none was tried."""
        return not self._writer.last_error

    def spent(self, begin: int, end: int) -> Spending:
        """What references have cost from the hour `begin` since the epoch up to, and without, the hour `end`; of the primary."""
        return self._primary.query(lambda conn: spending_between(conn, begin, end))

    def spent_by_tenants(self, begin: int, end: int) -> Mapping[str, Spending]:
        """The same for each tenant for which something was spent then; of the primary."""
        return self._primary.query(lambda conn: tenants_spending_between(conn, begin, end))

    def sweep(self, now: float, shorter: Mapping[str, float] = NONE_SHORTER) -> int:
        """Drop the days that ended more than `keep_days` before `now` (epoch seconds), then the oldest while the days have more
        than `max_bytes`, and create those to come; the exchanges of a tenant go after its days in `shorter`. `now` 0 is a clock
        in doubt: then nothing is old. Returns the number of deleted exchanges; an error of the server ends the sweep early, and
        the next sweep continues.
        """
        before = now - self._config.keep_days * DAY
        try:
            gone = self._drop_days(before) + self._drop_rows(before) + self._drop_excess(now)
            gone += sum(self._drop_of_tenant(tenant, now - days * DAY) for tenant, days in shorter.items())
            self._run(lambda conn: _tidy(conn, before, now))
            self._create_days(time.time())
        except StoreError as error:
            log.warning("sweep_ended", error=str(error))
            return 0
        return gone

    def sum_hours(self, seconds: float) -> int:
        """Sum pairs by the hour, the newest hours first, for about so many seconds at most; how many hours."""

        def sums_of(hour: int) -> SummedHour | None:
            return self._primary.query(lambda conn: kept_hours.summed_of(conn, hour))

        def write(sums: Sequence[SummedHour]) -> None:
            self._run(lambda conn: kept_hours.write_sums(conn, sums))

        return hour_sums.in_slices(self._primary.query(kept_hours.unsummed_of), sums_of, write, time.monotonic, seconds)

    def forget(self, chosen: ErasureChoice) -> ErasureResult:
        """Delete what was chosen for good, what is queued included; StoreError when the server refuses."""
        self.flush(FLUSH_SECONDS)
        return row_deletion.drop_chosen(self._run, chosen)

    def is_known(self, exchange_id: str) -> bool:
        """Whether an exchange was stored, with a row or without one; read from the primary."""
        return self._primary.query(lambda conn: bool(known_exchanges(conn, [exchange_id])))

    def note_action(self, row: OperatorActionRow) -> None:
        """Store what an operator did; on disk when this returns."""
        self._run(lambda conn: insert_action(conn, row))

    def spend(self, at: float, cost: Spending, tenant: str = "") -> None:
        """Add what a reference has cost for a tenant at `at`, seconds since the epoch; on disk when this returns."""
        self._run(lambda conn: add_spending(conn, at, cost, tenant))

    def reserve(self, at: float, period: tuple[int, int], limits: Mapping[str, Spending]) -> Reservation:
        """Reserve one request of each budget, or of none, which all processes share; on disk when this returns."""
        return self._run(lambda conn: reserve_spending(conn, at, period, limits))

    def close(self) -> None:
        """Write what is queued, and release the connections."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        super().close()
        self._primary.close()

    def _run(self, job: Callable[[psycopg.Connection], Result]) -> Result:
        """The result of `job`, run by the writer in a transaction; an error of the server is raised as StoreError."""
        try:
            return self._writer.run(job)
        except psycopg.Error as error:
            raise store_error(self._url, error) from error

    def _create_days(self, now: float) -> None:
        """Create the days to come; where a reader prevents it the next sweep tries again, since there are days of time."""

        def job(conn: psycopg.Connection) -> None:
            with suppress(errors.LockNotAvailable), conn.transaction():
                self._inserter.partitions.ensure(conn, _days_ahead(now))

        self._run(job)

    def _drop_days(self, before: float) -> int:
        days = self._run(lambda conn: row_deletion.old_days(conn, before))
        return sum(self._drop_day(*day) for day in days)

    def _drop_day(self, name: str, end: int) -> int:
        self._inserter.partitions.forget()
        return self._run(lambda conn: row_deletion.drop_day(conn, name, end))

    def _drop_of_tenant(self, tenant: str, before: float) -> int:
        return row_deletion.drop_all(self._run, row_deletion.OF_TENANT, (tenant, before, row_deletion.SLICE))

    def _drop_rows(self, before: float) -> int:
        return row_deletion.drop_all(self._run, row_deletion.OTHER_OLD, (before, row_deletion.SLICE))

    def _drop_excess(self, now: float) -> int:
        """Drop the oldest days while all have more than `max_bytes`; today and yesterday stay."""
        if not self._config.max_bytes:
            return 0
        newest = now or self._run(_server_time)  # because the size has its bound while the clock of this host is in doubt too
        days = self._run(row_deletion.day_bytes)
        excess = sum(size for _, size in days) - self._config.max_bytes
        gone = 0
        for name, size in days:
            if excess <= 0 or row_deletion.end_of(name) > newest - DAY:
                break
            gone += self._drop_day(name, row_deletion.end_of(name))
            excess -= size
        return gone


def migrate_at(url: str) -> None:
    """Bring the schema of a database up to date; StoreError where it cannot be."""
    with closing(connect(url)) as conn:
        try:
            why = migrate_server(conn)
        except psycopg.Error as error:
            raise store_error(url, error) from error
    if why:
        raise StoreError(f"{place(url)} {why}")


def _stored_secret(conn: psycopg.Connection) -> bytes:
    """The stored secret; drawn first where there is none. One that another worker stored meanwhile takes precedence."""
    conn.execute(DRAW, (secrets.token_bytes(SECRET_SIZE),))
    [(value,)] = conn.execute(DRAWN).fetchall()
    return bytes(value)


def _server_time(conn: psycopg.Connection) -> float:
    [(now,)] = conn.execute("SELECT extract(epoch FROM now())::float8").fetchall()
    return float(now)


def _days_ahead(now: float) -> range:
    today = int(now // DAY)
    return range(today, today + AHEAD + 1)


def _tidy(conn: psycopg.Connection, before: float, now: float) -> None:
    row_deletion.trim_sums(conn, before)
    kept_hours.drop_older(conn, before)
    conn.execute("DELETE FROM unkept_ids WHERE id < %s", (unkept_sums.known_since(now),))
    conn.execute(row_deletion.OLD_ACTIONS, {"before": before})
    drop_old_spending(conn, now)
    conn.execute(row_deletion.OLD_ORDERS)
