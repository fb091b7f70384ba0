"""Request bodies of one conversation, each kept as what it adds to the one before it.

Every turn of a conversation sends all earlier turns again, and a shadow sends its original again: kept against its
predecessor (zstd with that body as prefix, RFC 8878 section 5 leaves the dictionary to us) such a body costs about what is
new in it. A body whose predecessor goes is written out whole first, so that nothing that was deleted lives on in a neighbour.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from dataclasses import dataclass

from storage.sqlite.body_compression import BodyCompressor, compress_against, decompress

DEEPEST = 24
"""Bodies that must be read before one: a chain of so many costs a millisecond, and every next one starts a new chain."""
SHORTEST = 512
"""Bytes of a body below which nothing is gained."""
MOST_BYTES = 32 * 1024 * 1024
"""Bytes of bodies remembered, the latest of each conversation; what was forgotten costs a body kept whole, nothing else."""
PLACE = 500
"""Bytes that remembering one body costs beside the body: names, the record, its place."""

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
RELEASE = "UPDATE payloads SET request_base = NULL, request_body = ? WHERE exchange_no = ?"


@dataclass(frozen=True, slots=True)
class DeltaBody:
    """A body ready for disk: `squeezed` against the body of the exchange `base`, or alone when that is empty."""

    squeezed: bytes | None
    base: str = ""
    raw: bytes = b""
    """The body itself, to be kept whole when `base` turns out not to be stored."""


@dataclass(frozen=True, slots=True)
class _Latest:
    exchange: str
    body: bytes
    depth: int


class DeltaBodies:
    """Remembers the latest body of each conversation; for one thread only."""

    def __init__(self, squeezer: BodyCompressor, most_bytes: int = MOST_BYTES) -> None:
        self._squeezer = squeezer
        self._most = most_bytes
        self._latest: OrderedDict[str, _Latest] = OrderedDict()
        self._size = 0

    def keep(self, exchange: str, conversation: str, body: bytes | None) -> DeltaBody:
        """The body of `exchange` as it goes to disk."""
        if not body or not conversation or not SHORTEST <= len(body) <= self._most // 4:
            return DeltaBody(self._squeezer.squeeze(body))
        before = self._latest.get(conversation)
        kept = self._against(before, body) if before and before.depth < DEEPEST else DeltaBody(self._squeezer.squeeze(body))
        self._remember(conversation, _Latest(exchange, body, before.depth + 1 if before and kept.base else 0))
        return kept

    def _against(self, before: _Latest, body: bytes) -> DeltaBody:
        added = compress_against(body, before.body)
        if len(added) > len(body) // 8:
            alone = self._squeezer.squeeze(body) or b""
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


def whole(conn: sqlite3.Connection, exchange_no: int) -> bytes | None:
    """The request body of a stored exchange, put together from the bodies it was kept against."""
    body: bytes | None = None
    for (squeezed,) in conn.execute(CHAIN, (exchange_no,)):
        body = decompress(squeezed, body)
    return body


def release(conn: sqlite3.Connection, going: str) -> None:
    """Write out whole every body that is kept against one of the exchanges `going` (a JSON list of ids) and does not go."""
    squeezer = BodyCompressor()
    for (no,) in conn.execute(ORPHANS, (going,)).fetchall():
        conn.execute(RELEASE, (squeezer.squeeze(whole(conn, no)), no))
