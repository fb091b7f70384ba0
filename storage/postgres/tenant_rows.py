"""The figures of one tenant in a period, read from its rows and from the sums of its exchanges without a row."""

from __future__ import annotations

import psycopg

from storage import rollup_keys
from storage.measured_times import measured
from storage.postgres.day_partitions import first_id
from storage.postgres.kept_sums import OF_ROWS
from storage.postgres.kept_tokens import COUNTED, NAMES
from storage.postgres.result_rows import FOREVER, rows_as
from storage.rollup_keys import DAY, SUMS, TOKEN_SUMS
from storage.rows import TenantRecords, TokenSum, TrafficCount

_ROWS = "id >= %(from_id)s AND tenant = %(tenant)s AND started >= %(since)s AND started < %(until)s"
_STRETCHES = "tenant = %(tenant)s AND began >= %(begun)s AND began < %(until)s"
TRAFFIC = f"""
SELECT provider, model, role, {", ".join(f"sum({name})::bigint AS {name}" for name in SUMS)} FROM (
SELECT provider, model, role, {OF_ROWS} FROM exchanges WHERE {_ROWS} GROUP BY 1, 2, 3
UNION ALL SELECT provider, model, role, {", ".join(SUMS)} FROM unkept_passages WHERE {_STRETCHES}
) counted GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608 - our own constants
TOKENS = f"""
SELECT day, {NAMES}, {", ".join(f"sum({name})::{'float8' if name == 'cost' else 'bigint'}" for name in TOKEN_SUMS)} FROM (
SELECT began / {DAY} * {DAY} AS day, {NAMES}, {", ".join(TOKEN_SUMS)} FROM unkept_tokens WHERE {_STRETCHES}
UNION ALL ({COUNTED.format(length=DAY, condition=_ROWS)})
) counted GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608 - as above
LATENCIES = f"""
SELECT provider, model, role, first_chunk, first_token, seconds FROM exchanges
WHERE {_ROWS} AND failure = '' AND status < 400 AND role = 'primary' AND drawn
ORDER BY started DESC, no DESC LIMIT %(limit)s
"""  # noqa: S608 - as above


def tenant_records_of(conn: psycopg.Connection, tenant: str, since: float, until: float, limit: int) -> TenantRecords:
    """Its traffic and tokens, and the times of its newest `limit` live answers."""
    bounds = {**rollup_keys.period(since, until or FOREVER), "from_id": first_id(since)}
    values = {**bounds, "tenant": tenant, "limit": limit}
    return TenantRecords(
        tuple(rows_as(TrafficCount, conn.execute(TRAFFIC, values))),
        tuple(TokenSum(*row) for row in conn.execute(TOKENS, values)),
        tuple(measured(conn.execute(LATENCIES, values))),
    )
