"""What verdicts rest on, of a period: payoffs by conversation, votes of the checks, finish reasons, statuses, times of pairs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

import psycopg

from storage.evidence_rules import BOTH_COUNT, BOTH_JUDGED, SAME_FAULT
from storage.judgement_rows import CheckVote, ComparedChecks, CountedPairRow, PairFinishReasons, PairTimes, PayoffSum
from storage.postgres.result_rows import group_of, period, rows_as
from storage.rows import CUT_REQUEST, NOT_HELD, PairGroup

_PAIRS = "p.id >= %(first)s AND p.started >= %(since)s AND p.started < %(until)s"
_LIVE = "id >= %(first)s AND started >= %(since)s AND started < %(until)s AND role = 'primary' AND drawn"
UNREAD_REQUESTS = f"""
SELECT provider, model, unread, count(*), max(greatest(request_size, response_size)) FROM exchanges
WHERE {_LIVE} AND unread IN ('{CUT_REQUEST}', '{NOT_HELD}') GROUP BY 1, 2, 3
"""  # noqa: S608 - our own constants
NEWEST_START = "SELECT max(started) FROM exchanges"
CLIENT_ABORTS = """
SELECT route, model, provider, reference, count(*) FILTER (WHERE failure = 'client_gone'), count(*) FROM exchanges
WHERE id >= %(first)s AND started >= %(since)s AND role = 'primary' AND drawn AND reference <> ''
GROUP BY 1, 2, 3, 4
"""
PAYOFF_SUMS = f"""
WITH ranked AS MATERIALIZED (
  SELECT p.id, coalesce(g.reason, '') AS judgement, dense_rank() OVER (
    ORDER BY model, provider, reference, coalesce(nullif(conversation, ''), nullif(request_fingerprint, ''), p.id)
  ) AS cluster
  FROM pairs p LEFT JOIN rulings g ON g.pair_id = p.id AND g.pair_id >= %(first)s WHERE {_PAIRS}
), counted AS (
  SELECT min(id) AS one, cluster, judgement, signal, count(*) AS pairs, count(*) FILTER (WHERE payoff > 0) AS plus,
         count(*) FILTER (WHERE payoff < 0) AS minus
  FROM ranked JOIN payoffs y ON y.pair_id = id AND y.pair_id >= %(first)s GROUP BY cluster, signal, judgement
)
SELECT model, provider, reference, signal, cluster, judgement, pairs, plus, minus
FROM counted JOIN pairs p ON p.id = one AND p.id >= %(first)s
"""  # noqa: S608 - our own constants
"""Grouped by one number instead of four texts for each payoff."""
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
VOTES = f"""
WITH ranked AS (
  SELECT p.id, y.id AS y, r.id AS r,
    coalesce(y.failure = '' AND y.status BETWEEN 200 AND 299 AND y.unread = '', false) AS y_whole,
    coalesce(r.failure = '' AND r.status BETWEEN 200 AND 299 AND r.unread = '', false) AS r_whole,
    (y.completion_tokens IS NULL) = (r.completion_tokens IS NULL) AS alike,
    p.started - lag(p.started) OVER (
      PARTITION BY p.model, p.provider, p.reference, coalesce(nullif(p.request_fingerprint, ''), p.id) ORDER BY p.started, p.no
    ) AS since_repeat,
    dense_rank() OVER (ORDER BY p.model, p.provider, p.reference) AS party,
    dense_rank() OVER (
      ORDER BY p.model, p.provider, p.reference, coalesce(nullif(p.conversation, ''), nullif(p.request_fingerprint, ''), p.id)
    ) AS cluster
  FROM pairs p JOIN exchanges y ON y.id = p.subject_id AND y.id >= %(first)s
  JOIN exchanges r ON r.id = p.reference_id AND r.id >= %(first)s WHERE {_PAIRS}
), once AS MATERIALIZED (
  SELECT * FROM ranked WHERE since_repeat IS NULL OR since_repeat >= 86400
), failed AS MATERIALIZED (
  SELECT party, cluster, id, alike, signal, y AS mine, r AS other, r_whole AS other_whole, 1 AS worse
  FROM once JOIN checks ON exchange_id = y AND exchange_id >= %(first)s WHERE state = 'differ'
  UNION ALL
  SELECT party, cluster, id, alike, signal, r, y, y_whole, -1
  FROM once JOIN checks ON exchange_id = r AND exchange_id >= %(first)s WHERE state = 'differ'
), first AS (
  SELECT * FROM failed WHERE NOT EXISTS (
    SELECT 1 FROM jsonb_each_text(%(same_fault)s::jsonb) s
    JOIN checks c ON c.signal = s.value AND c.state = 'differ' AND c.exchange_id >= %(first)s
    WHERE s.key = failed.signal AND c.exchange_id = mine
  )
), counted AS (
  SELECT party, cluster, signal, id, worse FROM first
  WHERE (alike OR signal <> ALL(%(both_count)s)) AND (
    (other_whole AND signal <> ALL(%(both_judged)s))
    OR EXISTS (
      SELECT 1 FROM checks c WHERE c.exchange_id = other AND c.exchange_id >= %(first)s AND c.signal = first.signal
        AND c.state IN ('match', 'differ')
    )
    OR EXISTS (
      SELECT 1 FROM exchanges e JOIN check_sets s ON s.no = e.passed
      WHERE e.id = other AND e.id >= %(first)s AND s.signals::jsonb ? first.signal
    )
  )
  UNION ALL
  SELECT party, cluster, '', id, 0 FROM once WHERE y_whole AND r_whole
), summed AS (
  SELECT party, cluster, signal, min(id) AS one, sum(worse) AS worse, count(*) FILTER (WHERE worse < 0) AS beside
  FROM counted GROUP BY party, cluster, signal
), compared AS (
  SELECT party, count(DISTINCT cluster) AS conversations FROM summed GROUP BY party
), votes AS (
  SELECT party, signal, min(one) AS one, count(*) FILTER (WHERE worse > 0) AS plus, count(*) FILTER (WHERE worse < 0) AS minus,
         count(*) FILTER (WHERE worse > 0 AND beside = 0) AS alone
  FROM summed GROUP BY party, signal
)
SELECT model, provider, reference, conversations, signal, plus, minus, alone
FROM votes JOIN compared USING (party) JOIN pairs p ON p.id = one AND p.id >= %(first)s ORDER BY 1, 2, 3, 5
"""  # noqa: S608 - our own constants
"""`once`: the pairs that count. `failed`: each failed check of either side; `first`: without those of a fault that
another check names. `counted`: those that both sides could have failed, and a row without a check for each pair of two whole
answers. `summed`: one row a conversation and check."""


def client_aborts_of(conn: psycopg.Connection, seconds: float) -> Mapping[PairGroup, tuple[int, int]]:
    """(live requests whose client left before the end, live requests) of each group, in the last `seconds` of traffic."""
    row = conn.execute(NEWEST_START).fetchone()
    if row is None or row[0] is None:
        return {}
    return {group_of(row[:4]): (row[4], row[5]) for row in conn.execute(CLIENT_ABORTS, period(row[0] - seconds, 0))}


def payoff_sums_of(conn: psycopg.Connection, since: float, until: float) -> Sequence[PayoffSum]:
    """The payoffs of the period, summed by cluster, signal and judgement. Equal requests without a conversation share a cluster;
    a request without a fingerprint is a cluster of its own.
    """
    return rows_as(PayoffSum, conn.execute(PAYOFF_SUMS, period(since, until)))


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


def compared_checks_of(conn: psycopg.Connection, since: float, until: float) -> Sequence[ComparedChecks]:
    """The checks of the pairs of a period, by model, provider and reference; routes are pooled."""
    rules = {"both_judged": list(BOTH_JUDGED), "both_count": list(BOTH_COUNT), "same_fault": json.dumps(SAME_FAULT)}
    found: dict[tuple[str, str, str, int], list[CheckVote]] = defaultdict(list)
    for model, provider, reference, conversations, check, plus, minus, alone in conn.execute(
        VOTES, period(since, until, **rules)
    ):
        votes = found[model, provider, reference, conversations]
        if check:
            votes.append(CheckVote(signal=check, plus=plus, minus=minus, alone=alone))
    return [
        ComparedChecks(model=model, provider=provider, reference=reference, conversations=conversations, votes=tuple(votes))
        for (model, provider, reference, conversations), votes in found.items()
    ]
