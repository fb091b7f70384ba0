"""spend(), spent(): what references have cost by the hour of UTC, stored so that a budget outlives the process."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

HOUR = 3_600
KEPT_HOURS = 24 * 366
ADD = """
INSERT INTO spending (hour, requests, tokens, money) VALUES (?, ?, ?, ?) ON CONFLICT (hour) DO UPDATE
SET requests = requests + excluded.requests, tokens = tokens + excluded.tokens, money = money + excluded.money
"""
SUM = """
SELECT coalesce(sum(requests), 0), coalesce(sum(tokens), 0), coalesce(sum(money), 0.0) FROM spending
WHERE hour >= ? AND hour < ?
"""
OLD = "DELETE FROM spending WHERE hour < ?"


class Spending(NamedTuple):
    """Requests, tokens (prompt and completion) and money, by the prices of the configuration."""

    requests: int
    tokens: int
    money: float


NOTHING = Spending(requests=0, tokens=0, money=0.0)
ONE = Spending(requests=1, tokens=0, money=0.0)


class Reservation(NamedTuple):
    """The answer to a reservation: the limit that is reached ("requests", "tokens", "money"), "" where it was made, and what all
    processes have spent in the period then.
    """

    reached: str
    spent: Spending


def limit_reached(spent: Spending, limits: Spending) -> str:
    """The first limit that is reached; "" for none. A limit of 0 is none."""
    amounts = zip(Spending._fields, spent, limits, strict=True)
    return next((unit for unit, amount, limit in amounts if limit and amount >= limit), "")


def reserve(conn: sqlite3.Connection, at: float, period: tuple[int, int], limits: Spending) -> Reservation:
    """Add one request to the hour of `at` unless the `period`, as for `spent`, has reached one of the limits."""
    before = spent(conn, *period)
    if reached := limit_reached(before, limits):
        return Reservation(reached, before)
    spend(conn, at, ONE)
    return Reservation("", before._replace(requests=before.requests + 1))


def spend(conn: sqlite3.Connection, at: float, cost: Spending) -> None:
    """Add a cost to the hour of `at`, seconds since the epoch."""
    hour = int(at // HOUR)
    conn.execute(ADD, (hour, *cost))
    conn.execute(OLD, (hour - KEPT_HOURS,))


def spent(conn: sqlite3.Connection, begin: int, end: int) -> Spending:
    """What was spent from the hour `begin` (since the epoch) up to, and without, the hour `end`."""
    return Spending(*conn.execute(SUM, (begin, end)).fetchone())
