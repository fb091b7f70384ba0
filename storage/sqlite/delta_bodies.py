"""`DeltaBodies`: delta-encodes the request bodies of one conversation, each against the one before it.

Every request of a conversation repeats the earlier turns, and a shadow request repeats its original: compressed with its
predecessor as prefix (zstd; RFC 8878 section 5 leaves the dictionary to the application), such a body takes about the bytes that
are new in it. A body whose base is deleted is rewritten whole first, so that nothing deleted remains in another row.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from dataclasses import dataclass

from storage.sqlite.body_compression import BodyCompressor, compress_against, decompress

DEEPEST = 24
"""Longest chain of bases, which takes a millisecond to read; the next body starts a new chain."""
SHORTEST = 512
"""Bytes of a body below which delta encoding saves nothing."""
MOST_BYTES = 32 * 1024 * 1024
"""Bytes of bodies remembered, the latest of each conversation; after a forgotten one the next body is stored whole."""
PLACE = 500
"""Bytes of memory for one entry beside its body."""

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


@dataclass(frozen=True, slots=True)
class DeltaBody:
    """A body to be stored: `compressed` against the body of the exchange `base`, or alone when that is empty."""

    compressed: bytes | None
    base: str = ""
    raw: bytes = b""
    """The body itself, which is stored whole when `base` is not stored."""


@dataclass(frozen=True, slots=True)
class _Latest:
    exchange: str
    body: bytes
    depth: int


class DeltaBodies:
    """Remembers the latest body of each conversation; for one thread only."""

    def __init__(self, compressor: BodyCompressor, most_bytes: int = MOST_BYTES) -> None:
        self._compressor = compressor
        self._most = most_bytes
        self._latest: OrderedDict[str, _Latest] = OrderedDict()
        self._size = 0

    def __repr__(self) -> str:
        return f"<DeltaBodies {len(self._latest)} conversations, {self._size} bytes>"

    def encode(self, exchange: str, conversation: str, body: bytes | None) -> DeltaBody:
        """The body of `exchange` as it is stored."""
        if not body or not conversation or not SHORTEST <= len(body) <= self._most // 4:
            return DeltaBody(self._compressor.compress(body))
        before = self._latest.get(conversation)
        kept = self._against(before, body) if before and before.depth < DEEPEST else DeltaBody(self._compressor.compress(body))
        self._remember(conversation, _Latest(exchange, body, before.depth + 1 if before and kept.base else 0))
        return kept

    def _against(self, before: _Latest, body: bytes) -> DeltaBody:
        added = compress_against(body, before.body)
        if len(added) > len(body) // 8:
            alone = self._compressor.compress(body) or b""
            if len(added) > len(alone) // 2:
                return DeltaBody(alone)
        return DeltaBody(added, before.exchange, body)

    def _remember(self, conversation: str, latest: _Latest) -> None:
        gone = self._latest.pop(conversation, None)
        self._size += _cost(latest) - (_cost(gone) if gone else 0)
        self._latest[conversation] = latest
        while self._size > self._most:
            _, oldest = self._latest.popitem(last=False)
            self._size -= _cost(oldest)


def _cost(latest: _Latest) -> int:
    return len(latest.body) + PLACE


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
