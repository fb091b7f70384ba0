"""`DeltaBodies`: delta-encodes the request bodies of one conversation, each against the one before it.

Every request of a conversation repeats the earlier turns, and a shadow request repeats its original: compressed with its
predecessor as prefix (zstd; RFC 8878 section 5 leaves the dictionary to the application), such a body takes about the bytes that
are new in it. A body whose base is deleted is rewritten whole first, so that nothing deleted remains in another row.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from storage.body_compression import BodyCompressor, compress_against

DEEPEST = 24
"""Longest chain of bases, which takes a millisecond to read; the next body starts a new chain."""
SHORTEST = 512
"""Bytes of a body below which delta encoding saves nothing."""
MOST_BYTES = 32 * 1024 * 1024
"""Bytes of bodies remembered, the latest of each conversation; after a forgotten one the next body is stored whole."""
PLACE = 500
"""Bytes of memory for one entry beside its body."""


class DeltaBody(NamedTuple):
    """A body to be stored: `compressed` against the body of the exchange `base`, or alone when that is empty."""

    compressed: bytes | None
    base: str = ""
    raw: bytes = b""
    """The body itself, which is stored whole when `base` is not stored."""


class _Latest(NamedTuple):
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
