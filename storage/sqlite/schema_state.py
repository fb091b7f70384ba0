"""Which steps of the schema a database has, by its own table of them: to open one that is current, no migration is imported.

The code of the steps and sqlite-utils, which imports numpy and pandas where they are installed, cost 2 to 50 MiB of memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

SCHEMA_NAME = "sameweights"
STEPS_TABLE = "_sqlite_migrations"
STEPS: Sequence[str] = (
    "m001_rows",
    "m002_indexes",
    "m003_identities",
    "m004_lineage",
    "m005_judgement",
    "m006_tallies",
    "m007_answers_letters_and_paces",
    "m008_passages",
    "m009_secrets",
    "m010_failed_checks",
    "m011_handovers",
    "m012_usage",
    "m013_signals",
    "m014_not_measured",
    "m015_signal_names",
    "m016_studies",
    "m017_passed_checks",
    "m018_denied",
    "m019_evident_pairs",
    "m020_operator_actions",
    "m021_failed_references",
    "m022_upstreams",
    "m023_long_periods",
    "m024_token_classes",
    "m025_kept_rows",
    "m026_tenant_spending",
    "m027_hour_sums",
    "m028_deleted_pairs",
)
"""The names of all steps in their order, as `storage.sqlite.migrations` has them."""


def why_not_ours(conn: sqlite3.Connection, steps: Sequence[str] = STEPS) -> str:
    """Why this database cannot be opened, as the end of a sentence; empty for a new, older or current one of sameweights."""
    tables = _tables(conn)
    applied = _applied(conn, tables)
    if applied - set(steps):
        return "was written by a newer version of sameweights: install that version, or change url in [storage]"
    if not applied and tables - {STEPS_TABLE}:
        return "is a SQLite database of another program: change url in [storage]"
    return ""


def pending(conn: sqlite3.Connection, steps: Sequence[str] = STEPS) -> bool:
    """True when steps are missing: the database is new or of an older version."""
    return bool(set(steps) - _applied(conn, _tables(conn)))


def _tables(conn: sqlite3.Connection) -> set[str]:
    return {str(name) for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _applied(conn: sqlite3.Connection, tables: set[str]) -> set[str]:
    if STEPS_TABLE not in tables:
        return set()
    rows = conn.execute(f"SELECT name FROM {STEPS_TABLE} WHERE migration_set = ?", (SCHEMA_NAME,))  # noqa: S608 - our own name
    return {str(name) for (name,) in rows}
