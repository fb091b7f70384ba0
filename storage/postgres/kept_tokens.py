"""Sums of tokens by the class they are priced in, kept beside the rows by stretches of ten minutes."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg

from storage import rollup_keys
from storage.postgres.day_partitions import first_id
from storage.postgres.result_rows import FOREVER
from storage.rollup_keys import DAY, STRETCH, TOKEN_SUMS
from storage.rows import TokenSum

NAMES = "provider, model, role, usage_state, stated"
_COLUMNS = ", ".join(TOKEN_SUMS)
_CLASSED = "CASE WHEN fresh_tokens IS NOT NULL THEN {} END"
_READ, _WRITTEN = _CLASSED.format("cached_tokens"), _CLASSED.format("cache_write_tokens")
OF_ROWS = f"""
count(*) AS answers, coalesce(sum(fresh_tokens), 0)::bigint AS fresh, coalesce(sum({_READ}), 0)::bigint AS cache_read,
(coalesce(sum({_WRITTEN}), 0) - coalesce(sum(cache_write_1h_tokens), 0))::bigint AS cache_write_5m,
coalesce(sum(cache_write_1h_tokens), 0)::bigint AS cache_write_1h, coalesce(sum(output_tokens), 0)::bigint AS output,
coalesce(sum(reasoning_tokens), 0)::bigint AS reasoning, coalesce(sum(uncertain_tokens), 0)::bigint AS uncertain,
coalesce(sum(cost), 0.0) AS cost
"""
"""Sums of answers in one state of usage; only those with a state that has classes have tokens of a class."""
COUNTED = f"""
SELECT floor(started / {{length}})::bigint * {{length}} AS began, provider, model, role, usage_state,
       (cost IS NOT NULL)::int::bigint AS stated, {OF_ROWS}
FROM exchanges WHERE usage_state <> '' AND {{condition}} GROUP BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608 - our own constants
_OF_IDS = COUNTED.format(length=STRETCH, condition="id = ANY(%s)")
ADD = f"""
INSERT INTO token_sums (began, {NAMES}, {_COLUMNS}) {_OF_IDS} ORDER BY 1, 2, 3, 4, 5, 6
ON CONFLICT (began, {NAMES}) DO UPDATE SET {", ".join(f"{name} = token_sums.{name} + excluded.{name}" for name in TOKEN_SUMS)}
"""
TAKE = f"""
UPDATE token_sums SET {", ".join(f"{name} = {name} - %s" for name in TOKEN_SUMS)}
WHERE (began, {NAMES}) = (%s, %s, %s, %s, %s, %s)
"""  # noqa: S608 - our own constants
EMPTY = "DELETE FROM token_sums WHERE began = ANY(%s) AND answers <= 0"
_EDGE = COUNTED.format(length=DAY, condition="id >= %(from_id)s AND started >= {}")
PERIOD = f"""
SELECT day, {NAMES}, {", ".join(f"sum({name})::{'float8' if name == 'cost' else 'bigint'}" for name in TOKEN_SUMS)} FROM (
SELECT began / {DAY} * {DAY} AS day, {NAMES}, {_COLUMNS} FROM token_sums WHERE began >= %(first)s AND began < %(last)s
UNION ALL SELECT began / {DAY} * {DAY}, {NAMES}, {_COLUMNS} FROM unkept_tokens
WHERE began >= %(begun)s AND began < %(until)s
UNION ALL ({_EDGE.format("%(since)s AND started < %(head)s")})
UNION ALL ({_EDGE.format("%(tail)s AND started < %(until)s")})
) within GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608 - our own constants


def add_tokens(conn: psycopg.Connection, exchanges: Sequence[str]) -> None:
    """Add the tokens of these new exchanges, whose rows are written already."""
    conn.execute(ADD, (list(exchanges),))


def subtract_tokens(conn: psycopg.Connection, exchanges: Sequence[str]) -> None:
    """Subtract the tokens of exchanges that are about to be deleted."""
    rows = conn.execute(_OF_IDS, (list(exchanges),)).fetchall()
    with conn.cursor() as cursor:
        cursor.executemany(TAKE, sorted((*row[6:], *row[:6]) for row in rows))
    conn.execute(EMPTY, (sorted({began for began, *_ in rows}),))


def token_sums_of(conn: psycopg.Connection, since: float, until: float) -> Sequence[TokenSum]:
    """The sums of a period by day of UTC, provider, model, role and state of usage."""
    values = {**rollup_keys.period(since, until or FOREVER), "from_id": first_id(since)}
    return [TokenSum(*row) for row in conn.execute(PERIOD, values)]
