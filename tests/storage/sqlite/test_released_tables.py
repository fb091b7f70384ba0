"""The tables of the first schema, column by column; the whole statements are compared in test_migrations."""

import sqlite3
from contextlib import closing

from sqlite_utils import Database

from storage.sqlite.released_tables import first_tables


def test_first_tables_are_those_of_the_first_schema():
    with closing(sqlite3.connect(":memory:")) as conn:
        first_tables(Database(conn, execute_plugins=False))
        rows = conn.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        columns = [row[1] for row in conn.execute("PRAGMA table_info(payoffs)")]
    names = ["checks", "exchanges", "findings", "pairs", "payloads", "payoffs", "tool_calls"]
    assert [name for (name,) in rows] == names
    assert columns == ["pair_no", "signal", "payoff"]
