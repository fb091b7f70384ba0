"""The schema as a list of steps, each applied once to a database and never changed afterwards; new steps go to the end.

Exchanges and pairs are numbered (`no`) beside their ids, so that what hangs on them needs eight bytes, not an id, a row.
What is wide and rarely read (headers, bodies, marks) lies in `payloads`, so that counting exchanges does not read it.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations
from sqlite_utils.db import ForeignKey, Table

SCHEMA = Migrations("sameweights")


@SCHEMA()
def m001_rows(db: Database) -> None:
    """The tables, and the two ids that may not come twice."""
    _table(
        db,
        "exchanges",
        {
            "no": int,
            "id": str,
            "role": str,
            "started": float,
            "route": str,
            "provider": str,
            "reference": str,
            "model": str,
            "stream": int,
            "tag": str,
            "conversation": str,
            "method": str,
            "target": str,
            "status": int,
            "failure": str,
            "failure_detail": str,
            "unread": str,
            "echoed_model": str,
            "fingerprint": str,
            "finish_reason": str,
            "prompt_tokens": int,
            "completion_tokens": int,
            "seconds": float,
            "overhead": float,
            "head_seconds": float,
            "first_chunk": float,
            "first_token": float,
            "request_size": int,
            "request_digest": str,
            "response_size": int,
            "response_digest": str,
        },
        optional=frozenset({"status", "prompt_tokens", "completion_tokens", "head_seconds", "first_chunk", "first_token"}),
        key="no",
    )
    _table(
        db,
        "payloads",
        {
            "exchange_no": int,
            "request_headers": str,
            "response_headers": str,
            "request_body": bytes,
            "response_body": bytes,
            "marks": bytes,
        },
        optional=frozenset({"request_body", "response_body"}),
        key="exchange_no",
        parent=("exchange_no", "exchanges", "no"),
    )
    _table(
        db,
        "tool_calls",
        {"exchange_no": int, "position": int, "call_id": str, "name": str, "arguments": str, "outcome": str},
        parent=("exchange_no", "exchanges", "no"),
    )
    _table(
        db,
        "checks",
        {
            "exchange_no": int,
            "comparison": str,
            "aspect": str,
            "state": str,
            "score": float,
            "reason": str,
            "subject": str,
            "reference": str,
        },
        optional=frozenset({"score"}),
        parent=("exchange_no", "exchanges", "no"),
    )
    _table(
        db,
        "pairs",
        {
            "no": int,
            "id": str,
            "started": float,
            "route": str,
            "model": str,
            "provider": str,
            "reference": str,
            "conversation": str,
            "request_fingerprint": str,
            "subject_id": str,
            "reference_id": str,
            "control_id": str,
            "control_reason": str,
            "comparable": str,
            "alterations": str,
        },
        key="no",
        parent=("subject_id", "exchanges", "id"),
    )
    _table(
        db,
        "findings",
        {
            "pair_no": int,
            "exchange_id": str,
            "comparison": str,
            "aspect": str,
            "state": str,
            "score": float,
            "reason": str,
            "subject": str,
            "reference": str,
        },
        optional=frozenset({"score"}),
        parent=("pair_no", "pairs", "no"),
    )
    _table(db, "payoffs", {"pair_no": int, "signal": str, "payoff": int}, parent=("pair_no", "pairs", "no"))
    db.table("exchanges").create_index(["id"], unique=True)
    db.table("pairs").create_index(["id"], unique=True)


@SCHEMA()
def m002_indexes(db: Database) -> None:
    """What the questions and the retention search by; the two on findings and checks answer the counts without the rows."""
    for table, columns in (
        ("exchanges", ["started"]),
        ("tool_calls", ["exchange_no"]),
        ("checks", ["exchange_no", "comparison", "aspect", "state"]),
        ("pairs", ["started"]),
        ("pairs", ["provider", "started"]),
        ("pairs", ["model", "started"]),
        ("pairs", ["subject_id"]),
        ("pairs", ["reference_id"]),
        ("pairs", ["control_id"]),
        ("findings", ["pair_no", "comparison", "aspect", "state"]),
        ("payoffs", ["pair_no"]),
    ):
        db.table(table).create_index(columns, if_not_exists=True)


def wrong(conn: sqlite3.Connection, schema: Migrations = SCHEMA) -> str:
    """Why this database is not ours to open, as the end of a sentence; empty when it is, be it new, old or current."""
    db = _database(conn)
    applied = {step.name for step in schema.applied(db)}
    if applied - {step.name for step in schema._migrations}:  # noqa: SLF001 - a set lists its own steps nowhere else
        return "was written by a newer version of sameweights: install that version, or change url in [storage]"
    if not applied and set(db.table_names()) - {schema.migrations_table}:
        return "is a SQLite database of another program: change url in [storage]"
    return ""


def pending(conn: sqlite3.Connection, schema: Migrations = SCHEMA) -> bool:
    """True when steps are missing: the database is new or of an older version."""
    return bool(schema.pending(_database(conn)))


def migrate(conn: sqlite3.Connection, schema: Migrations = SCHEMA) -> None:
    """Apply the steps that are missing, each in a transaction of its own; a step that fails leaves nothing behind."""
    schema.apply(_database(conn))


def _database(conn: sqlite3.Connection) -> Database:
    """sqlite-utils over our connection, without the plugins that may be installed for its command."""
    return Database(conn, recursive_triggers=False, execute_plugins=False)


def _table(
    db: Database,
    name: str,
    columns: dict[str, type],
    *,
    optional: frozenset[str] = frozenset(),
    key: str | None = None,
    parent: tuple[str, str, str] | None = None,
) -> Table:
    """A STRICT table; every column but the `optional` is NOT NULL; the rows go with their `parent` row."""
    links = [ForeignKey(name, *parent, on_delete="CASCADE")] if parent else []
    return db.table(name).create(columns, pk=key, not_null=set(columns) - optional - {key}, foreign_keys=links, strict=True)
