"""The pairs of one route with their answers, and what is known of servers behind routers; each query reads the newest rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import psycopg

from storage.judgement_rows import ArmPairRow, ArmPairsSums, RoutedPairRow, UpstreamShare, UpstreamTurns, segment_names
from storage.postgres.result_rows import Values, period, rows_as

_IN = "id >= %(first)s AND started >= %(since)s AND started < %(until)s"
_OF = "WHERE p.id >= %(first)s AND p.route = %(route)s AND p.started >= %(since)s AND p.started < %(until)s"
ARM_PAIRS = f"""
SELECT p.no, p.reference_id AS request, e.role, p.model, p.provider, p.reference, p.started,
       coalesce(nullif(p.conversation, ''), nullif(p.request_fingerprint, ''), p.id) AS conversation,
       p.subject_id AS exchange_id, e.status, e.failure, e.first_token, e.seconds, g.reason AS judgement, p.id,
       coalesce(t.excluded, ''), e.fresh_tokens, e.cached_tokens,
       e.cache_write_tokens - coalesce(e.cache_write_1h_tokens, 0), e.cache_write_1h_tokens, e.output_tokens, e.reasoning_tokens,
       e.uncertain_tokens, p.control_id <> '', coalesce(p.shape::jsonb ->> 'segments', '{{}}')
FROM pairs p JOIN exchanges e ON e.id = p.subject_id AND e.id >= %(first)s
LEFT JOIN rulings g ON g.pair_id = p.id AND g.pair_id >= %(first)s
LEFT JOIN trials t ON t.pair_id = p.id AND t.pair_id >= %(first)s {_OF} ORDER BY p.started, p.no
"""  # noqa: S608 - our own constants
ARM_PAYOFFS = f"""
SELECT p.id, y.signal, y.payoff FROM pairs p JOIN payoffs y ON y.pair_id = p.id AND y.pair_id >= %(first)s {_OF}
"""  # noqa: S608 - as above
ARM_SUMS = f"""
SELECT count(*), coalesce(sum(p.no), 0)::bigint, count(g.reason), coalesce(sum(length(g.reason)), 0)::bigint
FROM pairs p JOIN exchanges e ON e.id = p.subject_id AND e.id >= %(first)s
LEFT JOIN rulings g ON g.pair_id = p.id AND g.pair_id >= %(first)s {_OF}
"""  # noqa: S608 - as above
NEWEST_PAIRS = f"""
SELECT p.id, p.model, p.provider, p.reference, p.upstream, p.started, p.conversation, coalesce(g.reason, '') AS judgement
FROM pairs p LEFT JOIN rulings g ON g.pair_id = p.id AND g.pair_id >= %(first)s
WHERE p.{_IN} AND p.upstream <> '' ORDER BY p.started DESC, p.no DESC LIMIT %(limit)s
"""  # noqa: S608 - as above
ROUTED_PAYOFFS = f"""
SELECT n.id, y.signal, y.payoff FROM ({NEWEST_PAIRS}) n JOIN payoffs y ON y.pair_id = n.id AND y.pair_id >= %(first)s
"""  # noqa: S608 - as above
NEWEST_EXCHANGES = f"""
SELECT provider, model, upstream, conversation, started, no, coalesce(prompt_tokens, 0) AS prompt,
       coalesce(cached_tokens, 0) AS cached, cached_tokens IS NOT NULL AND prompt_tokens IS NOT NULL AS counted
FROM exchanges WHERE {_IN} AND role = 'primary' AND drawn AND upstream <> '' ORDER BY started DESC, no DESC LIMIT %(limit)s
"""  # noqa: S608 - as above
SHARES = f"""
SELECT provider, model, upstream, count(*) AS answers FROM ({NEWEST_EXCHANGES}) n GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608 - as above
TURNS = f"""
WITH turns AS (
  SELECT *, lag(upstream) OVER (PARTITION BY provider, model, conversation ORDER BY started, no) AS before
  FROM ({NEWEST_EXCHANGES}) n WHERE conversation <> '' AND upstream <> 'unnamed'
), later AS (
  SELECT *, upstream <> before AS changed FROM turns WHERE before IS NOT NULL
)
SELECT provider, model, count(DISTINCT conversation), count(DISTINCT conversation) FILTER (WHERE changed),
       coalesce(sum(prompt) FILTER (WHERE changed AND counted), 0)::bigint,
       coalesce(sum(cached) FILTER (WHERE changed AND counted), 0)::bigint,
       coalesce(sum(prompt) FILTER (WHERE NOT changed AND counted), 0)::bigint,
       coalesce(sum(cached) FILTER (WHERE NOT changed AND counted), 0)::bigint
FROM later GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 - as above


def arm_pairs_of(conn: psycopg.Connection, route: str, since: float, until: float) -> Sequence[ArmPairRow]:
    """The pairs of the route that started in the period, oldest first. Equal requests without a conversation share one."""
    wanted = period(since, until, route=route)
    payoffs = _payoffs(conn, ARM_PAYOFFS, wanted)
    cursor = conn.execute(ARM_PAIRS, wanted)
    names = [column.name for column in cursor.description or ()][:14]
    return [
        ArmPairRow(
            **dict(zip(names, row[:14], strict=True)),
            excluded=tuple(filter(None, row[15].split(","))),
            payoffs=payoffs[row[14]],
            tokens=None if row[16] is None else tuple(int(count or 0) for count in row[16:23]),
            control=row[23],
            segments=segment_names(row[24]),
        )
        for row in cursor
    ]


def arm_pairs_sums_of(conn: psycopg.Connection, route: str, since: float, until: float) -> ArmPairsSums:
    """The sums of these pairs."""
    return ArmPairsSums(*(conn.execute(ARM_SUMS, period(since, until, route=route)).fetchone() or ()))


def routed_pairs_of(conn: psycopg.Connection, since: float, until: float, limit: int) -> Sequence[RoutedPairRow]:
    """The pairs of routers with their payoffs, oldest first."""
    wanted = period(since, until, limit=limit)
    payoffs = _payoffs(conn, ROUTED_PAYOFFS, wanted)
    names = ("model", "provider", "reference", "upstream", "started", "conversation", "judgement")
    rows = conn.execute(NEWEST_PAIRS, wanted).fetchall()
    return [RoutedPairRow(**dict(zip(names, row[1:], strict=True)), payoffs=payoffs[row[0]]) for row in reversed(rows)]


def upstream_shares_of(conn: psycopg.Connection, since: float, until: float, limit: int) -> Sequence[UpstreamShare]:
    """How many live answers each server of each router gave."""
    return rows_as(UpstreamShare, conn.execute(SHARES, period(since, until, limit=limit)))


def upstream_turns_of(conn: psycopg.Connection, since: float, until: float, limit: int) -> Sequence[UpstreamTurns]:
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
        for row in conn.execute(TURNS, period(since, until, limit=limit))
    ]


def _payoffs(conn: psycopg.Connection, statement: str, wanted: Values) -> dict[str, dict[str, int]]:
    payoffs: dict[str, dict[str, int]] = defaultdict(dict)
    for id_, signal, payoff in conn.execute(statement, wanted):
        payoffs[id_][signal] = payoff
    return payoffs
