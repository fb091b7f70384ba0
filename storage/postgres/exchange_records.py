"""One exchange with its calls and checks, the live answers that failed a check, and the latencies of a period."""

from __future__ import annotations

from collections import defaultdict

import psycopg

from storage.body_compression import decompress
from storage.measured_times import measured
from storage.postgres.result_rows import period, rows_as
from storage.rows import AnswerFilter, ExchangeRow, FaultyAnswer, FindingRow, ToolCallRow

EXCHANGE_BY_ID = (
    "SELECT e.*, y.* FROM exchanges e JOIN payloads y ON y.exchange_id = e.id WHERE e.id = %(id)s AND y.exchange_id = %(id)s"
)
TOOL_CALLS = "SELECT * FROM tool_calls WHERE exchange_id = %s ORDER BY position"
CHECKS = "SELECT '' AS pair_id, c.* FROM checks c WHERE exchange_id = %s ORDER BY place"
PASSED_CHECKS = """
SELECT e.id AS exchange_id, '' AS pair_id, 'check' AS comparison, c.value AS signal, 'match' AS state, 1.0::float8 AS score,
       '' AS reason, '' AS subject, '' AS reference
FROM exchanges e JOIN check_sets s ON s.no = e.passed, jsonb_array_elements_text(s.signals::jsonb) WITH ORDINALITY c(value, place)
WHERE e.id = %s ORDER BY c.place
"""
LATENCIES = """
SELECT provider, model, role, first_chunk, first_token, seconds FROM exchanges
WHERE id >= %(first)s AND started >= %(since)s AND started < %(until)s AND failure = '' AND status < 400
  AND (drawn OR role <> 'primary')
ORDER BY started DESC, no DESC LIMIT %(limit)s
"""
FILTERS = {
    "provider": "e.provider = %(provider)s",
    "model": "e.model = %(model)s",
    "since": "e.started >= %(since)s",
    "until": "e.started < %(until)s",
    "before_id": "(e.started, e.no) < (SELECT started, no FROM exchanges WHERE id = %(before_id)s)",
}
"""What each field of an AnswerFilter adds to the condition when it is not empty."""
EVER = "EXISTS (SELECT 1 FROM tallies t WHERE t.comparison = 'check' AND t.state = 'differ'{})"
FAILED = "EXISTS (SELECT 1 FROM checks c WHERE c.exchange_id = e.id AND c.state = 'differ'{})"
NEWEST = " ORDER BY e.started DESC, e.no DESC LIMIT %(limit)s"
ANSWERS = """
SELECT e.id, e.started, e.route, e.provider, e.model, e.status,
  coalesce((SELECT min(p.id) FROM pairs p WHERE p.subject_id = e.id), '')
FROM exchanges e WHERE e.role = 'primary' AND """
REASONS = """
SELECT exchange_id, signal, reason FROM checks WHERE exchange_id = ANY(%s) AND state = 'differ' ORDER BY exchange_id, place
"""


def exchange_of(conn: psycopg.Connection, exchange_id: str) -> ExchangeRow | None:
    """One exchange, its bodies decompressed."""
    for row in rows_as(ExchangeRow, conn.execute(EXCHANGE_BY_ID, {"id": exchange_id})):
        return row._replace(
            request_body=decompress(row.request_body),
            response_body=decompress(row.response_body),
            marks=decompress(row.marks) or b"",
        )
    return None


def tool_calls_of(conn: psycopg.Connection, exchange_id: str) -> list[ToolCallRow]:
    """The calls of one exchange, in their order."""
    return rows_as(ToolCallRow, conn.execute(TOOL_CALLS, (exchange_id,)))


def checks_of(conn: psycopg.Connection, exchange_id: str) -> list[FindingRow]:
    """The checks of one exchange: first those with a row of their own, then those that matched, each in the order made."""
    return [row for each in (CHECKS, PASSED_CHECKS) for row in rows_as(FindingRow, conn.execute(each, (exchange_id,)))]


def latencies_of(conn: psycopg.Connection, since: float, until: float, limit: int) -> list[tuple[str, str, str, str, float]]:
    """(provider, model, role, measure, seconds) of the newest `limit` exchanges of the period that were answered in whole."""
    return list(measured(conn.execute(LATENCIES, period(since, until, limit=limit))))


def faulty_answers_of(conn: psycopg.Connection, wanted: AnswerFilter) -> list[FaultyAnswer]:
    """The newest `limit` live answers of the filter in which a check failed, each with all its failed checks."""
    values = {name: getattr(wanted, name) for name in AnswerFilter.__slots__}
    conditions = [condition for name, condition in FILTERS.items() if values[name]]
    ever, failed = (
        part.format(f" AND {alias}.signal = %(signal)s" * bool(wanted.signal)) for part, alias in ((EVER, "t"), (FAILED, "c"))
    )
    found = conn.execute(ANSWERS + " AND ".join([ever, *conditions, failed]) + NEWEST, values).fetchall()
    reasons = defaultdict(list)
    for exchange_id, signal, reason in conn.execute(REASONS, ([row[0] for row in found],)):
        reasons[exchange_id].append((signal, reason))
    names = ("id", "started", "route", "provider", "model", "status", "pair_id")
    return [FaultyAnswer(**dict(zip(names, row, strict=True)), checks=tuple(reasons[row[0]])) for row in found]
