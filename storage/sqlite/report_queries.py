"""Queries of a report: client aborts, finish reasons, statuses, unread requests and the times of pairs.

Periods are `since` <= started < `until`, in seconds since the epoch; `until` 0 is no bound.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from storage.judgement_rows import PairFinishReasons, PairTimes
from storage.rows import CUT_REQUEST, NOT_HELD, PairGroup
from storage.sqlite.query_rows import FOREVER

UNREAD_REQUESTS = f"""
SELECT provider, model, unread, count(*), max(max(request_size, response_size)) FROM exchanges
WHERE started >= ? AND started < ? AND role = 'primary' AND drawn AND unread IN ('{CUT_REQUEST}', '{NOT_HELD}') GROUP BY 1, 2, 3
"""  # noqa: S608 - constants of storage.rows
CLIENT_ABORTS = """
SELECT route, model, provider, reference, sum(failure = 'client_gone'), count(*) FROM exchanges
WHERE started >= (SELECT started FROM exchanges ORDER BY no DESC LIMIT 1) - ? AND role = 'primary' AND drawn AND reference <> ''
GROUP BY 1, 2, 3, 4
"""
FINISH_REASONS = """
SELECT p.route, p.model, p.provider, p.reference, coalesce(nullif(p.conversation, ''), p.id), p.control_reason,
       y.finish_reason, r.finish_reason, c.finish_reason
FROM pairs p
JOIN exchanges y ON y.id = p.subject_id JOIN exchanges r ON r.id = p.reference_id LEFT JOIN exchanges c ON c.id = p.control_id
WHERE p.started >= ? AND p.started < ? AND json_extract(p.shape, '$.tools') > 0
  AND y.finish_reason <> '' AND r.finish_reason <> ''
ORDER BY p.started DESC, p.no DESC LIMIT ?
"""
RESPONSE_STATUSES = """
SELECT provider, model, reference, coalesce(status, 0), count(*) FROM (
  SELECT provider, model, reference, status FROM exchanges
  WHERE started >= ? AND started < ? AND (drawn OR role = 'candidate')
    AND role IN ('primary', 'candidate') ORDER BY started DESC LIMIT ?
) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
TIMES = """
SELECT p.route, p.model, p.provider, p.reference, p.started, y.first_chunk, r.first_chunk, y.first_token, r.first_token,
       y.seconds, r.seconds
FROM pairs p JOIN exchanges y ON y.id = p.subject_id JOIN exchanges r ON r.id = p.reference_id
WHERE p.started >= ? AND p.started < ? AND y.stream = r.stream AND y.failure = '' AND r.failure = ''
  AND y.status < 400 AND r.status < 400
ORDER BY p.started DESC, p.no DESC LIMIT ?
"""


def client_aborts(conn: sqlite3.Connection, seconds: float) -> Mapping[PairGroup, tuple[int, int]]:
    """(live requests whose client left before the end, live requests) of each group, in the last `seconds` before the exchange
    that was stored last, or later.
    """
    return {_group(row): (row[4], row[5]) for row in conn.execute(CLIENT_ABORTS, (seconds,))}


def finish_reasons(conn: sqlite3.Connection, since: float, until: float, limit: int) -> Sequence[PairFinishReasons]:
    """The finish reasons of the newest `limit` pairs of the period in which tools were offered and both answers are whole."""
    return [
        PairFinishReasons(
            group=_group(row),
            conversation=row[4],
            control_reason=row[5],
            provider=row[6],
            reference=row[7],
            control=row[8] or "",
        )
        for row in conn.execute(FINISH_REASONS, (since, until or FOREVER, limit))
    ]


def response_statuses(
    conn: sqlite3.Connection, since: float, until: float, limit: int
) -> Sequence[tuple[str, str, str, int, int]]:
    """(provider, model, reference, status, requests) of the newest `limit` live requests of the period; 0 is no status."""
    return conn.execute(RESPONSE_STATUSES, (since, until or FOREVER, limit)).fetchall()


def unread_requests(conn: sqlite3.Connection, since: float, until: float) -> Sequence[tuple[str, str, str, int, int]]:
    """(provider, model, `unread`, requests, size of the largest in bytes) of the live requests not held whole."""
    return conn.execute(UNREAD_REQUESTS, (since, until or FOREVER)).fetchall()


def pair_times(conn: sqlite3.Connection, since: float, until: float, limit: int) -> Sequence[PairTimes]:
    """The times of the newest `limit` pairs of the period, both answers whole and both streamed or both not."""
    return [
        PairTimes(
            group=_group(row),
            started=row[4],
            first_chunk=(row[5], row[6]),
            first_token=(row[7], row[8]),
            seconds=(row[9], row[10]),
        )
        for row in conn.execute(TIMES, (since, until or FOREVER, limit))
    ]


def _group(row: Sequence[str]) -> PairGroup:
    return PairGroup(route=row[0], model=row[1], provider=row[2], reference=row[3])
