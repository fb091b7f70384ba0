"""Rollups of traffic by stretches of time, updated as rows are written and deleted, so that long periods read few rows.

A sum equals the count of the rows at any moment; only the ends of a period that cut a stretch are counted from rows.
"""

from __future__ import annotations

import sqlite3

from storage.rollup_keys import CREDIBLE, STRETCH, SUMS

OF_ROWS = f"""
count(*) AS requests, sum(model <> '' OR method = 'POST') AS asked, sum(failure <> '') AS failures,
sum(failure = '' AND coalesce(status, 0) >= 400) AS errors,
coalesce(sum(min(prompt_tokens, {CREDIBLE})), 0) AS prompt_tokens,
coalesce(sum(min(completion_tokens, {CREDIBLE})), 0) AS completion_tokens
"""
BOUNDS = """
max(CASE WHEN failure = '' AND status < 400 THEN prompt_tokens END) AS accepted,
min(CASE WHEN (unread <> '' OR status >= 400) AND EXISTS (
  SELECT 1 FROM checks WHERE exchange_no = no AND comparison = 'check' AND signal = 'context_limit' AND state = 'differ'
) THEN request_size END) AS refused
"""
_COUNTED = f"SELECT CAST(started / {STRETCH} AS INTEGER) * {STRETCH}, provider, model, role, {OF_ROWS}"
_EDGE = f"SELECT 0, provider, model, role, {OF_ROWS}, {BOUNDS}"
_KEY = "WHERE began = ? AND provider = ? AND model = ? AND role = ?"
_TOTALS = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
ADD = f"""
INSERT INTO passages {_COUNTED}, {BOUNDS} FROM exchanges WHERE no > ? GROUP BY 1, 2, 3, 4
ON CONFLICT (began, provider, model, role) DO UPDATE SET {", ".join(f"{name} = {name} + excluded.{name}" for name in SUMS)},
accepted = max(coalesce(accepted, excluded.accepted), coalesce(excluded.accepted, accepted)),
refused = min(coalesce(refused, excluded.refused), coalesce(excluded.refused, refused))
"""
GOING = f"{_COUNTED} FROM exchanges WHERE id IN (SELECT value FROM json_each(?)) GROUP BY 1, 2, 3, 4"  # noqa: S608 - our own constants
TAKE = f"UPDATE passages SET {', '.join(f'{name} = {name} - ?' for name in SUMS)} {_KEY}"  # noqa: S608 - as above
EMPTY = "DELETE FROM passages WHERE began = ? AND requests <= 0"
_WITHIN = f"""(
SELECT * FROM passages WHERE began >= :first AND began < :last
UNION ALL SELECT began, provider, model, role, {", ".join(SUMS)}, accepted, NULL
FROM unkept_passages WHERE began >= :begun AND began < :until
UNION ALL {_EDGE} FROM exchanges WHERE started >= :since AND started < :head GROUP BY provider, model, role
UNION ALL {_EDGE} FROM exchanges WHERE started >= :tail AND started < :until GROUP BY provider, model, role
)"""  # noqa: S608 - as above
TRAFFIC = f"SELECT provider, model, role, {_TOTALS} FROM {_WITHIN} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"  # noqa: S608 - as above
LIMITS = f"SELECT provider, model, max(accepted), min(refused) FROM {_WITHIN} GROUP BY 1, 2"  # noqa: S608 - as above


def add(conn: sqlite3.Connection, after: int) -> None:
    """Add the exchanges whose numbers are greater than `after`; their checks must be written already."""
    conn.execute(ADD, (after,))


def subtract(conn: sqlite3.Connection, exchanges: str) -> None:
    """Subtract what is about to be deleted: a JSON list of exchange ids. The bounds of a stretch go with its last exchange."""
    rows = conn.execute(GOING, (exchanges,)).fetchall()
    conn.executemany(TAKE, [(*row[4:], *row[:4]) for row in rows])
    conn.executemany(EMPTY, {(began,) for began, *_ in rows})
