"""Payoffs and votes of checks of a period, from the sums of whole hours and the rows of what has none; and these sums made.

Triggers count each change of an hour's pairs in `pair_hours` and delete its sums with its pairs, in the same transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from storage import hour_sums
from storage.evidence_rules import BOTH_COUNT, BOTH_JUDGED, SAME_FAULT
from storage.hour_sums import FORM, HOUR, REACH, HourPlan, HourRow, PayoffTotals, SummedHour, VoteRow, VoteTotals
from storage.judgement_rows import ComparedChecks, PayoffSum
from storage.sqlite.check_votes import VOTES
from storage.sqlite.query_rows import FOREVER, one_moment

PAYOFF_SETS = """
SELECT model, provider, reference, coalesce(nullif(conversation, ''), nullif(request_fingerprint, ''), id) AS cluster,
       coalesce(g.reason, '') AS ruling,
       (SELECT group_concat(signal || '=' || payoff) FROM payoffs WHERE pair_no = no) AS payoffs, count(*)
FROM pairs LEFT JOIN rulings g ON g.pair_no = no WHERE started >= ? AND started < ? GROUP BY 1, 2, 3, 4, 5, 6
"""
"""Grouped by all payoffs of a pair at once, since many pairs have the same: a pair is one row to group, not one for a signal."""
HOURS = """
SELECT h.hour, h.changes, s.changes, s.form FROM pair_hours h LEFT JOIN hour_sums s ON s.hour = h.hour
WHERE h.hour >= ? AND h.hour < ? ORDER BY h.hour
"""
SUMS = "SELECT {} FROM hour_sums WHERE hour IN (SELECT value FROM json_each(?)) ORDER BY hour"
PAYOFF_TEXTS, VOTE_TEXTS = SUMS.format("payoffs"), SUMS.format("votes")
NEWEST, OLDEST = "SELECT max(started) FROM pairs", "SELECT min(started) FROM pairs"
WRITE = "INSERT OR REPLACE INTO hour_sums (hour, changes, form, payoffs, votes) VALUES (?, ?, ?, ?, ?)"
RULES = {
    "both_judged": json.dumps(BOTH_JUDGED),
    "both_count": json.dumps(BOTH_COUNT),
    "same_fault": json.dumps(SAME_FAULT),
}
FIRST_HOUR, LAST_HOUR = -(2**62), 2**62


def payoff_sums(conn: sqlite3.Connection, since: float, until: float) -> Sequence[PayoffSum]:
    """The payoffs of the period, summed by cluster, signal and judgement. Equal requests without a conversation share a cluster;
    a request without a fingerprint is a cluster of its own.
    """
    totals = PayoffTotals()
    with one_moment(conn):
        plan = _plan(conn, since, until or FOREVER, since)
        for (text,) in conn.execute(PAYOFF_TEXTS, (json.dumps(plan.hours),)):
            totals.add_text(text)
        for stretch in plan.rows:
            totals.add_rows(conn.execute(PAYOFF_SETS, stretch))
    return totals.sums()


def compared_checks(conn: sqlite3.Connection, since: float, until: float) -> Sequence[ComparedChecks]:
    """The checks of the pairs of a period, by model, provider and reference; routes are pooled."""
    totals = VoteTotals()
    with one_moment(conn):
        plan = _plan(conn, since, until or FOREVER, since + REACH)
        for (text,) in conn.execute(VOTE_TEXTS, (json.dumps(plan.hours),)):
            totals.add_text(text)
        for begin, end in plan.rows:
            totals.add_rows(_votes(conn, begin, end, reach=max(since, begin - REACH)))
    return totals.compared()


def unsummed_hours(conn: sqlite3.Connection) -> Sequence[int]:
    """The hours that can be summed, newest first."""
    (newest,) = conn.execute(NEWEST).fetchone()
    return [] if newest is None else hour_sums.unsummed(_rows(conn, FIRST_HOUR, LAST_HOUR), newest)


def summed_hour(conn: sqlite3.Connection, hour: int) -> SummedHour | None:
    """The sums of one hour as it is now; None where it has been deleted."""
    begin, end = hour * HOUR, (hour + 1) * HOUR
    payoffs, votes = PayoffTotals(), VoteTotals()
    with one_moment(conn):
        changes = _changes(conn, hour)
        payoffs.add_rows(conn.execute(PAYOFF_SETS, (begin, end)))
        votes.add_rows(_votes(conn, begin, end, reach=begin - REACH))
    return None if changes is None else SummedHour(hour, changes, FORM, payoffs.text(), votes.text())


def write(conn: sqlite3.Connection, sums: Sequence[SummedHour]) -> None:
    """Store the sums of hours, except of those whose pairs changed since: they would name what may have been deleted."""
    conn.execute("BEGIN IMMEDIATE")
    conn.executemany(WRITE, [one for one in sums if _changes(conn, one.hour) == one.changes])
    conn.execute("COMMIT")


def drop_older(conn: sqlite3.Connection, before: float) -> None:
    """Delete the hours that ended two days before `before` (epoch seconds) and before all pairs, and the sums that depend on
    them.

    Sums go first, so that none is read whose changes begin again at one.
    """
    (oldest,) = conn.execute(OLDEST).fetchone()
    first = hour_sums.first_kept(before, oldest)
    conn.execute("DELETE FROM hour_sums WHERE hour < ?", (first + REACH // HOUR,))
    conn.execute("DELETE FROM pair_hours WHERE hour < ?", (first,))


def _changes(conn: sqlite3.Connection, hour: int) -> int | None:
    return hour_sums.changes_of(_rows(conn, hour - REACH // HOUR, hour + 1)).get(hour)


def _plan(conn: sqlite3.Connection, since: float, until: float, first: float) -> HourPlan:
    begin, end = int(since // HOUR) - REACH // HOUR, int(min(until, 2.0**60) // HOUR) + 1
    return hour_sums.hour_plan(_rows(conn, begin, end), since, until, first)


def _rows(conn: sqlite3.Connection, begin: int, end: int) -> Sequence[HourRow]:
    return [HourRow(*row) for row in conn.execute(HOURS, (begin, end))]


def _votes(conn: sqlite3.Connection, begin: float, end: float, *, reach: float) -> Sequence[VoteRow]:
    return conn.execute(VOTES, {"reach": reach, "since": begin, "until": end, **RULES}).fetchall()
