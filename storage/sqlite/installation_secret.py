"""stored_secret(): the secret of an installation, drawn once and stored in a table that nothing else reads."""

from __future__ import annotations

import secrets
import sqlite3

SIZE = 32
NAME = "installation"
DRAW = "INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)"
READ = "SELECT value FROM secrets WHERE name = ?"


def stored_secret(conn: sqlite3.Connection) -> bytes:
    """The stored secret; drawn first where there is none. One that another connection stored meanwhile takes precedence."""
    found = conn.execute(READ, (NAME,)).fetchone()
    if found is None:
        conn.execute(DRAW, (NAME, secrets.token_bytes(SIZE)))
        found = conn.execute(READ, (NAME,)).fetchone()
    return bytes(found[0])
