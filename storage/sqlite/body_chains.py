"""request_body(), detach(): bodies that are stored against the body of another exchange, read and made whole again."""

from __future__ import annotations

import sqlite3

from storage.body_compression import BodyCompressor, decompress

CHAIN = """
WITH RECURSIVE chain(step, base, body) AS (
  SELECT 0, request_base, request_body FROM payloads WHERE exchange_no = ?
  UNION ALL SELECT step + 1, p.request_base, p.request_body FROM chain JOIN payloads p ON p.exchange_no = base
)
SELECT body FROM chain ORDER BY step DESC
"""
ORPHANS = """
WITH going(no) AS (SELECT no FROM exchanges WHERE id IN (SELECT value FROM json_each(?)))
SELECT exchange_no FROM payloads WHERE request_base IN (SELECT no FROM going) AND exchange_no NOT IN (SELECT no FROM going)
"""
DETACH = "UPDATE payloads SET request_base = NULL, request_body = ? WHERE exchange_no = ?"


def request_body(conn: sqlite3.Connection, exchange_no: int) -> bytes | None:
    """The request body of a stored exchange, decoded along its chain of bases."""
    body: bytes | None = None
    for (compressed,) in conn.execute(CHAIN, (exchange_no,)):
        body = decompress(compressed, body)
    return body


def detach(conn: sqlite3.Connection, going: str) -> None:
    """Store whole every body that stays and whose base is one of the exchanges `going` (a JSON list of ids)."""
    compressor = BodyCompressor()
    for (no,) in conn.execute(ORPHANS, (going,)).fetchall():
        conn.execute(DETACH, (compressor.compress(request_body(conn, no)), no))
