"""Queries of a report: client aborts, payoff sums, finish reasons, statuses, unread requests and the times of pairs.

Periods are `since` <= started < `until`, in seconds since the epoch; `until` 0 is no bound.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import lru_cache

from storage.judgement_rows import PairFinishReasons, PairTimes, PayoffSum
from storage.rows import CUT_REQUEST, NOT_HELD, PairGroup
from storage.sqlite.query_rows import FOREVER

UNREAD_REQUESTS = f"""
SELECT provider, model, unread, count(*), max(max(request_size, response_size)) FROM exchanges
WHERE started >= ? AND started < ? AND role = 'primary' AND drawn AND unread IN ('{CUT_REQUEST}', '{NOT_HELD}') GROUP BY 1, 2, 3
"""  # noqa: S608 - constants of storage.rows
CLIENT_ABORTS = """
SELECT route, model, provider, reference, sum(failure = 'client_gone'), count(*) FROM exchanges
WHERE started >= (SELECT max(started) FROM exchanges) - ? AND role = 'primary' AND drawn AND reference <> ''
GROUP BY 1, 2, 3, 4
"""
PAYOFF_SETS = """
SELECT model, provider, reference, coalesce(nullif(conversation, ''), nullif(request_fingerprint, ''), id) AS cluster,
       coalesce(g.reason, '') AS ruling,
       (SELECT group_concat(signal || '=' || payoff) FROM payoffs WHERE pair_no = no) AS payoffs, count(*)
FROM pairs LEFT JOIN rulings g ON g.pair_no = no WHERE started >= ? AND started < ? GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4
"""
"""Grouped by all payoffs of a pair at once, since many pairs have the same: a pair is one row to group, not one for a signal."""
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
    """(live requests whose client left before the end, live requests) of each group, in the last `seconds` of traffic."""
    return {_group(row): (row[4], row[5]) for row in conn.execute(CLIENT_ABORTS, (seconds,))}


def payoff_sums(conn: sqlite3.Connection, since: float, until: float) -> Sequence[PayoffSum]:
    """The payoffs of the period, summed by cluster, signal and judgement. Equal requests without a conversation share a cluster;
    a request without a fingerprint is a cluster of its own.
    """
    numbers: dict[tuple[str, str, str, str], int] = {}
    sums: dict[tuple[int, str, str], list[int]] = {}
    for *party, cluster, ruling, payoffs, pairs in conn.execute(PAYOFF_SETS, (since, until or FOREVER)):
        number = numbers.setdefault((party[0], party[1], party[2], cluster), len(numbers))
        for signal, payoff in _payoffs(payoffs or ""):
            found = sums.setdefault((number, ruling, signal), [0, 0, 0])
            found[0] += pairs
            found[1] += pairs if payoff > 0 else 0
            found[2] += pairs if payoff < 0 else 0
    parties = list(numbers)
    return [
        PayoffSum(
            model=parties[number][0],
            provider=parties[number][1],
            reference=parties[number][2],
            signal=signal,
            cluster=number,
            judgement=ruling,
            pairs=pairs,
            plus=plus,
            minus=minus,
        )
        for (number, ruling, signal), (pairs, plus, minus) in sums.items()
    ]


@lru_cache(4_096)
def _payoffs(packed: str) -> tuple[tuple[str, int], ...]:
    """The payoffs of a pair by signal, out of `signal=payoff,…`."""
    found = (one.partition("=") for one in packed.split(",") if one)
    return tuple((signal, int(payoff)) for signal, _, payoff in found)


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
