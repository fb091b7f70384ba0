"""Rollups of tokens by the class they are priced in, by stretches of time, so that the money of a long period reads few rows.

A sum equals the count of the rows at any moment; only the ends of a period that cut a stretch are counted from rows.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from storage import rollup_keys
from storage.rollup_keys import DAY, STRETCH, TOKEN_SUMS
from storage.rows import TokenSum

OF_ROWS = """
count(*) AS answers, coalesce(sum(fresh_tokens), 0) AS fresh, coalesce(sum(cached_tokens), 0) AS cache_read,
coalesce(sum(cache_write_tokens), 0) - coalesce(sum(cache_write_1h_tokens), 0) AS cache_write_5m,
coalesce(sum(cache_write_1h_tokens), 0) AS cache_write_1h, coalesce(sum(output_tokens), 0) AS output,
coalesce(sum(reasoning_tokens), 0) AS reasoning, coalesce(sum(uncertain_tokens), 0) AS uncertain,
coalesce(sum(cost), 0.0) AS cost
"""
"""Sums of answers in one state of usage; only those with a state that has classes have tokens of a class."""
NAMES = "provider, model, role, usage_state, stated"
_ROWS = """(
SELECT no, id, started, provider, model, role, usage_state, cost IS NOT NULL AS stated, cost, fresh_tokens, output_tokens,
  reasoning_tokens, uncertain_tokens, cache_write_1h_tokens,
  CASE WHEN fresh_tokens IS NOT NULL THEN cached_tokens END AS cached_tokens,
  CASE WHEN fresh_tokens IS NOT NULL THEN cache_write_tokens END AS cache_write_tokens
FROM exchanges WHERE usage_state <> '' AND {})
"""
COUNTED = f"""
SELECT CAST(started / {{}} AS INTEGER) * {{}} AS began, {NAMES}, {OF_ROWS} FROM {_ROWS} GROUP BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608 - our own constants
_COLUMNS = ", ".join(TOKEN_SUMS)
ADD = f"""
INSERT INTO token_sums (began, {NAMES}, {_COLUMNS}) {COUNTED.format(STRETCH, STRETCH, "no > ?")}
ON CONFLICT (began, {NAMES}) DO UPDATE SET {", ".join(f"{name} = {name} + excluded.{name}" for name in TOKEN_SUMS)}
"""
GOING = COUNTED.format(STRETCH, STRETCH, "id IN (SELECT value FROM json_each(?))")
_KEY = f"WHERE (began, {NAMES}) = (?, ?, ?, ?, ?, ?)"
TAKE = f"UPDATE token_sums SET {', '.join(f'{name} = {name} - ?' for name in TOKEN_SUMS)} {_KEY}"  # noqa: S608 - as above
EMPTY = "DELETE FROM token_sums WHERE began = ? AND answers <= 0"
PERIOD = f"""
SELECT day, {NAMES}, {", ".join(f"sum({name})" for name in TOKEN_SUMS)} FROM (
SELECT began / {DAY} * {DAY} AS day, {NAMES}, {_COLUMNS} FROM token_sums WHERE began >= :first AND began < :last
UNION ALL SELECT began / {DAY} * {DAY}, {NAMES}, {_COLUMNS} FROM unkept_tokens WHERE began >= :begun AND began < :until
UNION ALL {COUNTED.format(DAY, DAY, "started >= :since AND started < :head")}
UNION ALL {COUNTED.format(DAY, DAY, "started >= :tail AND started < :until")}
) GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608 - as above


def add(conn: sqlite3.Connection, after: int) -> None:
    """Add the exchanges whose numbers are greater than `after`."""
    conn.execute(ADD, (after,))


def subtract(conn: sqlite3.Connection, exchanges: str) -> None:
    """Subtract what is about to be deleted: a JSON list of exchange ids."""
    rows = conn.execute(GOING, (exchanges,)).fetchall()
    conn.executemany(TAKE, [(*row[6:], *row[:6]) for row in rows])
    conn.executemany(EMPTY, {(began,) for began, *_ in rows})


def token_sums(conn: sqlite3.Connection, since: float, until: float) -> Sequence[TokenSum]:
    """The sums of a period by day of UTC, provider, model, role and state of usage; `until` is a moment."""
    return [TokenSum(*row) for row in conn.execute(PERIOD, rollup_keys.period(since, until))]
