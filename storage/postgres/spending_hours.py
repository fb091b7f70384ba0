"""add_spending(), spending_between(): what references have cost by the hour of UTC, one row for all workers."""

from __future__ import annotations

import psycopg

from storage.spending import HOUR, KEPT_HOURS, ONE, Reservation, Spending, limit_reached

ADD = """
INSERT INTO spending (hour, requests, tokens, money) VALUES (%s, %s, %s, %s) ON CONFLICT (hour) DO UPDATE
SET requests = spending.requests + excluded.requests, tokens = spending.tokens + excluded.tokens,
    money = spending.money + excluded.money
"""
SUM = """
SELECT coalesce(sum(requests), 0)::bigint, coalesce(sum(tokens), 0)::bigint, coalesce(sum(money), 0.0) FROM spending
WHERE hour >= %s AND hour < %s
"""
LOCK = "SELECT pg_advisory_xact_lock(7236423)"
"""Held to the end of the transaction: reservations of all processes are made one after the other."""
OLD = "DELETE FROM spending WHERE hour < %s"


def add_spending(conn: psycopg.Connection, at: float, cost: Spending) -> None:
    """Add a cost to the hour of `at`, seconds since the epoch."""
    hour = int(at // HOUR)
    conn.execute(ADD, (hour, *cost))
    conn.execute(OLD, (hour - KEPT_HOURS,))


def reserve_spending(conn: psycopg.Connection, at: float, period: tuple[int, int], limits: Spending) -> Reservation:
    """Add one request to the hour of `at` unless the `period`, as for `spending_between`, has reached one of the limits."""
    conn.execute(LOCK)
    before = spending_between(conn, *period)
    if reached := limit_reached(before, limits):
        return Reservation(reached, before)
    add_spending(conn, at, ONE)
    return Reservation("", before._replace(requests=before.requests + 1))


def spending_between(conn: psycopg.Connection, begin: int, end: int) -> Spending:
    """What was spent from the hour `begin` (since the epoch) up to, and without, the hour `end`."""
    [row] = conn.execute(SUM, (begin, end)).fetchall()
    return Spending(*row)
