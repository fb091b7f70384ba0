"""Where the body of a request ends, exactly, and what of it is not framing (RFC 9112 6 and 7.1).

Strict: CRLF alone ends a line, a size is hexadecimal digits alone. Section 7.1.1 requires reading leading zeros, white space
behind a size and around the parts of an extension. Extensions and trailers are checked, counted and dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# Possessive throughout: each byte is looked at once, whatever a client sends.
_SIZE = rb"(?=[0-9A-Fa-f])0*+([1-9A-Fa-f][0-9A-Fa-f]{0,14}+)?+[ \t]*+(?:;[\t\x20-\x7e\x80-\xff]*+)?+"
_SIZE_LINE = re.compile(_SIZE + rb"\r\n")
_BEGUN_SIZE = re.compile(rb"(?:" + _SIZE + rb")?+\r?+")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++:[\t\x20-\x7e\x80-\xff]*+")
_BEGUN_TRAILER = re.compile(rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++(?::[\t\x20-\x7e\x80-\xff]*+)?+)?+\r?+")
_USUAL_LINE = 20
LONGEST_LINE = 4 * 1024
"""Bytes of one line of framing."""
MOST_FRAMING = 64 * 1024
"""Bytes of the extensions and trailers of one body."""
MOST_CHUNKS = 1_000
"""Chunks that are read at once: about a millisecond of work."""


class BrokenBodyError(ValueError):
    """The framing of a body is broken: where it ends cannot be known."""


class LengthBody:
    """A body of `length` bytes (RFC 9112 6.2)."""

    __slots__ = ("left", "rest")

    waits = False
    """False: what is fed is read at once."""

    def __init__(self, length: int) -> None:
        self.left = length
        """Bytes that have not come yet."""
        self.rest = b""
        """What came behind the end of the body."""

    def __repr__(self) -> str:
        return f"<LengthBody left={self.left}>"

    @property
    def ended(self) -> bool:
        """True when the body is whole."""
        return not self.left

    def feed(self, data: bytes) -> bytes:
        """What of `data` belongs to the body."""
        left = self.left
        if len(data) > left:
            self.rest += data[left:]
            data = data[:left]
        self.left = left - len(data)
        return data


class ChunkedBody:
    """A body in chunks (RFC 9112 7.1)."""

    __slots__ = ("_at", "_data", "_framing", "_left", "_pieces", "_read", "ended", "rest", "waits")

    def __init__(self) -> None:
        self._data = b""
        self._at = self._left = self._framing = 0
        self._pieces: list[bytes] = []
        self._read: Callable[[], bool] = self._read_sizes
        self.ended = False
        self.rest = b""
        """What came behind the end of the body."""
        self.waits = False
        """True when more has come than is read at once: `feed(b"")` reads on."""

    def __repr__(self) -> str:
        return f"<ChunkedBody left={self._left} ended={self.ended} waits={self.waits}>"

    def feed(self, data: bytes) -> bytes:
        """What of `data` belongs to the body, as far as it is read at once; BrokenBodyError."""
        self._data = self._data + data if self._data else data
        self._at = 0
        self.waits = False
        while not self.ended and not self.waits and self._read():
            pass
        pieces, self._pieces = self._pieces, []
        behind, self._data = self._data[self._at :], b""
        if self.ended:
            self.rest += behind
        else:
            self._data = behind
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    # Each reads on from `_at`, and returns whether there is more to read: False where more must come first.

    def _read_sizes(self) -> bool:
        """The chunks that are whole, with one look at each: an upload may be of very many."""
        data, at, pieces = self._data, self._at, self._pieces
        while line := _SIZE_LINE.match(data, at):
            start = line.end()
            self._spend(start - at - _USUAL_LINE)
            end = start + int(line[1] or b"0", 16)
            if end == start or not data.startswith(b"\r\n", end):
                self._at, self._left = start, end - start
                self._read = self._read_data if end > start else self._read_trailers
                return True
            pieces.append(data[start:end])
            at = self._at = end + 2
            if len(pieces) == MOST_CHUNKS:
                self.waits = at < len(data)
                return False
        return self._await(_BEGUN_SIZE)

    def _read_data(self) -> bool:
        """Data of a chunk that is not whole."""
        piece = self._data[self._at : self._at + self._left]
        if piece:
            self._pieces.append(piece)
        self._at += len(piece)
        self._left -= len(piece)
        if not self._left:
            self._read = self._read_end
        return not self._left

    def _read_end(self) -> bool:
        """The line end behind the data of a chunk."""
        end = self._data[self._at : self._at + 2]
        if end == b"\r\n":
            self._at += 2
            self._read = self._read_sizes
            return True
        if end not in {b"", b"\r"}:
            raise BrokenBodyError
        return False

    def _read_trailers(self) -> bool:
        """A line behind the last chunk: a trailer field (RFC 9110 6.5), or the empty line that ends the body."""
        at, end = self._at, self._data.find(b"\r\n", self._at, self._at + LONGEST_LINE)
        if end < 0:
            return self._await(_BEGUN_TRAILER)
        self._spend(end - at)
        if end > at and not _TRAILER.fullmatch(self._data, at, end):
            raise BrokenBodyError
        self.ended = end == at
        self._at = end + 2
        return True

    def _await(self, begun: re.Pattern[bytes]) -> bool:
        """Refuse what can become no line at once, so that nothing waits for the rest of it."""
        if len(self._data) - self._at > LONGEST_LINE or not begun.fullmatch(self._data, self._at):
            raise BrokenBodyError
        return False

    def _spend(self, count: int) -> None:
        if count > 0:
            self._framing += count
            if self._framing > MOST_FRAMING:
                raise BrokenBodyError
