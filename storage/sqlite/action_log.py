"""add(), drop_older(), newest(): actions of operators, with who, when and why."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from storage.page_rows import OperatorActionRow

INSERT = """
INSERT INTO operator_actions (at, action, by, why, provider, model, until, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
NEWEST = """
SELECT at, action, by, why, provider, model, until, result FROM operator_actions WHERE provider = ? ORDER BY no DESC LIMIT ?
"""
DELETE_OLDER = """
DELETE FROM operator_actions WHERE at < ?1 AND until < ?1 AND NOT (action = 'unmute' AND EXISTS (
  SELECT 1 FROM operator_actions m
  WHERE m.action = 'mute' AND m.provider = operator_actions.provider AND m.no < operator_actions.no AND m.until >= ?1
))
"""
"""The end of a mute stays as long as the mute, which would hold again without it."""


def add(conn: sqlite3.Connection, row: OperatorActionRow) -> None:
    """Store one action."""
    conn.execute(INSERT, (row.at, row.action, row.by, row.why, row.provider, row.model, row.until, row.result))


def drop_older(conn: sqlite3.Connection, before: float) -> int:
    """Delete the actions from before `before` (epoch seconds) whose mute has ended before it too; the number deleted."""
    return conn.execute(DELETE_OLDER, (before,)).rowcount


def newest(conn: sqlite3.Connection, provider: str, limit: int) -> Sequence[OperatorActionRow]:
    """The newest actions about a provider, newest first."""
    names = ("at", "action", "by", "why", "provider", "model", "until", "result")
    return [OperatorActionRow(**dict(zip(names, row, strict=True))) for row in conn.execute(NEWEST, (provider, limit))]
