"""`IdentityReader`: queries about serving identities and their changes, request shapes, and findings by segment.

Periods are `since` <= started < `until`, in seconds since the epoch; `until` 0 is no bound.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

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
WITH cut AS (
  SELECT no, route, model, provider, reference, conversation, control_reason, key AS segment, value AS place
  FROM pairs, json_each(pairs.shape, '$.segments') WHERE started >= ? AND started < ?
)
SELECT route, model, provider, cut.reference, segment, place, signal, state, count(*) AS times,
       count(DISTINCT coalesce(nullif(conversation, ''), no)) AS conversations, comparison
FROM cut JOIN findings ON pair_no = no
WHERE state IN ('match', 'differ') AND (comparison = 'cross' OR comparison = 'self' AND control_reason = 'random')
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 11 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 11
"""
BY_STREAM = """
WITH newest AS (
  SELECT no, provider, model, stream, passed FROM exchanges WHERE started >= ? AND started < ? AND role = 'primary'
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
        return self._query(lambda conn: [_segment(row) for row in conn.execute(SEGMENTS, (since, until or FOREVER))])

    def by_stream(self, since: float, until: float, limit: int) -> Sequence[SegmentCount]:
        """Checks of the newest `limit` live answers of the period, counted by whether a stream was requested.

        Of checks that some of these answers failed; what could not be checked is left out. Their group holds provider and model
        alone, their segment is `stream`, and they stand in no conversation.
        """
        period = (since, until or FOREVER, limit)
        return self._query(lambda conn: [_segment(row) for row in conn.execute(BY_STREAM, period)])

    def limits(self, since: float, until: float) -> Mapping[tuple[str, str], tuple[int | None, int | None]]:
        """(largest accepted prompt in tokens, smallest request refused for its length in bytes) by provider and model."""
        period = traffic_rollups.period(since, until or FOREVER)
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
