"""The queries about servers behind routers: their pairs with payoffs, their part of the traffic, and conversations that change.

Each reads at most `limit` rows, the newest; periods are `since` <= started < `until`, in seconds since the epoch.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from storage.judgement_rows import RoutedPairRow, UpstreamShare, UpstreamTurns
from storage.sqlite.query_rows import FOREVER

ANY = "SELECT EXISTS (SELECT 1 FROM pairs WHERE upstream <> '')"
NEWEST_PAIRS = """
SELECT p.no, p.model, p.provider, p.reference, p.upstream, p.started, p.conversation, coalesce(g.reason, '')
FROM pairs p LEFT JOIN rulings g ON g.pair_no = p.no
WHERE p.started >= ?1 AND p.started < ?2 AND p.upstream <> '' ORDER BY p.started DESC, p.no DESC LIMIT ?3
"""
PAYOFFS = f"SELECT n.no, y.signal, y.payoff FROM ({NEWEST_PAIRS}) n JOIN payoffs y ON y.pair_no = n.no"  # noqa: S608 - a constant
NEWEST_EXCHANGES = """
SELECT provider, model, upstream, conversation, started, no, coalesce(prompt_tokens, 0) AS prompt,
       coalesce(cached_tokens, 0) AS cached, cached_tokens IS NOT NULL AND prompt_tokens IS NOT NULL AS counted
FROM exchanges WHERE started >= ?1 AND started < ?2 AND role = 'primary' AND drawn AND upstream <> ''
ORDER BY started DESC, no DESC LIMIT ?3
"""
SHARES = f"""
SELECT provider, model, upstream, count(*) FROM ({NEWEST_EXCHANGES}) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608 - a constant
TURNS = f"""
WITH
turns AS (
  SELECT *, lag(upstream) OVER (PARTITION BY provider, model, conversation ORDER BY started, no) AS before
  FROM ({NEWEST_EXCHANGES}) WHERE conversation <> '' AND upstream <> 'unnamed'
),
later AS (SELECT *, upstream <> before AS changed FROM turns WHERE before IS NOT NULL)
SELECT provider, model, count(DISTINCT conversation), count(DISTINCT CASE WHEN changed THEN conversation END),
       sum(prompt * (changed AND counted)), sum(cached * (changed AND counted)),
       sum(prompt * (NOT changed AND counted)), sum(cached * (NOT changed AND counted))
FROM later GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 - a constant


def routed_pairs(conn: sqlite3.Connection, since: float, until: float, limit: int) -> Sequence[RoutedPairRow]:
    """The pairs of routers with their payoffs, oldest first."""
    if not conn.execute(ANY).fetchone()[0]:
        return ()
    wanted = (since, until or FOREVER, limit)
    payoffs: dict[int, dict[str, int]] = defaultdict(dict)
    for no, signal, payoff in conn.execute(PAYOFFS, wanted):
        payoffs[no][signal] = payoff
    rows = conn.execute(NEWEST_PAIRS, wanted).fetchall()
    return [
        RoutedPairRow(
            model=model,
            provider=provider,
            reference=reference,
            upstream=upstream,
            started=started,
            conversation=conversation,
            judgement=reason,
            payoffs=payoffs[no],
        )
        for no, model, provider, reference, upstream, started, conversation, reason in reversed(rows)
    ]


def upstream_shares(conn: sqlite3.Connection, since: float, until: float, limit: int) -> Sequence[UpstreamShare]:
    """How many live answers each server of each router gave."""
    names = ("provider", "model", "upstream", "answers")
    rows = conn.execute(SHARES, (since, until or FOREVER, limit))
    return [UpstreamShare(**dict(zip(names, row, strict=True))) for row in rows]


def upstream_turns(conn: sqlite3.Connection, since: float, until: float, limit: int) -> Sequence[UpstreamTurns]:
    """How often conversations changed their server, with the cached tokens of the turns after a change and of the others."""
    return [
        UpstreamTurns(
            provider=row[0],
            model=row[1],
            conversations=row[2],
            changed=row[3],
            after_change=(row[4], row[5]),
            without_change=(row[6], row[7]),
        )
        for row in conn.execute(TURNS, (since, until or FOREVER, limit))
    ]
