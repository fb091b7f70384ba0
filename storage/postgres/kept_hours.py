"""Payoffs and votes of checks of a period, from the sums of whole hours and the rows of what has none; and these sums made.

Triggers count each change of an hour's pairs in `pair_hours` and delete its sums with its pairs, in the same transaction,
whatever version of sameweights writes. An hour has several counters, so that two workers seldom wait for each other. A day
that another version drops fires no trigger: so sums are read only where the partitions that hold their rows are there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import psycopg

from storage import hour_sums
from storage.evidence_rules import BOTH_COUNT, BOTH_JUDGED, SAME_FAULT
from storage.hour_sums import FORM, HOUR, REACH, HourPlan, HourRow, PayoffSet, PayoffTotals, SummedHour, VoteRow, VoteTotals
from storage.judgement_rows import ComparedChecks, PayoffSum
from storage.postgres.day_partitions import DAY, DEPENDED, FIRST_DAY, LAST_DAY, day_name, existing
from storage.postgres.result_rows import FOREVER, period

_PAIRS = "p.id >= %(first)s AND p.started >= %(since)s AND p.started < %(until)s"
_CLUSTER = "coalesce(nullif(p.conversation, ''), nullif(p.request_fingerprint, ''), p.id)"
PAYOFF_SETS = f"""
WITH counted AS MATERIALIZED (
  SELECT p.id, model, provider, reference, {_CLUSTER} AS cluster, coalesce(g.reason, '') AS judgement
  FROM pairs p LEFT JOIN rulings g ON g.pair_id = p.id AND g.pair_id >= %(first)s WHERE {_PAIRS}
), sets AS (
  SELECT id, string_agg(signal || '=' || payoff, ',' ORDER BY place) AS payoffs
  FROM counted JOIN payoffs y ON y.pair_id = id AND y.pair_id >= %(first)s GROUP BY id
)
SELECT model, provider, reference, cluster, judgement, payoffs, count(*) FROM counted JOIN sets USING (id)
GROUP BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608 - our own constants
VOTES = f"""
WITH spaced AS MATERIALIZED (
  SELECT p.id, p.started, p.subject_id, p.reference_id,
    p.started - lag(p.started) OVER (
      PARTITION BY p.model, p.provider, p.reference, coalesce(nullif(p.request_fingerprint, ''), p.id) ORDER BY p.started, p.no
    ) AS since_repeat,
    dense_rank() OVER (ORDER BY p.model, p.provider, p.reference, {_CLUSTER}) AS cluster
  FROM pairs p WHERE {_PAIRS}
), once AS MATERIALIZED (
  SELECT p.id, cluster, y.id AS y, r.id AS r,
    coalesce(y.failure = '' AND y.status BETWEEN 200 AND 299 AND y.unread = '', false) AS y_whole,
    coalesce(r.failure = '' AND r.status BETWEEN 200 AND 299 AND r.unread = '', false) AS r_whole,
    (y.completion_tokens IS NULL) = (r.completion_tokens IS NULL) AS alike
  FROM spaced p JOIN exchanges y ON y.id = p.subject_id AND y.id >= %(first)s
  JOIN exchanges r ON r.id = p.reference_id AND r.id >= %(first)s
  WHERE p.started >= %(begin)s AND (since_repeat IS NULL OR since_repeat >= 86400)
), failed AS MATERIALIZED (
  SELECT cluster, id, alike, signal, y AS mine, r AS other, r_whole AS other_whole, 1 AS worse
  FROM once JOIN checks ON exchange_id = y AND exchange_id >= %(first)s WHERE state = 'differ'
  UNION ALL
  SELECT cluster, id, alike, signal, r, y, y_whole, -1
  FROM once JOIN checks ON exchange_id = r AND exchange_id >= %(first)s WHERE state = 'differ'
), first AS (
  SELECT * FROM failed WHERE NOT EXISTS (
    SELECT 1 FROM jsonb_each_text(%(same_fault)s::jsonb) s
    JOIN checks c ON c.signal = s.value AND c.state = 'differ' AND c.exchange_id >= %(first)s
    WHERE s.key = failed.signal AND c.exchange_id = mine
  )
), counted AS (
  SELECT cluster, signal, id, worse FROM first
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
  SELECT cluster, '', id, 0 FROM once WHERE y_whole AND r_whole
), summed AS (
  SELECT signal, min(id) AS one, sum(worse) AS worse, count(*) FILTER (WHERE worse < 0) AS beside
  FROM counted GROUP BY cluster, signal
)
SELECT p.model, p.provider, p.reference, {_CLUSTER}, signal, worse, beside
FROM summed JOIN pairs p ON p.id = one AND p.id >= %(first)s
"""  # noqa: S608 - our own constants
"""One row a conversation and check. `spaced` reads from a day before `begin` on, or from the begin of the period. `once`: the
pairs that count; their answers alone are read. `failed`: each failed check of either side; `first`: without those of a fault
that another check names. `counted`: those that both sides could have failed, and a row without a check for each pair of two
whole answers."""
HOURS = """
SELECT h.hour, h.changes::bigint, s.changes, s.form FROM (
  SELECT hour, sum(changes) AS changes FROM pair_hours WHERE hour >= %s AND hour < %s GROUP BY hour
) h LEFT JOIN hour_sums s ON s.hour = h.hour ORDER BY h.hour
"""
PAYOFF_TEXTS = "SELECT payoffs FROM hour_sums WHERE hour = ANY(%s) ORDER BY hour"
VOTE_TEXTS = "SELECT votes FROM hour_sums WHERE hour = ANY(%s) ORDER BY hour"
NEWEST, OLDEST = "SELECT max(started) FROM pairs", "SELECT min(started) FROM pairs"
SUMMED_DAYS = "SELECT DISTINCT div(hour, 24)::bigint FROM hour_sums"
WRITE = """
INSERT INTO hour_sums (hour, changes, form, payoffs, votes) VALUES (%s, %s, %s, %s, %s) ON CONFLICT (hour) DO UPDATE
SET changes = excluded.changes, form = excluded.form, payoffs = excluded.payoffs, votes = excluded.votes
"""
CHANGE = """
INSERT INTO pair_hours (hour, changes) SELECT unnest(%s::bigint[]), 1
ON CONFLICT (hour, slot) DO UPDATE SET changes = pair_hours.changes + 1
"""
RULES = {"both_judged": list(BOTH_JUDGED), "both_count": list(BOTH_COUNT), "same_fault": json.dumps(SAME_FAULT)}
FIRST_HOUR, LAST_HOUR = -(2**62), 2**62
DAYS = DEPENDED + 1
"""Days whose partitions hold what the sums of an hour are made of: an id is older than its row by up to `SLACK`."""


class WholeDays:
    """The days since the epoch whose sums are read: they and the `DAYS` - 1 before have partitions."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self._names = frozenset(existing(conn))
        self._found: dict[int, bool] = {}

    def __repr__(self) -> str:
        return f"<WholeDays of {len(self._names)} partitions>"

    def __contains__(self, day: int) -> bool:
        if day not in self._found:
            self._found[day] = all(self._is_there(day - back) for back in range(DAYS))
        return self._found[day]

    def _is_there(self, day: int) -> bool:
        return FIRST_DAY <= day < LAST_DAY and day_name(day) in self._names


def payoff_sums_of(conn: psycopg.Connection, since: float, until: float) -> Sequence[PayoffSum]:
    """The payoffs of the period, summed by cluster, signal and judgement. Equal requests without a conversation share a cluster;
    a request without a fingerprint is a cluster of its own.
    """
    totals = PayoffTotals()
    plan = _plan(conn, since, until or FOREVER, since)
    if plan.hours:
        for (text,) in conn.execute(PAYOFF_TEXTS, (plan.hours,)):
            totals.add_text(text)
    for stretch in plan.rows:
        totals.add_rows(_payoffs(conn, *stretch))
    return totals.sums()


def compared_checks_of(conn: psycopg.Connection, since: float, until: float) -> Sequence[ComparedChecks]:
    """The checks of the pairs of a period, by model, provider and reference; routes are pooled."""
    totals = VoteTotals()
    plan = _plan(conn, since, until or FOREVER, since + REACH)
    if plan.hours:
        for (text,) in conn.execute(VOTE_TEXTS, (plan.hours,)):
            totals.add_text(text)
    for begin, end in plan.rows:
        totals.add_rows(_votes(conn, begin, end, reach=max(since, begin - REACH)))
    return totals.compared()


def unsummed_of(conn: psycopg.Connection) -> Sequence[int]:
    """The hours that can be summed, newest first."""
    row = conn.execute(NEWEST).fetchone()
    if row is None or row[0] is None:
        return []
    whole = WholeDays(conn)
    return [hour for hour in hour_sums.unsummed(_rows(conn, FIRST_HOUR, LAST_HOUR), row[0]) if hour * HOUR // DAY in whole]


def summed_of(conn: psycopg.Connection, hour: int) -> SummedHour | None:
    """The sums of one hour as it is in the open transaction; None where it has been deleted."""
    begin, end = float(hour * HOUR), float((hour + 1) * HOUR)
    changes = _changes(conn, hour)
    payoffs, votes = PayoffTotals(), VoteTotals()
    payoffs.add_rows(_payoffs(conn, begin, end))
    votes.add_rows(_votes(conn, begin, end, reach=begin - REACH))
    return None if changes is None else SummedHour(hour, changes, FORM, payoffs.text(), votes.text())


def write_sums(conn: psycopg.Connection, sums: Sequence[SummedHour]) -> None:
    """Store the sums of hours, except of those whose pairs changed since: they would name what may have been deleted."""
    conn.execute("LOCK TABLE hour_sums IN SHARE ROW EXCLUSIVE MODE")  # so that a deletion is seen here, or finds these sums
    for one in sums:
        if _changes(conn, one.hour) == one.changes:
            conn.execute(WRITE, one)


def drop_older(conn: psycopg.Connection, before: float) -> None:
    """Delete the hours that ended two days before `before` (epoch seconds) and before all pairs, and the sums that depend on
    them; also the sums of days that another version has dropped.

    Sums go first, so that none is read whose changes begin again at one.
    """
    row = conn.execute(OLDEST).fetchone()
    first = hour_sums.first_kept(before, row[0] if row else None)
    whole = WholeDays(conn)
    gone = [day for (day,) in conn.execute(SUMMED_DAYS) if day not in whole]
    conn.execute("DELETE FROM hour_sums WHERE hour < %s OR div(hour, 24) = ANY(%s)", (first + REACH // HOUR, gone))
    conn.execute("DELETE FROM pair_hours WHERE hour < %s", (first,))


def change_hours(conn: psycopg.Connection, pairs: str, values: tuple[object, ...] = ()) -> None:
    """Count a change of the hours of `pairs`, a table and perhaps a condition, before they are deleted; their sums go."""
    hours = sorted({hour for (hour,) in conn.execute(f"SELECT floor(started / {HOUR})::bigint FROM {pairs}", values)})  # noqa: S608 - our own names
    conn.execute(CHANGE, (hours,))
    conn.execute("DELETE FROM hour_sums WHERE hour = ANY(%s)", (hours,))


def _changes(conn: psycopg.Connection, hour: int) -> int | None:
    return hour_sums.changes_of(_rows(conn, hour - REACH // HOUR, hour + 1)).get(hour)


def _plan(conn: psycopg.Connection, since: float, until: float, first: float) -> HourPlan:
    begin, end = int(since // HOUR) - REACH // HOUR, int(min(until, 2.0**60) // HOUR) + 1
    whole = WholeDays(conn)
    rows = [row if row.hour * HOUR // DAY in whole else HourRow(row.hour, row.changes) for row in _rows(conn, begin, end)]
    return hour_sums.hour_plan(rows, since, until, first)


def _rows(conn: psycopg.Connection, begin: int, end: int) -> Sequence[HourRow]:
    return [HourRow(*row) for row in conn.execute(HOURS, (begin, end))]


def _payoffs(conn: psycopg.Connection, begin: float, end: float) -> Sequence[PayoffSet]:
    return conn.execute(PAYOFF_SETS, period(begin, end)).fetchall()


def _votes(conn: psycopg.Connection, begin: float, end: float, *, reach: float) -> Sequence[VoteRow]:
    return conn.execute(VOTES, period(reach, end, begin=begin, **RULES)).fetchall()
