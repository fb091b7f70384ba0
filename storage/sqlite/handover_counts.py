"""How many exchanges of each source are stored, counted in the transaction that stores them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

ADD = "INSERT INTO handovers (source, stored) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET stored = stored + excluded.stored"
FORGET = "DELETE FROM handovers WHERE source NOT LIKE ? || '/%'"
READ = "SELECT source, stored FROM handovers"


def add(conn: sqlite3.Connection, counts: Mapping[str, int]) -> None:
    """Count what the open transaction stores, by source."""
    conn.executemany(ADD, list(counts.items()))


def begin(conn: sqlite3.Connection, run: str) -> Mapping[int, int]:
    """What this `serve` has stored already, by worker; the counts of earlier ones are deleted."""
    conn.execute(FORGET, (run,))
    return {int(name.rpartition("/")[2]): stored for name, stored in conn.execute(READ)}
