"""insert(): writes records as rows in one transaction, each record whole and only once for an id; prepared before it begins."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter

from storage.rows import ExchangeRecord, ExchangeRow, FindingRow, IdentityRow, PairRecord, PairRow, PayoffRow, ToolCallRow
from storage.sqlite import evident_pairs, finding_rollups, handover_counts, passed_checks, traffic_rollups
from storage.sqlite.body_compression import BodyCompressor
from storage.sqlite.delta_bodies import DeltaBodies, DeltaBody

Values = tuple[object, ...]

PASSED = "passed"
PAYLOAD = ("request_headers", "response_headers", "response_body", "marks")
BODY = ("request_body", "request_base")
"""These depend on whether the exchange before it is stored (see `storage.sqlite.delta_bodies`)."""
EXCHANGE = tuple(column.name for column in fields(ExchangeRow) if column.name not in {*PAYLOAD, *BODY})
TOOL_CALL = tuple(column.name for column in fields(ToolCallRow) if column.name != "exchange_id")
CHECK = tuple(name for name in FindingRow._fields if name not in {"exchange_id", "pair_id"})
PAIR = tuple(column.name for column in fields(PairRow))
FINDING = ("exchange_id", *CHECK)
PAYOFF = tuple(column.name for column in fields(PayoffRow) if column.name != "pair_id")
TRIAL = ("kind", "excluded")
IDENTITY = tuple(column.name for column in fields(IdentityRow))


def insert_statement(table: str, columns: Sequence[str], rows: int = 1) -> str:
    """An INSERT of so many rows that takes one value a column."""
    marks = ", ".join([f"({', '.join('?' * len(columns))})"] * rows)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {marks}"  # noqa: S608 - every name is a constant of this file


COLUMNS = {
    "exchanges": ("no", *EXCHANGE, PASSED),
    "payloads": ("exchange_no", *PAYLOAD, *BODY),
    "tool_calls": ("exchange_no", *TOOL_CALL),
    "checks": ("exchange_no", *CHECK),
    "pairs": ("no", *PAIR),
    "findings": ("pair_no", *FINDING),
    "payoffs": ("pair_no", *PAYOFF),
    "trials": ("pair_no", *TRIAL),
    "identities": ("exchange_no", *IDENTITY),
}
"""In this order, so that a row's parent is written first."""
TOGETHER = 16
"""Rows that one statement writes, because each statement releases the interpreter lock and waits for it again."""
INSERTS = {table: insert_statement(table, columns) for table, columns in COLUMNS.items()}
SEVERAL = {table: insert_statement(table, columns, TOGETHER) for table, columns in COLUMNS.items()}
KNOWN_EXCHANGES = "SELECT id FROM exchanges WHERE id IN (SELECT value FROM json_each(?))"
BASES = "SELECT id, no FROM exchanges WHERE id IN (SELECT value FROM json_each(?))"
KNOWN_PAIRS = "SELECT id FROM pairs WHERE id IN (SELECT value FROM json_each(?))"
LAST_EXCHANGE = "SELECT coalesce(max(no), 0) FROM exchanges"
LAST_PAIR = "SELECT coalesce(max(no), 0) FROM pairs"

_exchange = attrgetter(*EXCHANGE)
_headers = attrgetter(*PAYLOAD[:2])
_tool_call = attrgetter(*TOOL_CALL)
_check = attrgetter(*CHECK)
_pair = attrgetter(*PAIR)
_finding = attrgetter(*FINDING)
_payoff = attrgetter(*PAYOFF)
_identity = attrgetter(*IDENTITY)


@dataclass(frozen=True, slots=True)
class RecordRows:
    """The rows of one exchange or one pair, without the number that it gets when it is written: (table, values) each."""

    id: str
    rows: Sequence[tuple[str, Values]]
    payload: Values = ()
    body: DeltaBody | None = None
    """The request body of an exchange, which follows the `payload` in its row."""
    counts: Sequence[finding_rollups.Key] = ()
    passed: finding_rollups.Passed | None = None


@dataclass(frozen=True, slots=True)
class PreparedRecord:
    """A record ready to be written: its exchanges, and the pair if it is one."""

    exchanges: tuple[RecordRows, ...]
    pair: RecordRows | None
    source: str = ""

    @property
    def extent(self) -> tuple[int, int]:
        """How many rows it makes, and how many bytes of bodies it holds."""
        parts = [*self.exchanges, *([self.pair] if self.pair else [])]
        return sum(len(part.rows) for part in parts), sum(map(_size, self.exchanges))

    def with_identities(self, found: Mapping[str, Sequence[IdentityRow]]) -> PreparedRecord:
        """The record with the changes of identity that its exchanges brought, by exchange id."""
        exchanges = [replace(each, rows=[*each.rows, *_identities(found.get(each.id, ()))]) for each in self.exchanges]
        return replace(self, exchanges=tuple(exchanges))


Record = ExchangeRecord | PairRecord | PreparedRecord


class RecordPreparer:
    """Flattens records and compresses their bodies; for one thread only."""

    def __init__(self) -> None:
        self._compressor = BodyCompressor()
        self._bodies = DeltaBodies(self._compressor)

    def prepare(self, record: Record) -> PreparedRecord:
        """The record's rows, unless it is prepared already; TypeError or AttributeError when a row cannot hold its values."""
        if isinstance(record, PreparedRecord):
            return record
        if isinstance(record, ExchangeRecord):
            return PreparedRecord((self._exchange(record),), None, record.source)
        foreign = {row.pair_id for row in record.findings} | {row.pair_id for row in record.payoffs}
        foreign -= {record.pair.id}
        if foreign:
            raise ValueError(f"a record of the pair {record.pair.id} holds rows of {sorted(foreign)}")
        rows = [("pairs", _pair(record.pair))]
        rows += [("findings", _finding(row)) for row in record.findings]
        rows += [("payoffs", _payoff(row)) for row in record.payoffs]
        if record.kind or record.excluded:
            rows.append(("trials", (record.kind, ",".join(record.excluded))))
        return PreparedRecord(
            tuple(map(self._exchange, record.exchanges)), RecordRows(record.pair.id, rows, counts=finding_rollups.keys(record))
        )

    def _exchange(self, record: ExchangeRecord) -> RecordRows:
        row = record.exchange
        foreign = {call.exchange_id for call in record.tool_calls} | {finding.exchange_id for finding in record.findings}
        foreign -= {row.id}
        if foreign or any(map(_of_a_pair, record.findings)):
            raise ValueError(f"a record of the exchange {row.id} holds rows of {sorted(foreign)} or of a pair")
        rows = [("exchanges", (*_exchange(row), passed_checks.set_number(record.passed)))]
        rows += [("tool_calls", _tool_call(call)) for call in record.tool_calls]
        rows += [("checks", _check(finding)) for finding in record.findings]
        rows += _identities(record.identities)
        payload = (*_headers(row), self._compressor.compress(row.response_body), self._compressor.compress_timings(row.marks))
        body = self._bodies.encode(row.id, row.conversation, row.request_body)
        return RecordRows(row.id, rows, payload, body, finding_rollups.keys(record), finding_rollups.passed(record))


@dataclass(slots=True)
class _Batch:
    """What one transaction writes, by table."""

    known_exchanges: set[str]
    known_pairs: set[str]
    after: int
    """The number of the last stored exchange."""
    last_pair: int
    exchange_no: Callable[[], int]
    pair_no: Callable[[], int]
    bases: dict[str, int]
    """The numbers of the exchanges that bodies are encoded against, as far as they are stored."""
    counts: Counter[finding_rollups.Key] = field(default_factory=Counter)
    passed: Counter[finding_rollups.Passed] = field(default_factory=Counter)
    rows: dict[str, list[Values]] = field(default_factory=lambda: {table: [] for table in COLUMNS})

    def add(self, prepared: PreparedRecord) -> bool:
        """False when the record is stored already: then nothing of it is written again."""
        if prepared.pair is None:
            return self._add(prepared.exchanges[0], self.known_exchanges, self.exchange_no)
        if prepared.pair.id in self.known_pairs:
            return False
        for exchange in prepared.exchanges:
            self._add(exchange, self.known_exchanges, self.exchange_no)
        return self._add(prepared.pair, self.known_pairs, self.pair_no)

    def _add(self, rows: RecordRows, known: set[str], number: Callable[[], int]) -> bool:
        if rows.id in known:
            return False
        known.add(rows.id)
        no = number()
        self.counts.update(rows.counts)
        if rows.passed:
            self.passed[rows.passed] += 1
        if rows.body:
            self.rows["payloads"].append((no, *rows.payload, *self._body(rows.body)))
            self.bases[rows.id] = no
        for table, values in rows.rows:
            self.rows[table].append((no, *values))
        return True

    def _body(self, kept: DeltaBody) -> Values:
        if not kept.base:
            return kept.compressed, None
        base = self.bases.get(kept.base)
        return (BodyCompressor().compress(kept.raw), None) if base is None else (kept.compressed, base)


def insert(conn: sqlite3.Connection, records: Sequence[PreparedRecord]) -> int:
    """Write all records or none, in one transaction; the number of those that were not stored before.

    sqlite3.OperationalError when the database refuses them (full, locked, read-only), other errors for a bad record.
    """
    conn.execute("BEGIN IMMEDIATE")
    try:
        written = write_rows(conn, records)
        conn.execute("COMMIT")
    except BaseException:
        roll_back(conn)
        raise
    return written


def write_rows(conn: sqlite3.Connection, records: Sequence[PreparedRecord]) -> int:
    """As `insert`, as a part of the transaction that is open."""
    batch = _batch(conn, records)
    written = sum(map(batch.add, records))
    for table, rows in batch.rows.items():
        _write(conn, table, rows)
    passed_checks.add(conn, {names for *_, names in batch.passed})
    if batch.rows["pairs"]:
        evident_pairs.mark(conn, batch.last_pair)
    finding_rollups.add(conn, batch.counts + finding_rollups.expanded(batch.passed))
    traffic_rollups.add(conn, batch.after)
    handover_counts.add(conn, Counter(record.source for record in records if record.source))
    return written


def _write(conn: sqlite3.Connection, table: str, rows: Sequence[Values]) -> None:
    whole = len(rows) - len(rows) % TOGETHER
    for begin in range(0, whole, TOGETHER):
        conn.execute(SEVERAL[table], [*itertools.chain.from_iterable(rows[begin : begin + TOGETHER])])
    if whole < len(rows):
        conn.executemany(INSERTS[table], rows[whole:])


def roll_back(conn: sqlite3.Connection) -> None:
    """End the open transaction if there is one; some errors have ended it already."""
    if conn.in_transaction:
        with suppress(sqlite3.Error):  # the first error is the one to raise
            conn.execute("ROLLBACK")


def _batch(conn: sqlite3.Connection, records: Sequence[PreparedRecord]) -> _Batch:
    exchanges = [rows for record in records for rows in record.exchanges]
    (after,) = conn.execute(LAST_EXCHANGE).fetchone()
    (last_pair,) = conn.execute(LAST_PAIR).fetchone()
    return _Batch(
        known_exchanges=_known(conn, KNOWN_EXCHANGES, (rows.id for rows in exchanges)),
        known_pairs=_known(conn, KNOWN_PAIRS, (record.pair.id for record in records if record.pair)),
        after=after,
        last_pair=last_pair,
        exchange_no=itertools.count(after + 1).__next__,
        pair_no=itertools.count(last_pair + 1).__next__,
        bases=dict(conn.execute(BASES, (json.dumps([rows.body.base for rows in exchanges if rows.body]),))),
    )


def _known(conn: sqlite3.Connection, statement: str, ids: Iterable[str]) -> set[str]:
    return {known for (known,) in conn.execute(statement, (json.dumps(list(ids)),))}


def _identities(rows: Sequence[IdentityRow]) -> list[tuple[str, Values]]:
    return [("identities", _identity(row)) for row in rows]


def _size(exchange: RecordRows) -> int:
    """Bytes of the bodies that the rows of an exchange hold in memory, the uncompressed one among them."""
    body = (exchange.body.compressed, exchange.body.raw) if exchange.body else ()
    return sum(len(value) for value in (*exchange.payload, *body) if isinstance(value, bytes))


def _of_a_pair(finding: FindingRow) -> bool:
    return bool(finding.pair_id)
