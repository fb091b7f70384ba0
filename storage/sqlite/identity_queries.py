"""`IdentityReader`: queries about serving identities and their changes, request shapes, and findings by segment.

Periods are `since` <= started < `until`, in seconds since the epoch; `until` 0 is no bound.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from storage import rollup_keys
from storage.rows import IdentityRow, PairGroup, SegmentCount
from storage.sqlite import traffic_rollups
from storage.sqlite.query_rows import FOREVER

Result = TypeVar("Result")
IDENTITIES = """
SELECT exchange_id, started, provider, model, identity, previous, changes, facts
FROM identities WHERE started >= ? AND started < ? ORDER BY started DESC, rowid DESC LIMIT ?
"""
IDENTITIES_OF = """
SELECT exchange_id, started, provider, model, identity, previous, changes, facts
FROM identities WHERE model = ? AND started <= ? ORDER BY started, rowid
"""
LATEST_IDENTITIES = """
SELECT exchange_id, started, provider, model, identity, previous, changes, facts
FROM identities WHERE rowid IN (SELECT max(rowid) FROM identities GROUP BY provider, model)
ORDER BY provider, model LIMIT ?
"""
SHAPES = """
SELECT route, model, provider, reference, shape FROM pairs
WHERE started >= ? AND started < ? AND comparable = '' ORDER BY started DESC, no DESC LIMIT ?
"""
SEGMENTS = """
WITH ranked AS MATERIALIZED (
  SELECT no, dense_rank() OVER (
    ORDER BY route, model, provider, reference, control_reason = 'random', json_extract(shape, '$.segments')
  ) AS place
  FROM pairs WHERE started >= :since AND started < :until
), counted AS (
  SELECT min(no) AS one, comparison, signal, state, count(*) AS times FROM ranked JOIN findings ON pair_no = no
  WHERE state IN ('match', 'differ') AND comparison IN ('cross', 'self') GROUP BY place, comparison, signal, state
), found AS (
  SELECT route, model, provider, p.reference, key, value, signal, count(DISTINCT coalesce(nullif(conversation, ''), no)) AS talks,
         comparison
  FROM pairs p JOIN findings f ON pair_no = no AND state = 'differ', json_each(p.shape, '$.segments')
  WHERE started >= :since AND started < :until AND (comparison = 'cross' OR control_reason = 'random')
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 9
)
SELECT p.route, p.model, p.provider, p.reference, j.key, j.value, c.signal, c.state, sum(times),
       CASE WHEN c.state = 'differ' THEN coalesce(max(talks), 0) ELSE 0 END, c.comparison
FROM counted c JOIN pairs p ON no = one, json_each(p.shape, '$.segments') j
LEFT JOIN found f ON (f.route, f.model, f.provider, f.reference, f.key, f.value, f.signal, f.comparison)
  = (p.route, p.model, p.provider, p.reference, j.key, j.value, c.signal, c.comparison)
WHERE c.comparison = 'cross' OR control_reason = 'random' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 11 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 11
"""
"""Grouped by one number for each group and shape, of which there are few; conversations are counted of differences alone."""
BY_STREAM = """
WITH newest AS (
  SELECT no, provider, model, stream, passed FROM exchanges
  WHERE started >= ? AND started < ? AND (drawn OR role = 'candidate') AND role IN ('primary', 'candidate')
  ORDER BY started DESC LIMIT ?
), faulty AS (
  SELECT DISTINCT signal AS found FROM newest CROSS JOIN checks ON exchange_no = no
  WHERE state = 'differ' AND comparison = 'check'
), sets AS (
  SELECT provider, model, stream, passed, count(*) AS times FROM newest WHERE passed <> 0 GROUP BY 1, 2, 3, 4
), checked AS (
  SELECT model, provider, stream, signal, state, 1 AS times FROM newest CROSS JOIN checks ON exchange_no = no
  WHERE comparison = 'check' AND state IN ('match', 'differ') AND signal IN (SELECT found FROM faulty)
  UNION ALL
  SELECT model, provider, stream, value, 'match', times FROM sets JOIN check_sets s ON s.no = passed, json_each(s.signals)
  WHERE value IN (SELECT found FROM faulty)
)
SELECT '' AS route, model, provider, '' AS reference, 'stream', CASE WHEN stream THEN 'yes' ELSE 'no' END AS place, signal, state,
       sum(times) AS times, 0, 'check'
FROM checked GROUP BY provider, model, place, signal, state ORDER BY provider, model, signal, place, state
"""


class RunQuery(Protocol):
    """Runs a query with a connection and returns its result."""

    def __call__(self, job: Callable[[sqlite3.Connection], Result], /) -> Result:
        """Errors of SQLite come as StoreError."""


class IdentityReader:
    """Queries about serving identities, request shapes and segments."""

    def __init__(self, query: RunQuery) -> None:
        self._query = query

    def identities(self, since: float, until: float, limit: int) -> Sequence[IdentityRow]:
        """The newest `limit` identities that began in the period, newest first."""
        period = (since, until or FOREVER, limit)
        return self._query(lambda conn: [_identity(row) for row in conn.execute(IDENTITIES, period)])

    def latest(self, limit: int) -> Sequence[IdentityRow]:
        """The latest identity of each provider and model."""
        return self._query(lambda conn: [_identity(row) for row in conn.execute(LATEST_IDENTITIES, (limit,))])

    def shapes(self, since: float, until: float, limit: int) -> Sequence[tuple[PairGroup, str]]:
        """(group, shape) of the newest `limit` comparable pairs of the period, newest first."""
        period = (since, until or FOREVER, limit)
        return self._query(lambda conn: [(_group(row), row[4]) for row in conn.execute(SHAPES, period)])

    def segments(self, since: float, until: float) -> Sequence[SegmentCount]:
        """Findings that match or differ, by group, segment, signal and comparison: `cross`, or `self` of a random control."""
        return self._query(
            lambda conn: [_segment(row) for row in conn.execute(SEGMENTS, {"since": since, "until": until or FOREVER})]
        )

    def by_stream(self, since: float, until: float, limit: int) -> Sequence[SegmentCount]:
        """Checks of the newest `limit` live answers of the period, counted by whether a stream was requested.

        Of checks that some of these answers failed; what could not be checked is left out. Their group holds provider and model
        alone, their segment is `stream`, and they stand in no conversation.
        """
        period = (since, until or FOREVER, limit)
        return self._query(lambda conn: [_segment(row) for row in conn.execute(BY_STREAM, period)])

    def limits(self, since: float, until: float) -> Mapping[tuple[str, str], tuple[int | None, int | None]]:
        """(largest accepted prompt in tokens, smallest request refused for its length in bytes) by provider and model."""
        period = rollup_keys.period(since, until or FOREVER)
        return self._query(
            lambda conn: {(row[0], row[1]): (row[2], row[3]) for row in conn.execute(traffic_rollups.LIMITS, period)}
        )


def identities_of(conn: sqlite3.Connection, model: str, until: float) -> Sequence[IdentityRow]:
    """The serving identities of a model up to a moment, oldest first."""
    return [_identity(row) for row in conn.execute(IDENTITIES_OF, (model, until))]


def _identity(row: tuple[str, float, str, str, str, str, str, str]) -> IdentityRow:
    return IdentityRow(
        exchange_id=row[0],
        started=row[1],
        provider=row[2],
        model=row[3],
        identity=row[4],
        previous=row[5],
        changes=row[6],
        facts=row[7],
    )


def _group(row: Sequence[str]) -> PairGroup:
    return PairGroup(route=row[0], model=row[1], provider=row[2], reference=row[3])


def _segment(row: tuple[str, str, str, str, str, str, str, str, int, int, str]) -> SegmentCount:
    return SegmentCount(
        group=_group(row[:4]),
        segment=row[4],
        value=row[5],
        signal=row[6],
        state=row[7],
        count=row[8],
        conversations=row[9],
        comparison=row[10],
    )
