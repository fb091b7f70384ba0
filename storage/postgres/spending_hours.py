"""add_spending(), spending_between(): what references have cost by the hour of UTC, in all and for each tenant; one row for all
workers.
"""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from storage.spending import ALL, HOUR, ONE, Reservation, Spending, decided, first_kept_hour

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
ADD_OF_TENANT = """
INSERT INTO tenant_spending (tenant, hour, requests, tokens, money) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (tenant, hour) DO UPDATE
SET requests = tenant_spending.requests + excluded.requests, tokens = tenant_spending.tokens + excluded.tokens,
    money = tenant_spending.money + excluded.money
"""
SUM_OF_TENANTS = """
SELECT tenant, sum(requests)::bigint, sum(tokens)::bigint, sum(money) FROM tenant_spending
WHERE hour >= %s AND hour < %s GROUP BY tenant
"""
SUM_OF_TENANT = """
SELECT coalesce(sum(requests), 0)::bigint, coalesce(sum(tokens), 0)::bigint, coalesce(sum(money), 0.0) FROM tenant_spending
WHERE hour >= %s AND hour < %s AND tenant = %s
"""
OLD_OF_TENANTS = "DELETE FROM tenant_spending WHERE hour < %s"


def add_spending(conn: psycopg.Connection, at: float, cost: Spending, tenant: str = "") -> None:
    """Add a cost to the hour of `at`, seconds since the epoch, and to that of its `tenant` where it has one."""
    _add(conn, at, cost, ALL)
    if tenant:
        _add(conn, at, cost, tenant)


def reserve_spending(conn: psycopg.Connection, at: float, period: tuple[int, int], limits: Mapping[str, Spending]) -> Reservation:
    """Add one request to the hour of `at` for each owner in `limits`, unless what one has spent in the `period`, as for
    `spending_between`, has reached one of its own: then for none.
    """
    conn.execute(LOCK)
    answer = decided({owner: spending_between(conn, *period, owner) for owner in limits}, limits)
    if not answer.reached:
        for owner in limits:
            _add(conn, at, ONE, owner)
    return answer


def spending_between(conn: psycopg.Connection, begin: int, end: int, owner: str = ALL) -> Spending:
    """What was spent from the hour `begin` (since the epoch) up to, and without, the hour `end`: in all, or for one tenant."""
    found = conn.execute(SUM_OF_TENANT, (begin, end, owner)) if owner else conn.execute(SUM, (begin, end))
    [row] = found.fetchall()
    return Spending(*row)


def tenants_spending_between(conn: psycopg.Connection, begin: int, end: int) -> Mapping[str, Spending]:
    """The same for each tenant for which something was spent then."""
    return {tenant: Spending(*amounts) for tenant, *amounts in conn.execute(SUM_OF_TENANTS, (begin, end))}


def drop_old_spending(conn: psycopg.Connection, now: float) -> None:
    """Delete the hours that no budget reads at `now` (epoch seconds)."""
    for statement in (OLD, OLD_OF_TENANTS):
        conn.execute(statement, (first_kept_hour(now),))


def _add(conn: psycopg.Connection, at: float, cost: Spending, owner: str) -> None:
    """Add a cost; the row of all is always written before that of a tenant, so that two processes never wait for each other."""
    hour = int(at // HOUR)
    if owner:
        conn.execute(ADD_OF_TENANT, (owner, hour, *cost))
    else:
        conn.execute(ADD, (hour, *cost))
