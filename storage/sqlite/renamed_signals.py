"""Renames the signals of 0.1.0 in a database, as migration step 15 was released; never edited, as `released_sql`."""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from typing import Any

RENAMED = {
    "action": "answer_kind",
    "trigger": "calls_tool",
    "trigger_rate": "calls_tool_rate",
    "tool_names": "tools",
    "args": "arguments",
    "schema": "valid_calls",
    "call_schema": "valid_calls",
}
TABLES = ("findings", "checks", "tallies", "payoffs")
COLUMNS = (("cases", "snapshot"), ("alarms", "details"))


def rename(conn: sqlite3.Connection) -> None:
    """Rename them in every row, in the snapshots of groups and in the alarms."""
    names = json.dumps(RENAMED)
    for table, column in (*((table, "signal") for table in TABLES), ("alarms", "name")):
        conn.execute(
            f"UPDATE {table} SET {column} = (SELECT value FROM json_each(?1) WHERE key = {column}) "  # noqa: S608 - our own names
            f"WHERE {column} IN (SELECT key FROM json_each(?1))",
            (names,),
        )
    for table, column in COLUMNS:
        rows = conn.execute(f"SELECT rowid, {column} FROM {table}").fetchall()  # noqa: S608 - our own names
        changed = [(_renamed(text), rowid) for rowid, text in rows]
        conn.executemany(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", changed)  # noqa: S608 - our own names


def _renamed(text: str) -> str:
    """The JSON of a snapshot or an alarm with the new names; a text that is neither is returned as it is."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        value = json.loads(text)
        for test in _tests(value):
            _rename_in(test)
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text


def _tests(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects that name a signal."""
    if "watch" not in value:
        return list(value.get("tests", ()))
    watch = value["watch"]
    found = [*watch["tests"], *watch["latches"], *watch["failing"], watch["named"], value["look"], value["told"]]
    return [each for each in found if each]


def _rename_in(test: dict[str, Any]) -> None:
    for member in ("signal", "title", "name"):
        if member in test:
            test[member] = RENAMED.get(test[member], test[member])
    if "key" in test:
        test["key"][0] = RENAMED.get(test["key"][0], test["key"][0])
