"""Reads chunked bodies whose chunks have extensions (RFC 9112 7.1.1), which llhttp accepts only without white space.

A recipient must parse white space around `;` and `=`; the content of an extension is ignored, as the RFC requires. It takes the
place of httptools' parser for an answer whose first chunk has an extension, and from the chunk on at whose extension that one
fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
_SPACED = re.compile(rb"[0-9A-Fa-f]{1,15}[ \t]*;")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")
_LONGEST_LINE = 16 * 1024
REFUSED_EXTENSION = "Invalid character in chunk extensions"
"""How llhttp's errors about an extension begin; the line of the chunk's size is not over then."""


class ChunkReader:
    """Feeds the data of chunks to `on_body`; `feed_data` returns the bytes behind the last chunk, None while it has not come."""

    __slots__ = ("_left", "_line", "_on_body", "_state")

    def __init__(self, on_body: Callable[[bytes], object]) -> None:
        self._on_body = on_body
        self._line = b""
        self._left = 0
        self._state = self._size

    def __repr__(self) -> str:
        return f"<ChunkReader {self._state.__name__.strip('_')} left={self._left} line={len(self._line)}>"

    def feed_data(self, data: bytes) -> bytes | None:
        """Read on; ValueError says what is wrong with the framing."""
        at, size = 0, len(data)
        while at < size:
            if self._left:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                self._on_body(piece)
                continue
            if self._state == self._size and not self._line and (behind := self._whole_chunks(data, at)) > at:
                at = behind
                continue
            end = data.find(b"\n", at) + 1
            self._line += data[at : end or size]
            if len(self._line) > _LONGEST_LINE:
                raise ValueError("a line of its chunk framing is too long")
            if not end:
                return None
            at = end
            if self._take_line():
                return data[at:]
        return None

    def _whole_chunks(self, data: bytes, at: int) -> int:
        """Read the chunks that begin at `at` and are whole in `data`, with one look at each: a stream may be of very many."""
        match, on_body = _SIZE_LINE.match, self._on_body
        while line := match(data, at):
            start = line.end()
            end = start + int(line[1], 16)
            if end == start or end - start > len(data) or not data.startswith(b"\r\n", end):
                return at
            on_body(data[start:end])
            at = end + 2
        return at

    def _take_line(self) -> bool:
        line, self._line = self._line, b""
        if not line.endswith(b"\r\n"):
            raise ValueError("a line of its chunk framing ends with a bare line feed")
        return self._state(line[:-2])

    def _size(self, line: bytes) -> bool:
        found = _SIZE.fullmatch(line)
        if not found:
            raise ValueError("Invalid character in chunk size")
        self._left = int(found[1], 16)
        self._state = self._behind_data if self._left else self._trailer
        return False

    def _behind_data(self, line: bytes) -> bool:
        if line:
            raise ValueError("a chunk is longer than its size")
        self._state = self._size
        return False

    def _trailer(self, line: bytes) -> bool:
        if line and not _TRAILER.fullmatch(line):
            raise ValueError("a trailer field is not valid")
        return not line


class ChunkEvents:
    """The events of llhttp for a chunked body; `on_body` is a list's own append, so that no Python frame runs for a piece."""

    __slots__ = ("begun", "ended", "on_body", "own", "pieces")

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.on_body = self.pieces.append
        self.begun = 0
        self.ended = False
        self.own = 0
        """How many of the pieces are of the first message, once it has ended."""

    def __repr__(self) -> str:
        return f"<ChunkEvents messages={self.begun} ended={self.ended} pieces={len(self.pieces)}>"

    def on_message_begin(self) -> None:
        """A message begins: the first one is the answer's own."""
        self.begun += 1

    def on_message_complete(self) -> None:
        """A message is whole."""
        if not self.ended:
            self.ended = True
            self.own = len(self.pieces)


class ExtendedChunks:
    """Reads chunks with extensions in the place of llhttp, with the same events."""

    __slots__ = ("_events", "_reader")

    def __init__(self, events: ChunkEvents) -> None:
        self._events = events
        self._reader = ChunkReader(events.on_body)

    def __repr__(self) -> str:
        return f"<ExtendedChunks {self._reader!r} {self._events!r}>"

    def feed_data(self, data: bytes) -> None:
        """Read on; ValueError says what is wrong with the framing."""
        behind = self._reader.feed_data(data)
        if behind is not None:
            self._events.on_message_complete()
            self._events.begun = 2 if behind else 1

    @classmethod
    def instead(
        cls, events: ChunkEvents, before: bytes | bytearray, data: bytes, pieces: Sequence[bytes]
    ) -> ExtendedChunks | None:
        """A reader that has read on from the chunk in `data` whose extension llhttp refused; None where its place is not certain.

        `before` is all of the body that came since the read with the last body bytes, that one included; `pieces` are the body
        bytes of `data`. ValueError says what is wrong with the framing.
        """
        begun = bytes(before[before.rfind(b"\n") + 1 :])
        start = _after_pieces(begun if before else None, data, pieces) if pieces else _without_pieces(begun, data)
        if start is None:
            return None
        reader = cls(events)
        if not start and not pieces:
            reader.feed_data(begun)
        reader.feed_data(data[start:])
        return reader


def _chunk_end(data: bytes) -> int:
    """Bytes at the start of `data` that may be the end of a chunk's data."""
    return 2 if data.startswith(b"\r\n") else int(data.startswith(b"\n"))


def _without_pieces(begun: bytes, data: bytes) -> int | None:
    """Where in `data`, which holds no body byte, the first size's line begins: behind the end of a chunk's data, or at 0, where
    it is the rest of the line `begun`; None where it could be either.
    """
    end = _chunk_end(data)
    if end < len(b"\r\n") or not _SPACED.match(begun):
        return end
    return None if _SPACED.match(data, end) else 0


def _after_pieces(begun: bytes | None, data: bytes, pieces: Sequence[bytes]) -> int | None:
    """Where in `data` the chunk behind those of `pieces` begins; None where the bytes can be read in two ways. `begun` is the
    line that may have begun before; None where the body begins with `data`.

    Each of these chunks is one piece, for it came whole, but the first, whose beginning may have come before. So all follows from
    where the first piece stands: at 0, or behind its size's line, with or without the end of the chunk before that.
    """
    first = data.find(b"\n") + 1
    starts = {first} if begun is None else {0, first, data.find(b"\n", first) + 1}
    ends = {_follow(begun or b"", data, pieces, start) for start in starts} - {None}
    return ends.pop() if len(ends) == 1 else None


def _follow(begun: bytes, data: bytes, pieces: Sequence[bytes], start: int) -> int | None:
    """Where the chunks of `pieces` end in `data` if the first piece stands at `start`; None where it does not."""
    if start:
        end = _chunk_end(data)
        lines = (begun + data[:start], data[end:start] if end else b"")
        if not any((line := _SIZE_LINE.fullmatch(each)) and int(line[1], 16) == len(pieces[0]) for each in lines):
            return None
    at = start
    for place, piece in enumerate(pieces):
        if place:
            line = _SIZE_LINE.match(data, at)
            if not line or int(line[1], 16) != len(piece):
                return None
            at = line.end()
        if not data.startswith(piece, at) or not data.startswith(b"\r\n", at + len(piece)):
            return None
        at += len(piece) + 2
    return at if _SPACED.match(data, at) else None
