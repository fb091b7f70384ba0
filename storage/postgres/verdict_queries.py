"""What verdicts rest on, of a period beside payoffs and checks: finish reasons, statuses, times of pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import psycopg

from storage.judgement_rows import CountedPairRow, PairFinishReasons, PairTimes
from storage.postgres.result_rows import group_of, period
from storage.rows import CUT_REQUEST, NOT_HELD, PairGroup

_PAIRS = "p.id >= %(first)s AND p.started >= %(since)s AND p.started < %(until)s"
_LIVE = "id >= %(first)s AND started >= %(since)s AND started < %(until)s AND role = 'primary' AND drawn"
UNREAD_REQUESTS = f"""
SELECT provider, model, unread, count(*), max(greatest(request_size, response_size)) FROM exchanges
WHERE {_LIVE} AND unread IN ('{CUT_REQUEST}', '{NOT_HELD}') GROUP BY 1, 2, 3
"""  # noqa: S608 - our own constants
LAST_START = "SELECT started FROM exchanges ORDER BY stored_by DESC, started DESC LIMIT 1"
CLIENT_ABORTS = """
SELECT route, model, provider, reference, count(*) FILTER (WHERE failure = 'client_gone'), count(*) FROM exchanges
WHERE id >= %(first)s AND started >= %(since)s AND role = 'primary' AND drawn AND reference <> ''
GROUP BY 1, 2, 3, 4
"""
FINISH_REASONS = f"""
WITH newest AS MATERIALIZED (
  SELECT * FROM pairs p WHERE {_PAIRS} AND coalesce((shape::jsonb ->> 'tools')::float8, 0) > 0
)
SELECT p.route, p.model, p.provider, p.reference, coalesce(nullif(p.conversation, ''), p.id), p.control_reason,
       y.finish_reason, r.finish_reason, coalesce(c.finish_reason, '')
FROM newest p
JOIN exchanges y ON y.id = p.subject_id AND y.id >= %(first)s JOIN exchanges r ON r.id = p.reference_id AND r.id >= %(first)s
LEFT JOIN exchanges c ON c.id = p.control_id AND c.id >= %(first)s
WHERE y.finish_reason <> '' AND r.finish_reason <> '' ORDER BY p.started DESC, p.no DESC LIMIT %(limit)s
"""  # noqa: S608 - our own constants
RESPONSE_STATUSES = """
SELECT provider, model, reference, coalesce(status, 0), count(*) FROM (
  SELECT provider, model, reference, status FROM exchanges
  WHERE id >= %(first)s AND started >= %(since)s AND started < %(until)s AND role IN ('primary', 'candidate')
    AND (drawn OR role = 'candidate')
  ORDER BY started DESC LIMIT %(limit)s
) newest GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
TIMES = f"""
SELECT p.route, p.model, p.provider, p.reference, p.started, y.first_chunk, r.first_chunk, y.first_token, r.first_token,
       y.seconds, r.seconds
FROM pairs p JOIN exchanges y ON y.id = p.subject_id AND y.id >= %(first)s
JOIN exchanges r ON r.id = p.reference_id AND r.id >= %(first)s
WHERE {_PAIRS} AND y.stream = r.stream AND y.failure = '' AND r.failure = '' AND y.status < 400 AND r.status < 400
ORDER BY p.started DESC, p.no DESC LIMIT %(limit)s
"""  # noqa: S608 - our own constants
_OF = f"WHERE {_PAIRS} AND p.provider = %(provider)s"
COUNTED_PAIRS = f"""
SELECT p.route, p.model, p.provider, p.reference, p.id, p.started, p.control_reason, p.comparable,
       coalesce(g.reason, '') AS judgement,
       coalesce(nullif(p.conversation, ''), nullif(p.request_fingerprint, ''), p.id) AS cluster
FROM pairs p LEFT JOIN rulings g ON g.pair_id = p.id AND g.pair_id >= %(first)s {_OF} ORDER BY p.started, p.no
"""  # noqa: S608 - our own constants
COUNTED_PAYOFFS = f"""
SELECT p.id, y.signal, y.payoff FROM pairs p JOIN payoffs y ON y.pair_id = p.id AND y.pair_id >= %(first)s {_OF}
"""  # noqa: S608 - as above
COUNTED_STATES = f"""
SELECT p.id, f.comparison, f.signal, f.state FROM pairs p JOIN findings f ON f.pair_id = p.id AND f.pair_id >= %(first)s {_OF}
AND f.comparison IN ('cross', 'self')
"""  # noqa: S608 - as above


def client_aborts_of(conn: psycopg.Connection, seconds: float) -> Mapping[PairGroup, tuple[int, int]]:
    """(live requests whose client left before the end, live requests) of each group, in the last `seconds` before the exchange
    that was stored last, or later.
    """
    row = conn.execute(LAST_START).fetchone()
    if row is None:
        return {}
    return {group_of(row[:4]): (row[4], row[5]) for row in conn.execute(CLIENT_ABORTS, period(row[0] - seconds, 0))}


def finish_reasons_of(conn: psycopg.Connection, since: float, until: float, limit: int) -> Sequence[PairFinishReasons]:
    """The finish reasons of the newest `limit` pairs of the period in which tools were offered and both answers are whole."""
    names = ("conversation", "control_reason", "provider", "reference", "control")
    found = conn.execute(FINISH_REASONS, period(since, until, limit=limit))
    return [PairFinishReasons(group=group_of(row[:4]), **dict(zip(names, row[4:], strict=True))) for row in found]


def response_statuses_of(
    conn: psycopg.Connection, since: float, until: float, limit: int
) -> Sequence[tuple[str, str, str, int, int]]:
    """(provider, model, reference, status, requests) of the newest `limit` live requests of the period; 0 is no status."""
    return conn.execute(RESPONSE_STATUSES, period(since, until, limit=limit)).fetchall()


def unread_requests_of(conn: psycopg.Connection, since: float, until: float) -> Sequence[tuple[str, str, str, int, int]]:
    """(provider, model, `unread`, requests, size of the largest in bytes) of the live requests not held whole."""
    return conn.execute(UNREAD_REQUESTS, period(since, until)).fetchall()


def pair_times_of(conn: psycopg.Connection, since: float, until: float, limit: int) -> Sequence[PairTimes]:
    """The times of the newest `limit` pairs of the period, both answers whole and both streamed or both not."""
    return [
        PairTimes(
            group=group_of(row[:4]),
            started=row[4],
            first_chunk=(row[5], row[6]),
            first_token=(row[7], row[8]),
            seconds=(row[9], row[10]),
        )
        for row in conn.execute(TIMES, period(since, until, limit=limit))
    ]


def counted_pairs_of(conn: psycopg.Connection, provider: str, since: float, until: float) -> Sequence[CountedPairRow]:
    """The pairs of one provider, oldest first."""
    wanted = period(since, until, provider=provider)
    payoffs: dict[str, dict[str, int]] = defaultdict(dict)
    for id_, signal, payoff in conn.execute(COUNTED_PAYOFFS, wanted):
        payoffs[id_][signal] = payoff
    states: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for id_, comparison, signal, state in conn.execute(COUNTED_STATES, wanted):
        states[id_, comparison][signal] = state
    names = ("id", "started", "control_reason", "comparable", "judgement", "cluster")
    return [
        CountedPairRow(
            group=group_of(row[:4]),
            **dict(zip(names, row[4:], strict=True)),
            payoffs=payoffs[row[4]],
            cross=states[row[4], "cross"],
            own=states[row[4], "self"],
        )
        for row in conn.execute(COUNTED_PAIRS, wanted)
    ]
