"""Questions about who served and what was asked: identities with their changes, shapes of requests, and findings by segment.

Periods are `since` <= started < `until`, in seconds since the epoch; `until` 0 is no bound.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from storage.rows import Group, IdentityRow, SegmentCount

Result = TypeVar("Result")
FOREVER = 9e18
IDENTITIES = """
SELECT exchange_id, started, provider, model, identity, previous, changes, facts
FROM identities WHERE started >= ? AND started < ? ORDER BY started DESC, rowid DESC LIMIT ?
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
  SELECT no, route, model, provider, reference, conversation, key AS segment, value AS place
  FROM pairs, json_each(pairs.shape, '$.segments') WHERE started >= ? AND started < ?
)
SELECT route, model, provider, cut.reference, segment, place, aspect, state, count(*) AS times,
       count(DISTINCT coalesce(nullif(conversation, ''), no)) AS conversations
FROM cut JOIN findings ON pair_no = no WHERE comparison = 'cross' AND state IN ('match', 'differ')
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
"""

LIMITS = """
SELECT provider, model, max(CASE WHEN failure = '' AND status < 400 THEN prompt_tokens END) AS accepted,
       min(CASE WHEN (unread <> '' OR status >= 400) AND EXISTS (
             SELECT 1 FROM checks WHERE exchange_no = no AND comparison = 'check' AND aspect = 'context_limit'
             AND state = 'differ'
           ) THEN request_size END) AS refused
FROM exchanges WHERE started >= ? AND started < ? GROUP BY 1, 2
"""


class Asking(Protocol):
    """Puts a question to a connection and gives back its answer."""

    def __call__(self, job: Callable[[sqlite3.Connection], Result], /) -> Result:
        """Errors of SQLite come as StoreError."""


class PortraitReader:
    """Who served, and what was asked."""

    def __init__(self, ask: Asking) -> None:
        self._ask = ask

    def identities(self, since: float, until: float, limit: int) -> Sequence[IdentityRow]:
        """The newest `limit` identities that began in the period, newest first."""
        period = (since, until or FOREVER, limit)
        return self._ask(lambda conn: [_identity(row) for row in conn.execute(IDENTITIES, period)])

    def latest(self, limit: int) -> Sequence[IdentityRow]:
        """The latest identity of each provider and model."""
        return self._ask(lambda conn: [_identity(row) for row in conn.execute(LATEST_IDENTITIES, (limit,))])

    def shapes(self, since: float, until: float, limit: int) -> Sequence[tuple[Group, str]]:
        """(group, shape) of the newest `limit` comparable pairs of the period, newest first."""
        period = (since, until or FOREVER, limit)
        return self._ask(lambda conn: [(_group(row), row[4]) for row in conn.execute(SHAPES, period)])

    def segments(self, since: float, until: float) -> Sequence[SegmentCount]:
        """Cross findings that match or differ, by group, segment and signal."""
        return self._ask(lambda conn: [_segment(row) for row in conn.execute(SEGMENTS, (since, until or FOREVER))])

    def limits(self, since: float, until: float) -> Mapping[tuple[str, str], tuple[int | None, int | None]]:
        """(largest accepted prompt in tokens, smallest request refused for its length in bytes) by provider and model."""
        period = (since, until or FOREVER)
        return self._ask(lambda conn: {(row[0], row[1]): (row[2], row[3]) for row in conn.execute(LIMITS, period)})


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


def _group(row: Sequence[str]) -> Group:
    return Group(route=row[0], model=row[1], provider=row[2], reference=row[3])


def _segment(row: tuple[str, str, str, str, str, str, str, str, int, int]) -> SegmentCount:
    return SegmentCount(
        group=_group(row[:4]), segment=row[4], value=row[5], aspect=row[6], state=row[7], count=row[8], conversations=row[9]
    )
