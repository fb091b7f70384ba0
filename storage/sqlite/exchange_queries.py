"""The queries of one exchange, and of the traffic and latencies of a period.

Periods are `since` <= started < `until`, in seconds since the epoch; `until` 0 is no bound.
"""

from __future__ import annotations

import sqlite3

from storage import rollup_keys
from storage.body_compression import decompress
from storage.measured_times import measured
from storage.rows import ExchangeRow, FindingRow, RowCoverage, ToolCallRow, TrafficCount
from storage.sqlite import passed_checks, traffic_rollups
from storage.sqlite.body_chains import request_body
from storage.sqlite.query_rows import one_moment, period, rows_as
from storage.unkept_sums import coverage_queries

EXCHANGE_NO = "SELECT no FROM exchanges WHERE id = ?"
EXCHANGE_BY_ID = "SELECT * FROM exchanges JOIN payloads ON exchange_no = no WHERE id = ?"
TOOL_CALLS = """
SELECT e.id AS exchange_id, c.* FROM exchanges e JOIN tool_calls c ON exchange_no = no WHERE e.id = ? ORDER BY position
"""
CHECKS = """
SELECT e.id AS exchange_id, '' AS pair_id, c.* FROM exchanges e JOIN checks c ON exchange_no = no WHERE e.id = ? ORDER BY c.rowid
"""
LATENCIES = """
SELECT provider, model, role, first_chunk, first_token, seconds FROM exchanges
WHERE started >= ? AND started < ? AND failure = '' AND status < 400
  AND (drawn OR role <> 'primary') ORDER BY started DESC, no DESC LIMIT ?
"""


def exchange(conn: sqlite3.Connection, exchange_id: str) -> ExchangeRow | None:
    """One exchange, its bodies decompressed."""
    with one_moment(conn):
        return _whole_exchange(conn, exchange_id)


def _whole_exchange(conn: sqlite3.Connection, exchange_id: str) -> ExchangeRow | None:
    for (no,) in conn.execute(EXCHANGE_NO, (exchange_id,)).fetchall():
        (row,) = rows_as(ExchangeRow, conn.execute(EXCHANGE_BY_ID, (exchange_id,)))
        return row._replace(
            stream=bool(row.stream),
            drawn=bool(row.drawn),
            request_body=request_body(conn, no),
            response_body=decompress(row.response_body),
            marks=decompress(row.marks) or b"",
        )
    return None


def row_coverage(conn: sqlite3.Connection, since: float, until: float, provider: str = "") -> RowCoverage:
    """How many live requests of a period, or of one provider in it, have a row; all zero where every one has."""
    values = {**rollup_keys.period(*period(since, until)), "provider": provider}
    unkept, *others = coverage_queries(":{}".format, one=bool(provider))
    with one_moment(conn):
        (without,) = conn.execute(unkept, values).fetchone()
        if not without:
            return RowCoverage(0, 0, 0)
        rows, paired = (conn.execute(statement, values).fetchone()[0] for statement in others)
    return RowCoverage(rows, paired, without)


def tool_calls(conn: sqlite3.Connection, exchange_id: str) -> list[ToolCallRow]:
    """The calls of one exchange, in their order."""
    return list(rows_as(ToolCallRow, conn.execute(TOOL_CALLS, (exchange_id,))))


def checks(conn: sqlite3.Connection, exchange_id: str) -> list[FindingRow]:
    """The checks of one exchange: first those with a row of their own, then those that matched, each in the order made."""
    return [
        row
        for statement in (CHECKS, passed_checks.OF_EXCHANGE)
        for row in rows_as(FindingRow, conn.execute(statement, (exchange_id,)))
    ]


def traffic(conn: sqlite3.Connection, since: float, until: float) -> list[TrafficCount]:
    """Requests of a period; `failures` ended without a whole answer, `errors` were answered in whole, with 400 or more."""
    return list(rows_as(TrafficCount, conn.execute(traffic_rollups.TRAFFIC, rollup_keys.period(*period(since, until)))))


def latencies(conn: sqlite3.Connection, since: float, until: float, limit: int) -> list[tuple[str, str, str, str, float]]:
    """(provider, model, role, measure, seconds) of the newest `limit` exchanges of the period that were answered in whole."""
    return list(measured(conn.execute(LATENCIES, (*period(since, until), limit))))
