"""HeadBuffer: the bytes of a request head until it is complete; what cannot become one, or is too large, is refused at once."""

from __future__ import annotations

import re

from proxy.client.head_reader import HEAD_END, beginning_fault, too_large

_EMPTY_LINES = re.compile(rb"(?:\r\n)*+")


class HeadBuffer:
    """The beginning of one head, of at most `limit` bytes, the empty lines before it included."""

    __slots__ = ("_begun", "_limit", "skipped")

    def __init__(self, limit: int) -> None:
        self._begun = bytearray()
        self._limit = limit
        self.skipped = 0
        """Bytes of empty lines that were ignored since the last request (RFC 9112 2.2)."""

    def __repr__(self) -> str:
        return f"<HeadBuffer begun={len(self._begun)}>"

    def __len__(self) -> int:
        return len(self._begun)

    def clear(self) -> None:
        """Forget what has come."""
        self._begun.clear()
        self.skipped = 0

    def take(self, data: bytes) -> tuple[bytes, int] | None:
        """All bytes from the beginning of a head on and where it ends, once it is whole; None before. RequestError for a head
        that cannot be served.
        """
        begun = self._begun
        seen = len(begun)
        begun += data
        if not seen or begun.startswith(b"\r"):
            self._skip_empty_lines()
            seen = 0
        end = begun.find(HEAD_END, max(0, seen - 3)) + len(HEAD_END)
        whole = end >= len(HEAD_END)
        if (end if whole else len(begun)) + self.skipped > self._limit:
            raise too_large(f"{self._limit} bytes")
        if whole:
            came = bytes(begun)
            self.clear()
            return came, end
        if begun and (fault := beginning_fault(begun, seen)):
            raise fault
        return None

    def _skip_empty_lines(self) -> None:
        found = _EMPTY_LINES.match(self._begun)
        size = found.end() if found else 0
        if size:
            self.skipped += size
            del self._begun[:size]
