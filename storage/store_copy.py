"""copy_store(): copies the records of a SQLite file to an empty PostgreSQL database, every row of every table, or none.

Numbers stay, so that a judge goes on where it was. The file is only read, and must not be written meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import psycopg
from psycopg import errors

from storage.body_compression import BodyCompressor
from storage.postgres.copy_inserter import column_types, copy_rows
from storage.postgres.day_partitions import DayPartitions, day_of
from storage.postgres.postgres_connection import connect, explained, place
from storage.postgres.postgres_store import migrate_at
from storage.sqlite.body_chains import request_body
from storage.sqlite.connection import BUSY_SECONDS, explain, open_reading
from storage.sqlite.sqlite_store import claim_writer
from storage.store import StoreError

_OF_EXCHANGE = "FROM {0} c JOIN exchanges e ON e.no = c.exchange_no ORDER BY c.rowid"
_OF_PAIR = "FROM {0} c JOIN pairs p ON p.no = c.pair_no ORDER BY c.rowid"
_PLACE = "row_number() OVER (PARTITION BY c.{} ORDER BY c.rowid) - 1 AS place"
ROWS = {
    "payloads": "SELECT e.id AS exchange_id, c.* FROM payloads c JOIN exchanges e ON e.no = c.exchange_no ORDER BY e.no",
    "tool_calls": f"SELECT e.id AS exchange_id, c.* {_OF_EXCHANGE.format('tool_calls')}",
    "checks": f"SELECT e.id AS exchange_id, {_PLACE.format('exchange_no')}, c.* {_OF_EXCHANGE.format('checks')}",
    "findings": f"SELECT p.id AS pair_id, {_PLACE.format('pair_no')}, c.* {_OF_PAIR.format('findings')}",
    "payoffs": f"SELECT p.id AS pair_id, {_PLACE.format('pair_no')}, c.* {_OF_PAIR.format('payoffs')}",
    "trials": "SELECT p.id AS pair_id, c.* FROM trials c JOIN pairs p ON p.no = c.pair_no ORDER BY p.no",
    "rulings": """SELECT p.id AS pair_id, p.no AS seq, CASE WHEN g.reason IS NOT NULL THEN p.no END AS no, g.reason AS reason
FROM pairs p LEFT JOIN rulings g ON g.pair_no = p.no ORDER BY p.no""",
    "identities": "SELECT rowid AS no, * FROM identities ORDER BY rowid",
    "setbacks": "SELECT rowid AS no, * FROM setbacks ORDER BY rowid",
}
"""The rows of the tables whose rows refer to an exchange or pair by its number there, and by its id here."""
ORDER = ("exchanges", "pairs", "studies", "study_requests", "runs")
"""Tables that others refer to, first."""
LEFT_OUT = {"schema_steps", "orders", "leases", "pair_hours", "hour_sums"}
"""The last two are made again: the changes of hours as the pairs are written, their sums by the process that sweeps."""
TABLES = """
SELECT relname::text FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = current_schema()::regnamespace
"""
LOCKS_A_DAY = """
SELECT count(DISTINCT c.oid) + count(i.indexrelid) + 2 * count(DISTINCT NULLIF(c.reltoastrelid, 0))
FROM pg_class c LEFT JOIN pg_index i ON i.indrelid = c.oid
WHERE c.relname LIKE '%\\_other' AND c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
"""
"""Tables and indexes of a day, from the default partitions, which have the same: each row of a day locks some of them."""
LOCKS = """
SELECT current_setting('max_locks_per_transaction')::bigint,
       current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint
"""
DAYS_AT_ONCE = 20
"""Days whose partitions one transaction creates, each of which holds its locks to the end."""
IDS = "SELECT id FROM exchanges UNION ALL SELECT id FROM pairs"
SEQUENCES = (
    "SELECT setval('exchange_numbers', (SELECT max(no) FROM exchanges)) WHERE EXISTS (SELECT 1 FROM exchanges)",
    "SELECT setval('pair_numbers', (SELECT max(no) FROM pairs)) WHERE EXISTS (SELECT 1 FROM pairs)",
    "SELECT setval('ruling_numbers', (SELECT max(seq) FROM rulings)) WHERE EXISTS (SELECT 1 FROM rulings)",
    "SELECT setval(pg_get_serial_sequence('rulings', 'seq'), max(seq)) FROM rulings HAVING max(seq) > 0",
)
NUMBERED = """
SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE a.attname = 'no' AND a.attidentity <> '' AND c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
"""
TIMED = "UPDATE paces SET last_no = pg_current_xact_id()::text::bigint"
"""Every answer of this transaction counts as timed already."""
Report = Callable[[str, int], object]


def copy_store(source: Path, url: str, report: Report = lambda _table, _rows: None) -> Mapping[str, int]:
    """Copies all rows; how many by table, which `report` is given as each is done. StoreError where nothing was copied: the
    file is being written, or the database has records already.
    """
    if not source.is_file():
        raise StoreError(f"the database {source} does not exist: name the file of the installation that moves")
    lock = claim_writer(source, BUSY_SECONDS)
    try:
        migrate_at(url)
        with closing(open_reading(source, BUSY_SECONDS)) as old, closing(connect(url)) as new:
            return _copied(old, new, url, report)
    except sqlite3.Error as error:
        raise StoreError(explain(source, error)) from error
    except psycopg.Error as error:
        raise StoreError(f"nothing was copied: {explained(url, error)}") from error
    finally:
        lock.release()


def _copied(old: sqlite3.Connection, new: psycopg.Connection, url: str, report: Report) -> Mapping[str, int]:
    old.execute("BEGIN")
    days = sorted({day for (id_,) in old.execute(IDS) if (day := day_of(id_)) is not None})
    _refuse_records(new, url)
    for place_ in range(0, len(days), DAYS_AT_ONCE):
        DayPartitions().ensure(new, days[place_ : place_ + DAYS_AT_ONCE])
    try:
        return _copied_rows(old, new, url, report)
    except errors.OutOfMemory as error:
        raise StoreError(_locks_needed(new, url, len(days))) from error


def _copied_rows(old: sqlite3.Connection, new: psycopg.Connection, url: str, report: Report) -> Mapping[str, int]:
    with new.transaction():
        _refuse_records(new, url)
        new.execute("DELETE FROM secrets")  # what a start drew; the sample must stay the same
        counts: dict[str, int] = {}
        for table in _tables(new):
            counts[table] = _copy_table(old, new, table)
            report(table, counts[table])
        for statement in SEQUENCES:
            new.execute(statement)
        for (table,) in new.execute(NUMBERED).fetchall():
            new.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'no'), max(no)) FROM {table} HAVING max(no) > 0")  # noqa: S608 - our own names
        new.execute(TIMED)
    new.execute("ANALYZE")
    return counts


def _refuse_records(new: psycopg.Connection, url: str) -> None:
    for table in ("exchanges", "studies", "spending"):
        if new.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():  # noqa: S608 - our own names
            raise StoreError(f"{place(url)} has records already, and nothing was copied: name an empty database")


def _locks_needed(new: psycopg.Connection, url: str, days: int) -> str:
    """What to set where one transaction locks more tables than the server has room for; a transaction locks those of each day."""
    [(a_day,)] = new.execute(LOCKS_A_DAY).fetchall()
    [(each, connections)] = new.execute(LOCKS).fetchall()
    return (
        f"nothing was copied: the file has records of {days:,} days, whose tables need up to {days * a_day:,} locks in one "
        f"transaction, and {place(url)} has room for about {each * connections:,}: set max_locks_per_transaction to "
        f"{-(-days * a_day // connections):,} for the time of the copy, and restart the server"
    )


def _tables(new: psycopg.Connection) -> list[str]:
    found = {name for (name,) in new.execute(TABLES)} - LEFT_OUT - set(ORDER)
    return [*ORDER, *sorted(found)]


def _copy_table(old: sqlite3.Connection, new: psycopg.Connection, table: str) -> int:
    types = column_types(new, table)
    cursor = old.execute(ROWS.get(table, f"SELECT * FROM {table}"))  # noqa: S608 - our own names
    places = {name: place for place, (name, *_) in reversed([*enumerate(cursor.description)])}
    columns = [name for name in types if name in places]
    rows: Iterator[tuple[object, ...]] = _whole_bodies(old, cursor, places) if table == "payloads" else cursor
    chosen = [(places[name], bool if types[name] == "boolean" else None) for name in columns]
    values = (tuple(kind(row[place]) if kind else row[place] for place, kind in chosen) for row in rows)
    return copy_rows(new, table, columns, [types[name] for name in columns], values)


def _whole_bodies(old: sqlite3.Connection, cursor: sqlite3.Cursor, places: Mapping[str, int]) -> Iterator[tuple[object, ...]]:
    """The rows of payloads; a body that was stored against another one is compressed alone."""
    compressor = BodyCompressor()
    body, base, number = (places[name] for name in ("request_body", "request_base", "exchange_no"))
    for row in cursor:
        if row[base] is None:
            yield row
        else:
            yield (*row[:body], compressor.compress(request_body(old, row[number])), *row[body + 1 :])
