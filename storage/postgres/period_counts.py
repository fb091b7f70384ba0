"""Counts of a period: findings by signal and state, traffic, limits, payoffs and reasons; long periods are read from sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import psycopg

from storage import rollup_keys
from storage.postgres.day_partitions import first_id
from storage.postgres.kept_sums import BOUNDS, OF_ROWS
from storage.postgres.result_rows import FOREVER, group_of, grouped_as, period, rows_as
from storage.rollup_keys import SUMS, begun, whole_stretches
from storage.rows import PayoffPoint, RowCoverage, SignalCount, TrafficCount
from storage.unkept_sums import coverage_queries

_PAIRS = "p.id >= %(first)s AND p.started >= %(since)s AND p.started < %(until)s"
_EXCHANGES = "e.id >= %(first)s AND e.started >= %(since)s AND e.started < %(until)s"
SIGNAL_COUNTS = f"""
SELECT route, model, provider, p.reference, comparison, signal, state, control_reason, count(*)
FROM pairs p JOIN findings f ON f.pair_id = p.id AND f.pair_id >= %(first)s WHERE {_PAIRS} GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""  # noqa: S608 - our own constants
CHECK_COUNTS = f"""
SELECT route, model, provider, e.reference, comparison, signal, state, '', count(*)
FROM exchanges e JOIN checks c ON c.exchange_id = e.id AND c.exchange_id >= %(first)s
WHERE {_EXCHANGES} GROUP BY 1, 2, 3, 4, 5, 6, 7
"""  # noqa: S608 - as above
PASSED_COUNTS = f"""
WITH counted AS (
  SELECT route, model, provider, reference, passed, count(*) AS times
  FROM exchanges e WHERE {_EXCHANGES} AND passed <> 0 GROUP BY 1, 2, 3, 4, 5
)
SELECT route, model, provider, reference, 'check', value, 'match', '', sum(times)::bigint
FROM counted JOIN check_sets s ON s.no = passed, jsonb_array_elements_text(s.signals::jsonb) GROUP BY 1, 2, 3, 4, 6
"""  # noqa: S608 - as above
KEPT = """
SELECT route, model, provider, reference, comparison, signal, state, control_reason, sum(times)::bigint FROM tallies
WHERE began >= %s AND began < %s GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
UNKEPT = KEPT.replace("FROM tallies", "FROM unkept_tallies")
PAYOFFS = f"""
SELECT route, model, provider, reference, signal, conversation, payoff::int AS payoff
FROM pairs p JOIN payoffs y ON y.pair_id = p.id AND y.pair_id >= %(first)s WHERE {_PAIRS} ORDER BY p.started, p.no, y.place
"""  # noqa: S608 - as above
REASONS = f"""
SELECT provider, model, reference, comparable, count(*) FROM pairs p
WHERE {_PAIRS} AND comparable <> '' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""  # noqa: S608 - as above
_EDGE = f"SELECT provider, model, role, {OF_ROWS}, {BOUNDS} FROM exchanges e"  # noqa: S608 - as above
_WITHIN = f"""(
SELECT provider, model, role, {", ".join(SUMS)}, accepted, refused FROM passages WHERE began >= %(first)s AND began < %(last)s
UNION ALL SELECT provider, model, role, {", ".join(SUMS)}, accepted, NULL::bigint
FROM unkept_passages WHERE began >= %(begun)s AND began < %(until)s
UNION ALL ({_EDGE} WHERE id >= %(from_id)s AND started >= %(since)s AND started < %(head)s GROUP BY 1, 2, 3)
UNION ALL ({_EDGE} WHERE id >= %(from_id)s AND started >= %(tail)s AND started < %(until)s GROUP BY 1, 2, 3)
) within"""  # noqa: S608 - as above
_TOTALS = ", ".join(f"sum({name})::bigint AS {name}" for name in SUMS)
TRAFFIC = f"SELECT provider, model, role, {_TOTALS} FROM {_WITHIN} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"  # noqa: S608 - as above
LIMITS = f"SELECT provider, model, max(accepted), min(refused) FROM {_WITHIN} GROUP BY 1, 2"  # noqa: S608 - as above


def signal_counts_of(conn: psycopg.Connection, since: float, until: float) -> list[SignalCount]:
    """The findings of the pairs of a period, then the checks of its exchanges, counted by everything but their values."""
    until = until or FOREVER
    first, last = whole_stretches(since, until)
    edges = ((since, min(first, until)), (max(since, last), until)) if first < last else ((since, until),)
    counts: Counter[tuple[str, ...]] = Counter()
    for statement, bounds in ((KEPT, (first, last)), (UNKEPT, (begun(since), until))):
        for *key, times in conn.execute(statement, bounds):
            counts[tuple(key)] += times
    for begin, end in edges:
        for statement in (SIGNAL_COUNTS, CHECK_COUNTS, PASSED_COUNTS):
            for *key, times in conn.execute(statement, {"since": begin, "until": end, "first": first_id(begin)}):
                counts[tuple(key)] += times
    return [
        SignalCount(group=group_of(key[:4]), comparison=key[4], signal=key[5], state=key[6], control_reason=key[7], count=times)
        for key, times in sorted(counts.items(), key=lambda item: (item[0][4] == "check", item[0]))
    ]


def payoffs_of(conn: psycopg.Connection, since: float, until: float) -> list[PayoffPoint]:
    """Every payoff of the period, oldest pair first."""
    return grouped_as(PayoffPoint, conn.execute(PAYOFFS, period(since, until)))


def traffic_of(conn: psycopg.Connection, since: float, until: float) -> list[TrafficCount]:
    """Requests of a period; `failures` ended without a whole answer, `errors` were answered in whole, with 400 or more."""
    return rows_as(TrafficCount, conn.execute(TRAFFIC, _stretches(since, until)))


def row_coverage_of(conn: psycopg.Connection, since: float, until: float, provider: str = "") -> RowCoverage:
    """How many live requests of a period, or of one provider in it, have a row; all zero where every one has."""
    values = {**_stretches(since, until), "provider": provider}
    unkept, *others = coverage_queries("%({})s".format, between=" AND id >= %(from_id)s", one=bool(provider))
    without = _number(conn, unkept, values)
    if not without:
        return RowCoverage(0, 0, 0)
    rows, paired = (_number(conn, statement, values) for statement in others)
    return RowCoverage(rows, paired, without)


def _number(conn: psycopg.Connection, statement: str, values: Mapping[str, object]) -> int:
    row = conn.execute(statement, values).fetchone()
    return int(row[0]) if row else 0


def limits_of(conn: psycopg.Connection, since: float, until: float) -> Mapping[tuple[str, str], tuple[int | None, int | None]]:
    """(largest accepted prompt in tokens, smallest request refused for its length in bytes) by provider and model."""
    return {(row[0], row[1]): (row[2], row[3]) for row in conn.execute(LIMITS, _stretches(since, until))}


def reasons_of(conn: psycopg.Connection, since: float, until: float) -> list[tuple[str, str, str, str, int]]:
    """(provider, model, reference, reason, pairs) for every reason why pairs of the period are not comparable."""
    return conn.execute(REASONS, period(since, until)).fetchall()


def _stretches(since: float, until: float) -> dict[str, object]:
    return {**rollup_keys.period(since, until or FOREVER), "from_id": first_id(since)}
