"""`CopyInserter`: writes batches of records by binary COPY, and returns for each record what became of it.

A record is written whole and only once for its id: ids that are stored already are left out; where another worker stores one
at the same time the batch is tried again. What a transaction has done whose commit got no answer is not done again.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg
import structlog
from psycopg import errors

from storage import rollup_keys
from storage.body_compression import BodyCompressor
from storage.postgres import kept_sums
from storage.postgres.day_partitions import DayPartitions
from storage.postgres.identity_rows import unstored_identities
from storage.postgres.schema_steps import KEY
from storage.postgres.stalled_copies import LOCKED, StalledCopies
from storage.postgres.unanswered_commits import RepeatableJob, UnansweredCommits
from storage.prepared_records import (
    BODY,
    CHECK,
    EXCHANGE,
    FINDING,
    IDENTITY,
    PAIR,
    PASSED,
    PAYLOAD,
    PAYOFF,
    TOOL_CALL,
    TRIAL,
    PreparedRecord,
    Record,
    RecordPreparer,
    RecordRows,
    Values,
)
from storage.store import Outcome, StoreError
from storage.unkept_sums import UnkeptBatch

Result = TypeVar("Result")
_Name = tuple[str, str]
WARNING_SECONDS = 60.0
TRIES = 4
"""Times that a batch is tried when another worker stores one of its records, or holds a lock that it waits for."""
IDLE_SECONDS = 10
"""How long the server waits for the next statement of a transaction, as of a host that was stopped, before it undoes it."""
LOCK_SECONDS = 5
"""How long a statement waits for a lock; `TRIES` more times this is longer than `IDLE_SECONDS`."""
BOUNDS = f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'; SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"
BROKEN = (psycopg.OperationalError, psycopg.InterfaceError)
ENDED = (*BROKEN, errors.IdleInTransactionSessionTimeout, errors.ReadOnlySqlTransaction)
"""Errors of a connection that has ended, or whose server follows another one now; `LOCKED` are some of them by class alone."""
PLACED = ("checks", "findings", "payoffs")
"""Tables whose rows have their place in the record."""
COLUMNS: Mapping[str, Sequence[str]] = {
    "exchanges": (*EXCHANGE, PASSED),
    "payloads": (KEY["payloads"], *PAYLOAD, BODY[0]),
    "tool_calls": (KEY["tool_calls"], *TOOL_CALL),
    "checks": (KEY["checks"], "place", *CHECK),
    "pairs": PAIR,
    "findings": (KEY["findings"], "place", *FINDING),
    "payoffs": (KEY["payoffs"], "place", *PAYOFF),
    "trials": (KEY["trials"], *TRIAL),
    "identities": IDENTITY,
    "rulings": ("pair_id",),
}
KNOWN = "SELECT id FROM {} WHERE id = ANY(%s)"
TYPES = """
SELECT attname, atttypid::regtype::text FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
"""
AGAIN = (errors.UniqueViolation, errors.SerializationFailure, *LOCKED)
RECORD_ERRORS = (psycopg.IntegrityError, psycopg.DataError)

log = structlog.get_logger()


@dataclass(slots=True)
class _Batch:
    """What one transaction writes, by table."""

    known_exchanges: set[str]
    known_pairs: set[str]
    rows: dict[str, list[Values]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[rollup_keys.Key] = field(default_factory=Counter)
    passed: Counter[rollup_keys.Passed] = field(default_factory=Counter)
    unkept: UnkeptBatch = field(default_factory=UnkeptBatch)
    exchanges: list[str] = field(default_factory=list)
    pairs: list[str] = field(default_factory=list)

    def add(self, prepared: PreparedRecord) -> bool:
        """False when the record is stored already: then nothing of it is written again."""
        if prepared.pair is None:
            return self._add_exchange(prepared.exchanges[0])
        if prepared.pair.id in self.known_pairs:
            return False
        for exchange in prepared.exchanges:
            self._add_exchange(exchange)
        self.known_pairs.add(prepared.pair.id)
        self.pairs.append(prepared.pair.id)
        self.rows["rulings"].append((prepared.pair.id,))
        self._add_rows(prepared.pair)
        return True

    def _add_exchange(self, exchange: RecordRows) -> bool:
        if exchange.id in self.known_exchanges:
            return False
        self.known_exchanges.add(exchange.id)
        if exchange.unkept:
            self.unkept.add(exchange.id, exchange.unkept, exchange.counts, exchange.passed)
            for table, values in exchange.rows:  # a change of identity alone, found after the exchange was prepared
                self.rows[table].append(values)
            return True
        self.exchanges.append(exchange.id)
        self.rows["payloads"].append((exchange.id, *exchange.payload, _whole_body(exchange)))
        self._add_rows(exchange)
        return True

    def _add_rows(self, record: RecordRows) -> None:
        places: Counter[str] = Counter()
        for table, values in record.rows:
            if table in PLACED:
                self.rows[table].append((record.id, places[table], *values))
                places[table] += 1
            elif table in {"exchanges", "pairs", "identities"}:
                self.rows[table].append(values)
            else:
                self.rows[table].append((record.id, *values))
        self.counts.update(record.counts)
        if record.passed:
            self.passed[record.passed] += 1


class CopyInserter:
    """Writes batches over one connection; for one thread only. A bad record loses only itself: the batch is halved until the
    record is alone. Losses are logged, at most once a minute.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection], *, explain: Callable[[Exception], str] = str) -> None:
        self._connect = connect
        self._explain = explain
        self._conn: psycopg.Connection | None = None
        self._types: dict[str, Sequence[str]] = {}
        self._preparer = RecordPreparer(alone=True)
        self._warned_at = float("-inf")
        self._stalled = StalledCopies()
        self._unanswered = UnansweredCommits()
        self.partitions = DayPartitions()
        self.last_error = ""
        """The error of the last write; empty when it succeeded, or none was tried."""
        self.written = 0
        """Records written that were not stored before."""

    def __repr__(self) -> str:
        connection = "connected" if self._conn else "not connected"
        return f"<CopyInserter {connection}, {self.written} written, last error {self.last_error!r}>"

    def write(self, records: Sequence[Record]) -> list[Outcome]:
        """What became of each record, in their order."""
        prepared = [self._prepare(record) for record in records]
        outcomes = iter(self._insert([each for each in prepared if each]))
        return [next(outcomes) if each else Outcome.BAD for each in prepared]

    def run(self, job: Callable[[psycopg.Connection], Result]) -> Result:
        """The result of `job` in a transaction, tried again on a new connection where the old one had ended."""
        try:
            result = self._in_transaction(RepeatableJob(job))
        except LOCKED:  # because it is of the job alone: the connection goes on, and no record is lost
            raise
        except (*ENDED, StoreError) as error:
            self._fail(error)
            raise
        self.last_error = ""
        return result

    def write_rows(self, conn: psycopg.Connection, records: Sequence[PreparedRecord]) -> list[bool | None]:
        """Of each record whether it was not stored before, as a part of the open transaction; None for a pair whose exchange is
        not stored.
        """
        batch, wanted = self._batch(conn, records)
        new = [batch.add(record) if _can_be_stored(record, wanted) else None for record in records]
        if identities := batch.rows["identities"]:
            batch.rows["identities"] = unstored_identities(conn, identities)
        self.partitions.ensure_ids(conn, [*batch.exchanges, *batch.pairs])
        for table, rows in batch.rows.items():
            self._copy(conn, table, rows)
        kept_sums.add(conn, batch.exchanges, batch.pairs, batch.counts + rollup_keys.expanded(batch.passed), batch.passed)
        kept_sums.add_unkept(conn, batch.unkept)
        kept_sums.count_sources(conn, Counter(record.source for record in records if record.source))
        return new

    def prepare(self, record: Record) -> PreparedRecord:
        """The record's rows; an error of any kind when a row cannot hold its values."""
        return self._preparer.prepare(record)

    def close(self) -> None:
        """Release the connection."""
        conn, self._conn = self._conn, None
        self.partitions.forget()
        if conn:
            conn.close()

    def _prepare(self, record: Record) -> PreparedRecord | None:
        try:
            return self.prepare(record)
        except Exception as error:  # noqa: BLE001 - whatever a record holds may cost that record, never the writer
            self._warn("record_not_stored", str(error), error)
            return None

    def _insert(self, records: Sequence[PreparedRecord], tries: int = TRIES) -> list[Outcome]:
        if not records:
            return []
        job = self._inserting(records)
        try:
            new = self._in_transaction(job)
        except AGAIN as error:
            self._stalled.end_after(error, self._connection)
            if tries:
                return self._insert(records, tries - 1)
            return self._away(records, job, error)
        except Exception as error:  # noqa: BLE001 - as above
            if isinstance(error, (psycopg.Error, StoreError)) and not _is_of_a_record(error):
                return self._away(records, job, error)
            return self._halved(records, error)
        self.last_error = ""
        own = self._with_own(records, new)
        self.written += sum(map(bool, own))
        if None in own:
            self._warn("record_not_stored", "the exchange of a pair is not stored", ValueError())
        return [Outcome.BAD if each is None else Outcome.STORED if each else Outcome.KNOWN for each in own]

    def _inserting(self, records: Sequence[PreparedRecord]) -> RepeatableJob[list[bool | None]]:
        """The job that writes the records and returns which are new, as `write_rows`."""

        def write(conn: psycopg.Connection) -> list[bool | None]:
            new = self.write_rows(conn, records)
            if False in new:  # after the ids were read, because a commit that stored one may have ended just before
                self._unanswered.look(conn)
            return new

        job = RepeatableJob(write, lambda conn: _are_stored(conn, _new_names(records, job)))
        return job

    def _with_own(self, records: Sequence[PreparedRecord], new: Sequence[bool | None]) -> list[bool | None]:
        """`new`, in which a record is new too that this process stored by a commit without an answer; each name once."""
        taken = [self._unanswered.take(_name(record)) for record in records]
        return [is_own or is_new for is_own, is_new in zip(taken, new, strict=True)]

    def _away(self, records: Sequence[PreparedRecord], job: RepeatableJob[list[bool | None]], error: Exception) -> list[Outcome]:
        if job.number:
            self._unanswered.add(job.number, _new_names(records, job))
        self._fail(error)
        return [Outcome.AWAY] * len(records)

    def _halved(self, records: Sequence[PreparedRecord], error: Exception) -> list[Outcome]:
        if len(records) == 1:
            self._warn("record_not_stored", str(error), error)
            return [Outcome.BAD]
        half = len(records) // 2
        return self._insert(records[:half]) + self._insert(records[half:])

    def _in_transaction(self, job: RepeatableJob[Result]) -> Result:
        try:
            return self._tried(job)
        except BaseException:
            self.partitions.forget()  # because those that it created are undone
            raise

    def _tried(self, job: RepeatableJob[Result]) -> Result:
        fresh = self._conn is None
        try:
            return self._run(job)
        except ENDED:
            if (fresh and not job.number) or (self._conn and not self._conn.broken):
                raise
            self.close()  # because the server was restarted since the last batch
            return self._run(job)

    def _run(self, job: RepeatableJob[Result]) -> Result:
        conn = self._connection()
        with conn.transaction():
            conn.execute(BOUNDS)
            return job(conn)

    def _connection(self) -> psycopg.Connection:
        if self._conn is None or self._conn.closed:
            self._conn = self._connect()
        return self._conn

    def _batch(self, conn: psycopg.Connection, records: Sequence[PreparedRecord]) -> tuple[_Batch, set[str]]:
        """The batch, and the ids of the exchanges that are stored or come with it."""
        ids = [rows.id for record in records for rows in record.exchanges]
        pairs = [record.pair.id for record in records if record.pair]
        subjects = [_subject(record.pair) for record in records if record.pair]
        known = known_exchanges(conn, ids) | (_known(conn, "exchanges", subjects) if subjects else set())
        return _Batch(known, _known(conn, "pairs", pairs) if pairs else set()), known | set(ids)

    def _copy(self, conn: psycopg.Connection, table: str, rows: Sequence[Values]) -> None:
        copy_rows(conn, table, COLUMNS[table], self._types_of(conn, table), rows)

    def _types_of(self, conn: psycopg.Connection, table: str) -> Sequence[str]:
        if table not in self._types:
            found = column_types(conn, table)
            self._types[table] = [found[name] for name in COLUMNS[table]]
        return self._types[table]

    def _fail(self, error: Exception) -> None:
        self.last_error = self._explain(error)
        self._warn("batch_not_stored", self.last_error, error)
        self.close()

    def _warn(self, event: str, text: str, error: Exception) -> None:
        now = time.monotonic()
        if now - self._warned_at >= WARNING_SECONDS:
            self._warned_at = now
            log.warning(event, error=text, kind=type(error).__name__)


def column_types(conn: psycopg.Connection, table: str) -> dict[str, str]:
    """The type of each column of a table."""
    return dict(conn.execute(TYPES, (table,)).fetchall())


def copy_rows(conn: psycopg.Connection, table: str, columns: Sequence[str], types: Sequence[str], rows: Iterable[Values]) -> int:
    """Write rows by binary COPY, as a part of the open transaction; how many. psycopg.DataError for a value that does not fit."""
    count = 0
    with conn.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in rows:
            _write_row(copy, table, row)
            count += 1
    return count


def _write_row(copy: psycopg.Copy, table: str, row: Values) -> None:
    try:
        copy.write_row(tuple(map(_storable, row)))
    except (TypeError, ValueError, OverflowError) as error:
        raise psycopg.DataError(f"a value of {table} does not fit its column: {error}") from error


def _is_of_a_record(error: Exception) -> bool:
    """Whether an error is about the values of a record: the server, or psycopg before it sends them, does not take one."""
    return isinstance(error, RECORD_ERRORS) or (isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None)


def known_exchanges(conn: psycopg.Connection, ids: Sequence[str]) -> set[str]:
    """Those of the ids whose exchanges were stored, with a row or without one."""
    return _known(conn, "exchanges", ids) | _known(conn, "unkept_ids", ids)


def _known(conn: psycopg.Connection, table: str, ids: Iterable[str]) -> set[str]:
    return {known for (known,) in conn.execute(KNOWN.format(table), (list(ids),))}


def _name(record: PreparedRecord) -> _Name:
    """The table of a record and its id, since a pair has the id of its exchange."""
    return ("pairs", record.pair.id) if record.pair else ("exchanges", record.exchanges[0].id)


def _new_names(records: Sequence[PreparedRecord], job: RepeatableJob[list[bool | None]]) -> list[_Name]:
    """The names of the records that the last transaction of the job stored."""
    return [_name(record) for new in job.results for record, is_new in zip(records, new, strict=True) if is_new]


def _are_stored(conn: psycopg.Connection, names: Sequence[_Name]) -> bool:
    exchanges, pairs = ([name for table, name in names if table == wanted] for wanted in ("exchanges", "pairs"))
    return known_exchanges(conn, exchanges) >= set(exchanges) and _known(conn, "pairs", pairs) >= set(pairs)


def _can_be_stored(record: PreparedRecord, stored: set[str]) -> bool:
    return record.pair is None or _subject(record.pair) in stored


def _subject(pair: RecordRows) -> str:
    """The id of the live exchange of a pair."""
    return str(pair.rows[0][1][_SUBJECT])


_SUBJECT = PAIR.index("subject_id")


def _whole_body(exchange: RecordRows) -> bytes | None:
    """The request body compressed alone: no other exchange is needed to read it, or keeps it from being deleted."""
    body = exchange.body
    if body is None:
        return None
    return BodyCompressor().compress(body.raw) if body.base else body.compressed


def _storable(value: object) -> object:
    """The value; a text without NUL, which PostgreSQL cannot store, has U+FFFD in its place."""
    return value.replace("\0", "\ufffd") if type(value) is str and "\0" in value else value
