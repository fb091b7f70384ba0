"""spend(), spent(), reserve(): what references have cost by the hour of UTC, in all and for each tenant, stored so that a budget
outlives the process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
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
ADD_OF_TENANT = """
INSERT INTO tenant_spending (tenant, hour, requests, tokens, money) VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, hour) DO UPDATE
SET requests = requests + excluded.requests, tokens = tokens + excluded.tokens, money = money + excluded.money
"""
SUM_OF_TENANTS = """
SELECT tenant, sum(requests), sum(tokens), sum(money) FROM tenant_spending WHERE hour >= ? AND hour < ? GROUP BY tenant
"""
SUM_OF_TENANT = """
SELECT coalesce(sum(requests), 0), coalesce(sum(tokens), 0), coalesce(sum(money), 0.0) FROM tenant_spending
WHERE hour >= ? AND hour < ? AND tenant = ?
"""
OLD_OF_TENANTS = "DELETE FROM tenant_spending WHERE hour < ?"
ALL = ""
"""Whose budget it is that all requests count for; any other is the name of a tenant."""


class Spending(NamedTuple):
    """Requests, tokens (prompt and completion) and money, by the prices of the configuration."""

    requests: int
    tokens: int
    money: float


NOTHING = Spending(requests=0, tokens=0, money=0.0)
ONE = Spending(requests=1, tokens=0, money=0.0)


class Reservation(NamedTuple):
    """The answer to a reservation: the limit that is reached ("requests", "tokens", "money"), "" where it was made; whose limit
    that is, a tenant's or (`ALL`) that of all; and what all processes have spent in the period then, by whose budget it is.
    """

    reached: str
    owner: str
    spent: Mapping[str, Spending]


def decided(before: Mapping[str, Spending], limits: Mapping[str, Spending]) -> Reservation:
    """The answer where so much was spent `before`: made where no limit is reached, and then counted for each owner."""
    for owner, spent_ in before.items():
        if reached := limit_reached(spent_, limits[owner]):
            return Reservation(reached, owner, before)
    return Reservation("", ALL, {owner: each._replace(requests=each.requests + 1) for owner, each in before.items()})


def limit_reached(spent: Spending, limits: Spending) -> str:
    """The first limit that is reached; "" for none. A limit of 0 is none."""
    amounts = zip(Spending._fields, spent, limits, strict=True)
    return next((unit for unit, amount, limit in amounts if limit and amount >= limit), "")


def reserve(conn: sqlite3.Connection, at: float, period: tuple[int, int], limits: Mapping[str, Spending]) -> Reservation:
    """Add one request to the hour of `at` for each owner in `limits`, unless what one has spent in the `period`, as for `spent`,
    has reached one of its own: then for none.
    """
    answer = decided({owner: spent(conn, *period, owner) for owner in limits}, limits)
    if not answer.reached:
        for owner in limits:
            _add(conn, at, ONE, owner)
    return answer


def spend(conn: sqlite3.Connection, at: float, cost: Spending, tenant: str = "") -> None:
    """Add a cost to the hour of `at`, seconds since the epoch, and to that of its `tenant` where it has one."""
    _add(conn, at, cost, ALL)
    if tenant:
        _add(conn, at, cost, tenant)


def spent(conn: sqlite3.Connection, begin: int, end: int, owner: str = ALL) -> Spending:
    """What was spent from the hour `begin` (since the epoch) up to, and without, the hour `end`: in all, or for one tenant."""
    found = conn.execute(SUM_OF_TENANT, (begin, end, owner)) if owner else conn.execute(SUM, (begin, end))
    return Spending(*found.fetchone())


def spent_by_tenants(conn: sqlite3.Connection, begin: int, end: int) -> Mapping[str, Spending]:
    """The same for each tenant for which something was spent then."""
    return {tenant: Spending(*amounts) for tenant, *amounts in conn.execute(SUM_OF_TENANTS, (begin, end))}


def drop_old_spending(conn: sqlite3.Connection, now: float) -> None:
    """Delete the hours that no budget reads at `now` (epoch seconds)."""
    for statement in (OLD, OLD_OF_TENANTS):
        conn.execute(statement, (first_kept_hour(now),))


def first_kept_hour(now: float) -> int:
    """The first hour since the epoch that is kept at `now` (epoch seconds), before all others where that is 0, in doubt."""
    return int(now // HOUR) - KEPT_HOURS


def _add(conn: sqlite3.Connection, at: float, cost: Spending, owner: str) -> None:
    hour = int(at // HOUR)
    if owner:
        conn.execute(ADD_OF_TENANT, (owner, hour, *cost))
    else:
        conn.execute(ADD, (hour, *cost))
