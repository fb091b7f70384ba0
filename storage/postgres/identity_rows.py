"""`PostgresIdentityQueries`: serving identities and their changes, request shapes, and findings by segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg

from storage.identity_repeats import LATEST as LATEST_OF_EACH
from storage.identity_repeats import new_identities
from storage.postgres.period_counts import limits_of
from storage.postgres.result_rows import RunTransaction, group_of, grouped_as, period, rows_as
from storage.prepared_records import Values
from storage.rows import IdentityRow, PairGroup, SegmentCount

IDENTITY_LOCK = 7_361_004
"""Advisory lock of the process that stores serving identities, held until they are committed."""

IDENTITIES = """
SELECT * FROM identities WHERE started >= %(since)s AND started < %(until)s ORDER BY started DESC, no DESC LIMIT %(limit)s
"""
IDENTITIES_OF = "SELECT * FROM identities WHERE model = %s AND started <= %s ORDER BY started, no"
LATEST = """
SELECT * FROM identities WHERE no IN (SELECT max(no) FROM identities GROUP BY provider, model) ORDER BY provider, model LIMIT %s
"""
SHAPES = """
SELECT route, model, provider, reference, shape FROM pairs
WHERE id >= %(first)s AND started >= %(since)s AND started < %(until)s AND comparable = ''
ORDER BY started DESC, no DESC LIMIT %(limit)s
"""
SEGMENTS = """
WITH ranked AS MATERIALIZED (
  SELECT id, dense_rank() OVER (
    ORDER BY route, model, provider, reference, control_reason = 'random', shape::jsonb -> 'segments'
  ) AS alike
  FROM pairs WHERE id >= %(first)s AND started >= %(since)s AND started < %(until)s
), counted AS (
  SELECT min(id) AS one, comparison, signal, state, count(*) AS times
  FROM ranked JOIN findings ON pair_id = id AND pair_id >= %(first)s
  WHERE state IN ('match', 'differ') AND comparison IN ('cross', 'self') GROUP BY alike, comparison, signal, state
), found AS (
  SELECT route, model, provider, p.reference, key, value, signal, count(DISTINCT coalesce(nullif(conversation, ''), id)) AS talks,
         comparison
  FROM pairs p JOIN findings f ON pair_id = id AND pair_id >= %(first)s AND state = 'differ',
       jsonb_each_text(p.shape::jsonb -> 'segments')
  WHERE id >= %(first)s AND started >= %(since)s AND started < %(until)s AND (comparison = 'cross' OR control_reason = 'random')
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 9
)
SELECT p.route, p.model, p.provider, p.reference, j.key AS segment, j.value, c.signal, c.state, sum(times)::bigint AS count,
       CASE WHEN c.state = 'differ' THEN coalesce(max(talks), 0) ELSE 0 END AS conversations, c.comparison
FROM counted c JOIN pairs p ON id = one AND id >= %(first)s CROSS JOIN LATERAL jsonb_each_text(p.shape::jsonb -> 'segments') j
LEFT JOIN found f ON (f.route, f.model, f.provider, f.reference, f.key, f.value, f.signal, f.comparison)
  = (p.route, p.model, p.provider, p.reference, j.key, j.value, c.signal, c.comparison)
WHERE c.comparison = 'cross' OR control_reason = 'random' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 11 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 11
"""
"""Grouped by one number for each group and shape, of which there are few; conversations are counted of differences alone."""
BY_STREAM = """
WITH newest AS MATERIALIZED (
  SELECT id, provider, model, stream, passed FROM exchanges
  WHERE id >= %(first)s AND started >= %(since)s AND started < %(until)s AND role IN ('primary', 'candidate')
    AND (drawn OR role = 'candidate')
  ORDER BY started DESC LIMIT %(limit)s
), found AS MATERIALIZED (
  SELECT model, provider, stream, signal, state FROM newest JOIN checks ON exchange_id = id AND exchange_id >= %(first)s
  WHERE comparison = 'check' AND state IN ('match', 'differ')
), faulty AS (
  SELECT DISTINCT signal FROM found WHERE state = 'differ'
), sets AS (
  SELECT provider, model, stream, passed, count(*) AS times FROM newest WHERE passed <> 0 GROUP BY 1, 2, 3, 4
), checked AS (
  SELECT model, provider, stream, signal, state, 1 AS times FROM found WHERE signal IN (SELECT signal FROM faulty)
  UNION ALL
  SELECT model, provider, stream, value, 'match', times
  FROM sets JOIN check_sets s ON s.no = passed, jsonb_array_elements_text(s.signals::jsonb)
  WHERE value IN (SELECT signal FROM faulty)
)
SELECT '' AS route, model, provider, '' AS reference, 'stream' AS segment, CASE WHEN stream THEN 'yes' ELSE 'no' END AS value,
       signal, state, sum(times)::bigint AS count, 0 AS conversations, 'check' AS comparison
FROM checked GROUP BY provider, model, stream, signal, state ORDER BY provider, model, signal, value, state
"""


class PostgresIdentityQueries:
    """Queries about serving identities, request shapes and segments; `latest` runs those that an audit starts from."""

    def __init__(self, query: RunTransaction, *, latest: RunTransaction | None = None) -> None:
        self._query = query
        self._latest = latest or query

    def identities(self, since: float, until: float, limit: int) -> Sequence[IdentityRow]:
        """The newest `limit` identities that began in the period, newest first."""
        values = period(since, until, limit=limit)
        return self._query(lambda conn: rows_as(IdentityRow, conn.execute(IDENTITIES, values)))

    def latest(self, limit: int) -> Sequence[IdentityRow]:
        """The latest identity of each provider and model."""
        return self._latest(lambda conn: rows_as(IdentityRow, conn.execute(LATEST, (limit,))))

    def shapes(self, since: float, until: float, limit: int) -> Sequence[tuple[PairGroup, str]]:
        """(group, shape) of the newest `limit` comparable pairs of the period, newest first."""
        values = period(since, until, limit=limit)
        return self._query(lambda conn: [(group_of(row[:4]), row[4]) for row in conn.execute(SHAPES, values)])

    def segments(self, since: float, until: float) -> Sequence[SegmentCount]:
        """Findings that match or differ, by group, segment, signal and comparison: `cross`, or `self` of a random control."""
        return self._query(lambda conn: grouped_as(SegmentCount, conn.execute(SEGMENTS, period(since, until))))

    def by_stream(self, since: float, until: float, limit: int) -> Sequence[SegmentCount]:
        """Checks of the newest `limit` live answers of the period, counted by whether a stream was requested.

        Of checks that some of these answers failed; what could not be checked is left out. Their group holds provider and model
        alone, their segment is `stream`, and they stand in no conversation.
        """
        values = period(since, until, limit=limit)
        return self._query(lambda conn: grouped_as(SegmentCount, conn.execute(BY_STREAM, values)))

    def limits(self, since: float, until: float) -> Mapping[tuple[str, str], tuple[int | None, int | None]]:
        """(largest accepted prompt in tokens, smallest request refused for its length in bytes) by provider and model."""
        return self._query(lambda conn: limits_of(conn, since, until))


def identities_up_to(conn: psycopg.Connection, model: str, until: float) -> Sequence[IdentityRow]:
    """The serving identities of a model up to a moment, oldest first."""
    return rows_as(IdentityRow, conn.execute(IDENTITIES_OF, (model, until)))


def unstored_identities(conn: psycopg.Connection, rows: Sequence[Values]) -> list[Values]:
    """Those that no process has stored; the next process that stores any waits until this transaction has ended."""
    conn.execute("SELECT pg_advisory_xact_lock(%s)", (IDENTITY_LOCK,))
    return new_identities(rows, conn.execute(LATEST_OF_EACH.format("no")).fetchall())
