"""add_spending(), spending_between(): what references have cost by the hour of UTC, one row for all workers."""

from __future__ import annotations

import psycopg

from storage.spending import HOUR, KEPT_HOURS, Spending

ADD = """
INSERT INTO spending (hour, requests, tokens, money) VALUES (%s, %s, %s, %s) ON CONFLICT (hour) DO UPDATE
SET requests = spending.requests + excluded.requests, tokens = spending.tokens + excluded.tokens,
    money = spending.money + excluded.money
"""
SUM = """
SELECT coalesce(sum(requests), 0)::bigint, coalesce(sum(tokens), 0)::bigint, coalesce(sum(money), 0.0) FROM spending
WHERE hour >= %s AND hour < %s
"""
OLD = "DELETE FROM spending WHERE hour < %s"


def add_spending(conn: psycopg.Connection, at: float, cost: Spending) -> None:
    """Add a cost to the hour of `at`, seconds since the epoch."""
    hour = int(at // HOUR)
    conn.execute(ADD, (hour, *cost))
    conn.execute(OLD, (hour - KEPT_HOURS,))


def spending_between(conn: psycopg.Connection, begin: int, end: int) -> Spending:
    """What was spent from the hour `begin` (since the epoch) up to, and without, the hour `end`."""
    [row] = conn.execute(SUM, (begin, end)).fetchall()
    return Spending(*row)
