"""insert(): writes records as rows in one transaction, each record whole and only once for an id; prepared before it begins."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from storage import rollup_keys, unkept_sums
from storage.body_compression import BodyCompressor
from storage.delta_bodies import DeltaBody
from storage.identity_repeats import LATEST, new_identities
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
    RecordRows,
    Values,
)
from storage.sqlite import evident_pairs, finding_rollups, handover_counts, passed_checks, token_rollups, traffic_rollups
from storage.unkept_sums import UnkeptBatch


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
KNOWN_EXCHANGES = """
SELECT id FROM exchanges WHERE id IN (SELECT value FROM json_each(?1))
UNION ALL SELECT id FROM unkept_ids WHERE id IN (SELECT value FROM json_each(?1))
"""
BASES = "SELECT id, no FROM exchanges WHERE id IN (SELECT value FROM json_each(?))"
KNOWN_PAIRS = "SELECT id FROM pairs WHERE id IN (SELECT value FROM json_each(?))"
LATEST_IDENTITIES = LATEST.format("rowid")
NO_ROW = 0
"""The number of an exchange without a row, before the change of identity that it brought."""
LAST_EXCHANGE = "SELECT coalesce(max(no), 0) FROM exchanges"
LAST_PAIR = "SELECT coalesce(max(no), 0) FROM pairs"


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
    counts: Counter[rollup_keys.Key] = field(default_factory=Counter)
    passed: Counter[rollup_keys.Passed] = field(default_factory=Counter)
    rows: dict[str, list[Values]] = field(default_factory=lambda: {table: [] for table in COLUMNS})
    unkept: UnkeptBatch = field(default_factory=UnkeptBatch)

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
        if rows.unkept:
            self.unkept.add(rows.id, rows.unkept, rows.counts, rows.passed)
            self._add_rows(rows, NO_ROW)
            return True
        no = number()
        self.counts.update(rows.counts)
        if rows.passed:
            self.passed[rows.passed] += 1
        if rows.body:
            self.rows["payloads"].append((no, *rows.payload, *self._body(rows.body)))
            self.bases[rows.id] = no
        self._add_rows(rows, no)
        return True

    def _add_rows(self, rows: RecordRows, no: int) -> None:
        for table, values in rows.rows:
            self.rows[table].append((no, *values))

    def _body(self, kept: DeltaBody) -> Values:
        if not kept.base:
            return kept.compressed, None
        base = self.bases.get(kept.base)
        return (BodyCompressor().compress(kept.raw), None) if base is None else (kept.compressed, base)


def insert(conn: sqlite3.Connection, records: Sequence[PreparedRecord]) -> list[bool]:
    """Write all records or none, in one transaction; of each whether it was not stored before.

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


def write_rows(conn: sqlite3.Connection, records: Sequence[PreparedRecord]) -> list[bool]:
    """As `insert`, as a part of the transaction that is open."""
    batch = _batch(conn, records)
    written = [batch.add(record) for record in records]
    if identities := batch.rows["identities"]:
        batch.rows["identities"] = new_identities(identities, conn.execute(LATEST_IDENTITIES))
    for table, rows in batch.rows.items():
        _write(conn, table, rows)
    passed_checks.add(conn, {names for *_, names in batch.passed})
    for statement, values in unkept_sums.statements(batch.unkept, "?"):
        conn.executemany(statement, values)
    if batch.rows["pairs"]:
        evident_pairs.mark(conn, batch.last_pair)
    finding_rollups.add(conn, batch.counts + rollup_keys.expanded(batch.passed))
    traffic_rollups.add(conn, batch.after)
    token_rollups.add(conn, batch.after)
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
        known_exchanges=known_exchanges(conn, (rows.id for rows in exchanges)),
        known_pairs=_known(conn, KNOWN_PAIRS, (record.pair.id for record in records if record.pair)),
        after=after,
        last_pair=last_pair,
        exchange_no=itertools.count(after + 1).__next__,
        pair_no=itertools.count(last_pair + 1).__next__,
        bases=dict(conn.execute(BASES, (json.dumps([rows.body.base for rows in exchanges if rows.body]),))),
    )


def known_exchanges(conn: sqlite3.Connection, ids: Iterable[str]) -> set[str]:
    """Those of the ids whose exchanges were stored, with a row or without one."""
    return _known(conn, KNOWN_EXCHANGES, ids)


def _known(conn: sqlite3.Connection, statement: str, ids: Iterable[str]) -> set[str]:
    return {known for (known,) in conn.execute(statement, (json.dumps(list(ids)),))}
