"""Queries of the pace judge: live answers with their times in the order they were finished, and stored paces."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from storage.judgement_rows import PaceRow, TimedRow

TIMED = """
SELECT no, id, provider, model, started + seconds, first_token, seconds, completion_tokens FROM exchanges
WHERE no > ? AND role = 'primary' AND drawn AND failure = '' AND status < 400 ORDER BY no LIMIT ?
"""
LAST = "SELECT coalesce(max(no), 0) FROM exchanges"
PACES = "SELECT provider, model, measure, last_no, snapshot FROM paces ORDER BY provider, model, measure"
WRITE = """
INSERT INTO paces (provider, model, measure, last_no, snapshot) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (provider, model, measure) DO UPDATE SET last_no = excluded.last_no, snapshot = excluded.snapshot
"""


def timed_answers(conn: sqlite3.Connection, after: int, limit: int) -> Sequence[TimedRow]:
    """The next live answers received whole, by number, above `after`; from the first where all exchanges were deleted."""
    (last,) = conn.execute(LAST).fetchone()
    return [
        TimedRow(
            no=row[0],
            exchange_id=row[1],
            provider=row[2],
            model=row[3],
            ended=row[4],
            first_token=row[5],
            seconds=row[6],
            completion_tokens=row[7],
        )
        for row in conn.execute(TIMED, (after if after <= last else 0, limit))
    ]


def paces(conn: sqlite3.Connection) -> Sequence[PaceRow]:
    """Every stored pace."""
    return [
        PaceRow(provider=row[0], model=row[1], measure=row[2], last_no=row[3], snapshot=row[4]) for row in conn.execute(PACES)
    ]


def write(conn: sqlite3.Connection, rows: Iterable[PaceRow]) -> None:
    """Insert or replace each pace, within the transaction of the caller."""
    conn.executemany(WRITE, [(row.provider, row.model, row.measure, row.last_no, row.snapshot) for row in rows])
