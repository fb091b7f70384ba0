"""The queries of pairs: the filtered list of pairs, one pair by its id, its findings, and counts over a period.

Periods are `since` <= started < `until`, in seconds since the epoch; `until` 0 is no bound.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain

from storage.rollup_keys import whole_stretches
from storage.rows import FindingRow, PairFilter, PairRow, PairSummary, PayoffPoint, SignalCount
from storage.sqlite import evident_pairs, finding_rollups
from storage.sqlite.query_rows import group_of, one_moment, period, rows_as

SHORTEST_PREFIX = 8
SHORTEST_END = 4
"""An id begins with the time, of which eight characters are a minute. Its end is random: four characters have 65,536 values."""
BEYOND = "\U0010ffff"
PAIRS = "SELECT p.* FROM pairs p"
NEWEST = " ORDER BY p.started DESC, p.no DESC LIMIT :limit"
OLDEST = " ORDER BY p.started, p.no LIMIT :limit"
FILTERS = {
    "provider": "p.provider = :provider",
    "model": "p.model = :model",
    "route": "p.route = :route",
    "tag": "p.subject_id IN (SELECT id FROM exchanges WHERE tag = :tag AND tag <> '')",
    "conversation": "p.subject_id IN (SELECT id FROM exchanges WHERE conversation = :conversation)",
    "tenant": "p.subject_id IN (SELECT id FROM exchanges WHERE tenant = :tenant AND tenant <> '')",
    "tenants": (
        "p.subject_id IN (SELECT id FROM exchanges WHERE tenant IN (SELECT value FROM json_each(:tenants)) AND tenant <> '')"
    ),
    "since": "p.started >= :since",
    "until": "p.started < :until",
    "segment": "EXISTS (SELECT 1 FROM json_each(p.shape, '$.segments') WHERE key || '=' || value = :segment)",
    "before_id": "(p.started, p.no) < (SELECT started, no FROM pairs WHERE id = :before_id)",
    "after_id": "(p.started, p.no) > (SELECT started, no FROM pairs WHERE id = :after_id)",
}
"""What each field of a PairFilter adds to the condition when it is not empty."""
OTHER = (
    "(p.upstream = :upstream OR p.upstream <> '' AND NOT EXISTS (SELECT 1 FROM cases c"
    " WHERE (c.route, c.model, c.provider, c.reference, c.upstream) = (p.route, p.model, p.provider, p.reference, p.upstream)))"
)
"""The pairs of the servers behind a router that have no group of their own."""
FOUND = "EXISTS (SELECT 1 FROM findings f WHERE f.pair_no = p.no AND f.comparison = 'cross'"
CHECKED = "EXISTS (SELECT 1 FROM exchanges e JOIN checks f ON f.exchange_no = e.no WHERE e.id = p.subject_id"
PASSED = (
    "EXISTS (SELECT 1 FROM exchanges e JOIN check_sets s ON s.no = e.passed, json_each(s.signals) f"
    " WHERE e.id = p.subject_id AND f.value = :signal)"
)
EVER = "EXISTS (SELECT 1 FROM tallies f WHERE f.comparison = '{}'"
"""Evaluated once and first: a signal is of pairs or of single answers, so one of the two searches ends before it reads a pair."""
FOUND_SIGNAL = " AND f.signal = :signal"
FOUND_STATE = " AND f.state = :state"
STATES = """
SELECT p.id, signal, state FROM pairs p JOIN findings ON pair_no = no
WHERE comparison = 'cross' AND p.id IN (SELECT value FROM json_each(?)) ORDER BY findings.rowid
"""
PAIR_BY_ID = PAIRS + " WHERE p.id = ?"
PAIR_BY_PREFIX = PAIRS + " WHERE p.id >= ? AND p.id < ? ORDER BY p.id DESC LIMIT ?"
PAIR_BY_END = PAIRS + " WHERE substr(p.id, -?) = ? ORDER BY p.started DESC, p.no DESC LIMIT ?"
FINDINGS = "SELECT p.id AS pair_id, f.* FROM pairs p JOIN findings f ON pair_no = no WHERE p.id = ? ORDER BY f.rowid"
SIGNAL_COUNTS = """
WITH
ranked AS MATERIALIZED (
  SELECT no, dense_rank() OVER (ORDER BY route, model, provider, reference, control_reason) AS place
  FROM pairs WHERE started >= ? AND started < ?
),
counted AS (
  SELECT min(no) AS one, comparison, signal, state, count(*) AS times
  FROM ranked JOIN findings ON pair_no = no GROUP BY place, comparison, signal, state
)
SELECT route, model, provider, reference, comparison, signal, state, control_reason, times FROM counted JOIN pairs ON no = one
"""
"""Grouped by one number instead of five texts a finding, which halves the time."""
CHECK_COUNTS = """
WITH
ranked AS MATERIALIZED (
  SELECT no, dense_rank() OVER (ORDER BY route, model, provider, reference) AS place
  FROM exchanges WHERE started >= ? AND started < ?
),
counted AS (
  SELECT min(no) AS one, comparison, signal, state, count(*) AS times
  FROM ranked JOIN checks ON exchange_no = no GROUP BY place, comparison, signal, state
)
SELECT route, model, provider, reference, comparison, signal, state, '', times FROM counted JOIN exchanges ON no = one
"""
PASSED_COUNTS = """
WITH counted AS (
  SELECT route, model, provider, reference, passed, count(*) AS times
  FROM exchanges WHERE started >= ? AND started < ? AND passed <> 0 GROUP BY 1, 2, 3, 4, 5
)
SELECT route, model, provider, reference, 'check', value, 'match', '', times
FROM counted JOIN check_sets s ON s.no = passed, json_each(s.signals)
"""
PAYOFFS = """
SELECT route, model, provider, reference, signal, conversation, payoff
FROM pairs JOIN payoffs y ON pair_no = no WHERE started >= ? AND started < ? ORDER BY started, no, y.rowid
"""
REASONS = """
SELECT provider, model, reference, comparable, count(*) FROM pairs
WHERE started >= ? AND started < ? AND comparable <> '' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


def pairs(conn: sqlite3.Connection, wanted: PairFilter) -> list[PairSummary]:
    """The newest pairs that fit, each with the states of its cross findings.

    A signal is looked for among the checks of the provider's answer as well.
    """
    lists = {"standing": json.dumps(wanted.standing), "tenants": json.dumps(wanted.tenants)}
    values = {name: getattr(wanted, name) for name in PairFilter.__slots__} | lists
    conditions = [condition for name, condition in FILTERS.items() if getattr(wanted, name)]
    if wanted.upstream:
        conditions.append(OTHER if wanted.upstream == "other" else "p.upstream = :upstream")
    if wanted.evidence:
        conditions.append(evident_pairs.condition(wanted.signal, standing=wanted.standing is not None))
    if wanted.signal or wanted.state:
        narrower = FOUND_SIGNAL * bool(wanted.signal) + FOUND_STATE * bool(wanted.state) + ")"
        cross = f"({EVER.format('cross')}{narrower} AND {FOUND}{narrower})"
        searched = f"{CHECKED}{narrower} OR {PASSED}" if wanted.state in {"", "match"} else f"{CHECKED}{narrower}"
        checked = f" OR ({EVER.format('check')}{narrower} AND ({searched}))" if wanted.signal else ""
        conditions.append(f"({cross}{checked})")
    where = " WHERE " + " AND ".join(conditions) if conditions else ""
    found = list(rows_as(PairRow, conn.execute(PAIRS + where + (OLDEST if wanted.after_id else NEWEST), values)))
    states = _states(conn, [row.id for row in found])
    return [_summary(row, states[row.id]) for row in found]


def pair(conn: sqlite3.Connection, pair_id: str) -> PairRow | None:
    """The pair of this id, or the only one that a part of an id means (see `candidates`)."""
    found = candidates(conn, pair_id, 2)
    return found[0] if len(found) == 1 else None


def candidates(conn: sqlite3.Connection, part: str, limit: int) -> list[PairRow]:
    """The pair of this id; else the newest `limit` whose ids begin (8 characters at least) or end (4 at least) so."""
    if found := list(rows_as(PairRow, conn.execute(PAIR_BY_ID, (part,)))):
        return found
    if len(part) >= SHORTEST_PREFIX:
        found = list(rows_as(PairRow, conn.execute(PAIR_BY_PREFIX, (part, part + BEYOND, limit))))
    if len(part) >= SHORTEST_END and len(found) < limit:
        ending = rows_as(PairRow, conn.execute(PAIR_BY_END, (len(part), part, limit)))
        known = {row.id for row in found}
        found += [row for row in ending if row.id not in known][: limit - len(found)]
    return found


def findings(conn: sqlite3.Connection, pair_id: str) -> list[FindingRow]:
    """The findings of one pair, in the order they were made."""
    return list(rows_as(FindingRow, conn.execute(FINDINGS, (pair_id,))))


def signal_counts(conn: sqlite3.Connection, since: float, until: float) -> list[SignalCount]:
    """The findings of the pairs of a period, then the checks of its exchanges, counted by everything but their values."""
    since, until = period(since, until)
    first, last = whole_stretches(since, until)
    edges = ((since, min(first, until)), (max(since, last), until)) if first < last else ((since, until),)
    counts: Counter[tuple[str, ...]] = Counter()
    with one_moment(conn):
        found = [conn.execute(statement, edge) for edge in edges for statement in (SIGNAL_COUNTS, CHECK_COUNTS, PASSED_COUNTS)]
        sums = finding_rollups.sums(conn, first, last), finding_rollups.unkept(conn, since, until)
        for *key, times in chain(*sums, *found):
            counts[tuple(key)] += times
    return [
        SignalCount(group=group_of(key), comparison=key[4], signal=key[5], state=key[6], control_reason=key[7], count=times)
        for key, times in sorted(counts.items(), key=lambda item: (item[0][4] == "check", item[0]))
    ]


def payoffs(conn: sqlite3.Connection, since: float, until: float) -> list[PayoffPoint]:
    """Every payoff of the period, oldest pair first."""
    return [
        PayoffPoint(group=group_of(row), signal=row[4], conversation=row[5], payoff=row[6])
        for row in conn.execute(PAYOFFS, period(since, until))
    ]


def reasons(conn: sqlite3.Connection, since: float, until: float) -> list[tuple[str, str, str, str, int]]:
    """(provider, model, reference, reason, pairs) for every reason why pairs of the period are not comparable."""
    return conn.execute(REASONS, period(since, until)).fetchall()


def _states(conn: sqlite3.Connection, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    states = defaultdict(list)
    for pair_id, signal, state in conn.execute(STATES, (json.dumps(ids),)):
        states[pair_id].append((signal, state))
    return states


def _summary(row: PairRow, states: Sequence[tuple[str, str]]) -> PairSummary:
    counts = Counter(state for _, state in states)
    return PairSummary(
        pair=row,
        matches=counts["match"],
        differs=counts["differ"],
        not_comparable=counts["not_comparable"],
        not_measured=counts["not_measured"],
        differing=tuple(signal for signal, state in states if state == "differ"),
    )
