"""`PageReader`: the queries that pages alone need; long periods are read from rollups.

Periods are `since` <= started < `until`, in seconds since the epoch; `until` 0 is no bound.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from math import ceil

from storage.page_rows import ConversationTurn, CoursePoint, OperatorActionRow
from storage.recorded_names import names_statement
from storage.rollup_keys import STRETCH
from storage.rows import Standing
from storage.sqlite import action_log, evident_pairs
from storage.sqlite.judgement_store import RunStatement
from storage.sqlite.query_rows import group_of, period

LONG = 24 * STRETCH
"""Seconds from which a course is read from rollups, whose steps are then fine enough."""
EXTENT = "SELECT min(started), max(started) FROM pairs WHERE started >= ? AND started < ?"
_SUMS = """
sum(CASE WHEN comparison = 'cross' AND state = 'differ' THEN times END),
sum(CASE WHEN comparison = 'cross' THEN times END),
sum(CASE WHEN comparison = 'self' AND state = 'differ' THEN times END),
sum(CASE WHEN comparison = 'self' THEN times END)
"""
_COMPARED = """
state IN ('match', 'differ') AND (comparison = 'cross' OR (comparison = 'self' AND control_reason = 'random'))
AND signal IN (SELECT value FROM json_each(:signals))
"""
FROM_ROLLUPS = f"""
SELECT route, model, provider, reference, signal, CAST((began - :first) / :step AS INTEGER) AS place, {_SUMS} FROM tallies
WHERE began >= :first AND began < :last AND {_COMPARED} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 6
"""  # noqa: S608 - our own constants
FROM_PAIRS = f"""
SELECT route, model, provider, p.reference, signal, CAST((started - :first) / :step AS INTEGER) AS place, {_SUMS}
FROM (SELECT *, 1 AS times FROM pairs WHERE started >= :first AND started < :last) p JOIN findings ON pair_no = no
WHERE {_COMPARED} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 6
"""  # noqa: S608 - as above
TURNS = """
SELECT e.id, e.started, e.provider, e.model, e.status, e.failure, e.finish_reason, e.prompt_tokens, e.completion_tokens,
  e.seconds,
  (SELECT json_group_array(name) FROM (SELECT name FROM tool_calls WHERE exchange_no = e.no ORDER BY position)),
  coalesce(p.id, ''), coalesce(p.evident, 0), coalesce(p.comparable, ''),
  (SELECT count(*) FROM findings WHERE pair_no = p.no AND comparison = 'cross' AND state = 'differ')
FROM exchanges e LEFT JOIN pairs p ON p.subject_id = e.id
WHERE e.conversation = ? AND e.role = 'primary' ORDER BY e.started, e.no LIMIT ?
"""
NEWEST_EVIDENCE = "SELECT no FROM pairs p WHERE {} ORDER BY p.started DESC LIMIT :limit"
JUDGED = """
SELECT coalesce(g.reason, 'not_judged'), count(*) FROM pairs LEFT JOIN rulings g ON pair_no = no
WHERE started >= ? AND started < ? AND comparable = '' GROUP BY 1
"""


class PageReader:
    """The queries, each on a connection of its own."""

    def __init__(self, query: RunStatement) -> None:
        self._query = query

    def course(self, since: float, until: float, signals: Sequence[str], points: int) -> Sequence[CoursePoint]:
        """The signals over the part of the period that has pairs, in at most `points` equal steps, oldest first."""
        return self._query(lambda conn: _course(conn, period(since, until), signals, points))

    def turns(self, conversation: str, limit: int) -> Sequence[ConversationTurn]:
        """The first `limit` live exchanges of a conversation, oldest first."""
        return self._query(lambda conn: [_turn(row) for row in conn.execute(TURNS, (conversation, limit))])

    def newest_evidence(self, limit: int, standing: Standing | None = None) -> tuple[int, ...]:
        """The numbers, in the order in which pairs are stored, of the newest pairs that are evidence, as in a PairFilter."""
        statement = NEWEST_EVIDENCE.format(evident_pairs.condition("", standing=standing is not None))
        values = {"limit": limit, "standing": json.dumps(standing)}
        return self._query(lambda conn: tuple(no for (no,) in conn.execute(statement, values)))

    def actions(self, provider: str, limit: int) -> Sequence[OperatorActionRow]:
        """The newest actions of operators about a provider, newest first."""
        return self._query(lambda conn: action_log.newest(conn, provider, limit))

    def judged(self, since: float, until: float) -> Mapping[str, int]:
        """Comparable pairs of the period by the reason why they do not count; "" counts, "not_judged" waits for the judge."""
        return self._query(lambda conn: dict(conn.execute(JUDGED, period(since, until)).fetchall()))

    def recorded_names(self, kind: str, limit: int, name: str = "") -> Sequence[str]:
        """At most `limit` names of a kind (upstream, tag, tenant, conversation) in their order; `name` alone where it is given,
        if any record has it.
        """
        statement, values = names_statement(kind, name, placeholder="?")
        return self._query(lambda conn: [found for (found,) in conn.execute(statement, (*values, limit))])


def _course(conn: sqlite3.Connection, ends: tuple[float, float], signals: Sequence[str], points: int) -> list[CoursePoint]:
    begin, end = conn.execute(EXTENT, ends).fetchone()
    if begin is None:
        return []
    long = end - begin >= LONG
    first = begin // STRETCH * STRETCH if long else begin
    last = end + 1e-3
    step = max(STRETCH, ceil((last - first) / points / STRETCH) * STRETCH) if long else (last - first) / points
    values = {"first": first, "last": last, "step": step, "signals": json.dumps(list(signals))}
    found = conn.execute(FROM_ROLLUPS if long else FROM_PAIRS, values)
    return [_point(row, first, step) for row in found]


def _point(row: Sequence[object], first: float, step: float) -> CoursePoint:
    *names, place, differs, compared, own_differs, own_compared = row
    return CoursePoint(
        group=group_of([str(name) for name in names[:4]]),
        signal=str(names[4]),
        began=first + int(str(place)) * step,
        seconds=step,
        differs=_number(differs),
        compared=_number(compared),
        own_differs=_number(own_differs),
        own_compared=_number(own_compared),
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _turn(row: tuple[object, ...]) -> ConversationTurn:
    *plain, calls, pair_id, evident, comparable, differing = row
    names = (
        *("id", "started", "provider", "model", "status", "failure", "finish_reason", "prompt_tokens"),
        *("completion_tokens", "seconds"),
    )
    values = dict(zip(names, plain, strict=True))
    return ConversationTurn(
        **values,  # type: ignore[arg-type] # the columns of a STRICT table, in the order of the query
        calls=tuple(json.loads(str(calls))),
        pair_id=str(pair_id),
        evident=bool(evident),
        comparable=str(comparable),
        differing=_number(differing),
    )
