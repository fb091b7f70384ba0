"""Renames the exclusion `barred` to `denied`, as migration step 18 was released; never edited, as `released_sql`."""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress

OLD, NEW = "barred", "denied"


def rename(conn: sqlite3.Connection) -> None:
    """Rename it in the pairs that it excluded, and in the coverage that the snapshots of groups hold."""
    conn.execute("UPDATE rulings SET reason = ? WHERE reason = ?", (NEW, OLD))
    conn.execute(
        "UPDATE trials SET excluded = trim(replace(',' || excluded || ',', ?, ?), ',') WHERE instr(',' || excluded || ',', ?)",
        (f",{OLD},", f",{NEW},", f",{OLD},"),
    )
    held = conn.execute("SELECT rowid, snapshot FROM cases WHERE instr(snapshot, ?)", (f'"{OLD}"',)).fetchall()
    conn.executemany("UPDATE cases SET snapshot = ? WHERE rowid = ?", [(_renamed(text), rowid) for rowid, text in held])


def _renamed(text: str) -> str:
    """The JSON of a snapshot with the new name; a text that is none is returned as it is."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        value = json.loads(text)
        value["reasons"] = [NEW if reason == OLD else reason for reason in value["reasons"]]
        value["counts"] = {NEW if reason == OLD else reason: count for reason, count in value["counts"].items()}
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text
