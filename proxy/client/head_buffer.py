"""HeadBuffer: the bytes of a request head until it is whole; what can become none, or is too large, is refused as it comes."""

from __future__ import annotations

from proxy.client.head_reader import HEAD_END, beginning_fault, too_large

_CRLF = b"\r\n"


class HeadBuffer:
    """The beginning of one head, of at most `limit` bytes."""

    __slots__ = ("_begun", "_limit")

    def __init__(self, limit: int) -> None:
        self._begun = bytearray()
        self._limit = limit

    def __repr__(self) -> str:
        return f"<HeadBuffer begun={len(self._begun)}>"

    def __len__(self) -> int:
        return len(self._begun)

    def clear(self) -> None:
        """Forget what has come."""
        self._begun.clear()

    def take(self, data: bytes) -> tuple[bytes, int] | None:
        """All bytes from the beginning of a head on and where it ends, once it is whole; None before. RequestError for a head
        that cannot be served.
        """
        begun = self._begun
        seen = len(begun)
        begun += data
        if not seen or begun.startswith(b"\r"):
            while begun.startswith(_CRLF):
                del begun[:2]  # RFC 9112 2.2: empty lines before a request are ignored
            seen = 0
        end = begun.find(HEAD_END, max(0, seen - 3)) + len(HEAD_END)
        whole = end >= len(HEAD_END)
        if (end if whole else len(begun)) > self._limit:
            raise too_large(f"{self._limit} bytes")
        if whole:
            came = bytes(begun)
            begun.clear()
            return came, end
        if begun and (fault := beginning_fault(begun, seen)):
            raise fault
        return None
