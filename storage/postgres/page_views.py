"""`PostgresPageQueries`: the queries that pages alone need; long periods are read from sums."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import ceil

import psycopg

from storage.page_rows import ConversationTurn, CoursePoint, OperatorActionRow
from storage.postgres.found_pairs import evidence_condition
from storage.postgres.result_rows import Results, RunTransaction, group_of, period, rows_as
from storage.recorded_names import names_statement
from storage.rollup_keys import STRETCH
from storage.rows import Standing

LONG = 24 * STRETCH
"""Seconds from which a course is read from sums, whose steps are then fine enough."""
EXTENT = """
SELECT min(started), max(started) FROM pairs WHERE id >= %(first)s AND started >= %(since)s AND started < %(until)s
"""
_SUMS = """
coalesce(sum(times) FILTER (WHERE comparison = 'cross' AND state = 'differ'), 0)::bigint,
coalesce(sum(times) FILTER (WHERE comparison = 'cross'), 0)::bigint,
coalesce(sum(times) FILTER (WHERE comparison = 'self' AND state = 'differ'), 0)::bigint,
coalesce(sum(times) FILTER (WHERE comparison = 'self'), 0)::bigint
"""
_COMPARED = """
state IN ('match', 'differ') AND (comparison = 'cross' OR (comparison = 'self' AND control_reason = 'random'))
AND signal = ANY(%(signals)s)
"""
FROM_SUMS = f"""
SELECT route, model, provider, reference, signal, floor((began - %(begin)s) / %(step)s::float8)::bigint AS place, {_SUMS}
FROM tallies WHERE began >= %(begin)s AND began < %(end)s AND {_COMPARED} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 6
"""  # noqa: S608 - our own constants
FROM_PAIRS = f"""
SELECT route, model, provider, p.reference, signal, floor((started - %(begin)s) / %(step)s::float8)::bigint AS place, {_SUMS}
FROM (SELECT *, 1 AS times FROM pairs WHERE id >= %(first)s AND started >= %(begin)s AND started < %(end)s) p
JOIN findings f ON f.pair_id = p.id AND f.pair_id >= %(first)s
WHERE {_COMPARED} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 6
"""  # noqa: S608 - as above
TURNS = """
SELECT e.id, e.started, e.provider, e.model, e.status, e.failure, e.finish_reason, e.prompt_tokens, e.completion_tokens,
  e.seconds, (SELECT array_agg(name ORDER BY position) FROM tool_calls c WHERE c.exchange_id = e.id) AS calls,
  coalesce(p.id, '') AS pair_id, coalesce(p.evident, false) AS evident, coalesce(p.comparable, '') AS comparable,
  (SELECT count(*) FROM findings f WHERE f.pair_id = p.id AND comparison = 'cross' AND state = 'differ') AS differing
FROM exchanges e LEFT JOIN pairs p ON p.subject_id = e.id
WHERE e.conversation = %s AND e.role = 'primary' ORDER BY e.started, e.no LIMIT %s
"""
NEWEST_EVIDENCE = "SELECT no FROM pairs p WHERE {} ORDER BY p.started DESC LIMIT %(limit)s"
JUDGED = """
SELECT coalesce(g.reason, 'not_judged'), count(*)
FROM pairs p LEFT JOIN rulings g ON g.pair_id = p.id AND g.pair_id >= %(first)s
WHERE p.id >= %(first)s AND started >= %(since)s AND started < %(until)s AND comparable = '' GROUP BY 1
"""
ACTIONS = "SELECT * FROM operator_actions WHERE provider = %s ORDER BY no DESC LIMIT %s"
INSERT_ACTION = """
INSERT INTO operator_actions (at, action, by, why, provider, model, until, result)
VALUES (%(at)s, %(action)s, %(by)s, %(why)s, %(provider)s, %(model)s, %(until)s, %(result)s)
"""


class PostgresPageQueries:
    """The queries, each in a transaction of its own."""

    def __init__(self, query: RunTransaction) -> None:
        self._query = query

    def course(self, since: float, until: float, signals: Sequence[str], points: int) -> Sequence[CoursePoint]:
        """The signals over the part of the period that has pairs, in at most `points` equal steps, oldest first."""
        return self._query(lambda conn: _course(conn, period(since, until, signals=list(signals)), points))

    def turns(self, conversation: str, limit: int) -> Sequence[ConversationTurn]:
        """The first `limit` live exchanges of a conversation, oldest first."""
        return self._query(lambda conn: _turns(conn.execute(TURNS, (conversation, limit))))

    def newest_evidence(self, limit: int, standing: Standing | None = None) -> tuple[int, ...]:
        """The numbers, in the order in which pairs are stored, of the newest pairs that are evidence, as in a PairFilter."""
        statement = NEWEST_EVIDENCE.format(evidence_condition("", standing=standing is not None))
        values = {"limit": limit, "standing": json.dumps(standing)}
        return self._query(lambda conn: tuple(no for (no,) in conn.execute(statement, values)))

    def actions(self, provider: str, limit: int) -> Sequence[OperatorActionRow]:
        """The newest actions of operators about a provider, newest first."""
        return self._query(lambda conn: rows_as(OperatorActionRow, conn.execute(ACTIONS, (provider, limit))))

    def judged(self, since: float, until: float) -> Mapping[str, int]:
        """Comparable pairs of the period by the reason why they do not count; "" counts, "not_judged" waits for the judge."""
        return self._query(lambda conn: dict(conn.execute(JUDGED, period(since, until)).fetchall()))

    def recorded_names(self, kind: str, limit: int, name: str = "") -> Sequence[str]:
        """At most `limit` names of a kind (upstream, tag, tenant, conversation) in their order; `name` alone where it is given,
        if any record has it.
        """
        statement, values = names_statement(kind, name, placeholder="%s")
        return self._query(lambda conn: [found for (found,) in conn.execute(statement, (*values, limit))])


def insert_action(conn: psycopg.Connection, row: OperatorActionRow) -> None:
    """Store one action."""
    conn.execute(INSERT_ACTION, {name: getattr(row, name) for name in OperatorActionRow.__slots__})


def _turns(cursor: Results) -> list[ConversationTurn]:
    names = [column.name for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return [ConversationTurn(**{**row, "calls": tuple(row["calls"] or ())}) for row in rows]


def _course(conn: psycopg.Connection, values: dict[str, object], points: int) -> list[CoursePoint]:
    begin, end = conn.execute(EXTENT, values).fetchone() or (None, None)
    if begin is None:
        return []
    long = end - begin >= LONG
    first = begin // STRETCH * STRETCH if long else begin
    last = end + 1e-3
    step = max(STRETCH, ceil((last - first) / points / STRETCH) * STRETCH) if long else (last - first) / points
    found = conn.execute(FROM_SUMS if long else FROM_PAIRS, {**values, "begin": first, "end": last, "step": step})
    return [
        CoursePoint(
            group=group_of(row[:4]),
            signal=row[4],
            began=first + row[5] * step,
            seconds=step,
            differs=row[6],
            compared=row[7],
            own_differs=row[8],
            own_compared=row[9],
        )
        for row in found
    ]
