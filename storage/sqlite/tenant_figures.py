"""The figures of one tenant in a period, read from its rows and from the sums of its exchanges without a row."""

from __future__ import annotations

import sqlite3

from storage import rollup_keys
from storage.measured_times import measured
from storage.rollup_keys import DAY, SUMS, TOKEN_SUMS
from storage.rows import TenantRecords, TokenSum, TrafficCount
from storage.sqlite.query_rows import one_moment, period, rows_as
from storage.sqlite.token_rollups import COUNTED, NAMES
from storage.sqlite.traffic_rollups import OF_ROWS

_ROWS = "tenant = :tenant AND started >= :since AND started < :until"
_STRETCHES = "tenant = :tenant AND began >= :begun AND began < :until"
TRAFFIC = f"""
SELECT provider, model, role, {", ".join(f"sum({name}) AS {name}" for name in SUMS)} FROM (
SELECT provider, model, role, {OF_ROWS} FROM exchanges WHERE {_ROWS} GROUP BY 1, 2, 3
UNION ALL SELECT provider, model, role, {", ".join(SUMS)} FROM unkept_passages WHERE {_STRETCHES}
) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608 - our own constants
TOKENS = f"""
SELECT day, {NAMES}, {", ".join(f"sum({name})" for name in TOKEN_SUMS)} FROM (
SELECT began / {DAY} * {DAY} AS day, {NAMES}, {", ".join(TOKEN_SUMS)} FROM unkept_tokens WHERE {_STRETCHES}
UNION ALL {COUNTED.format(DAY, DAY, _ROWS)}
) GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608 - as above
LATENCIES = f"""
SELECT provider, model, role, first_chunk, first_token, seconds FROM exchanges
WHERE {_ROWS} AND failure = '' AND status < 400 AND role = 'primary' AND drawn ORDER BY started DESC, no DESC LIMIT :limit
"""  # noqa: S608 - as above


def tenant_records(conn: sqlite3.Connection, tenant: str, since: float, until: float, limit: int) -> TenantRecords:
    """Its traffic and tokens, and the times of its newest `limit` live answers."""
    values = {**rollup_keys.period(*period(since, until)), "tenant": tenant, "limit": limit}
    with one_moment(conn):
        return TenantRecords(
            tuple(rows_as(TrafficCount, conn.execute(TRAFFIC, values))),
            tuple(TokenSum(*row) for row in conn.execute(TOKENS, values)),
            tuple(measured(conn.execute(LATENCIES, values))),
        )
