"""Rollups of findings and checks, updated as rows are written and deleted, so that a report adds counts and reads no rows.

One row for each ten minutes, group, comparison, signal, state and control reason. The ends of a period that cut a stretch of ten
minutes are counted from the findings themselves, so the sums are exact for any period.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping

from storage.rollup_keys import Key, begun

ADD = """
INSERT INTO tallies (began, route, model, provider, reference, comparison, signal, state, control_reason, times)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (began, route, model, provider, reference, comparison, signal, state, control_reason)
DO UPDATE SET times = times + excluded.times
"""
EMPTY = "DELETE FROM tallies WHERE began = ? AND times <= 0"
OF_PAIRS = """
SELECT CAST(started / 600 AS INTEGER) * 600, route, model, provider, p.reference, comparison, signal, state, control_reason,
       count(*)
FROM pairs p JOIN findings ON pair_no = no WHERE no IN (SELECT value FROM json_each(?)) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""
OF_EXCHANGES = """
SELECT CAST(started / 600 AS INTEGER) * 600, route, model, provider, e.reference, comparison, signal, state, '', count(*)
FROM exchanges e JOIN checks ON exchange_no = no WHERE id IN (SELECT value FROM json_each(?)) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
OF_PASSED = """
WITH going AS (
  SELECT CAST(started / 600 AS INTEGER) * 600 AS began, route, model, provider, reference, passed, count(*) AS times
  FROM exchanges WHERE passed <> 0 AND id IN (SELECT value FROM json_each(?)) GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT began, route, model, provider, reference, 'check', value, 'match', '', sum(times)
FROM going JOIN check_sets s ON s.no = passed, json_each(s.signals) GROUP BY 1, 2, 3, 4, 5, 7
"""
_SUMS = """
SELECT route, model, provider, reference, comparison, signal, state, control_reason, sum(times) FROM tallies{}
WHERE began >= ? AND began < ? GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
UNKEPT = """
SELECT route, model, provider, reference, comparison, signal, state, control_reason, sum(times) FROM unkept_tallies
WHERE began >= ? AND began < ? GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
SUMS, SUMS_OF_LONG = _SUMS.format(""), _SUMS.format(" INDEXED BY idx_tallies_group")
LONG = 3 * 86_400
"""Seconds from which a scan of all rollups in the order of their groups is cheaper than to sort those of the period."""


def add(conn: sqlite3.Connection, counts: Mapping[Key, int]) -> None:
    """Add counts to their rollup rows."""
    conn.executemany(ADD, [(*key, times) for key, times in counts.items()])


def sums(conn: sqlite3.Connection, first: int, last: int) -> Iterator[tuple[str | int, ...]]:
    """(route, model, provider, reference, comparison, signal, state, control_reason, times) of the whole stretches between."""
    yield from conn.execute(SUMS_OF_LONG if last - first >= LONG else SUMS, (first, last))


def unkept(conn: sqlite3.Connection, since: float, until: float) -> Iterator[tuple[str | int, ...]]:
    """The same of exchanges without a row, of every stretch that a period touches."""
    yield from conn.execute(UNKEPT, (begun(since), until))


def subtract(conn: sqlite3.Connection, exchanges: str, pairs: str) -> None:
    """Subtract what is about to be deleted: JSON lists of exchange ids and of pair numbers."""
    rows = [*conn.execute(OF_PAIRS, (pairs,))]
    rows += [row for statement in (OF_EXCHANGES, OF_PASSED) for row in conn.execute(statement, (exchanges,))]
    conn.executemany(ADD, [(*key, -times) for *key, times in rows])
    conn.executemany(EMPTY, {(began,) for began, *_ in rows})
