"""KeptBody: the bytes that are kept of one body; what comes in one piece is not copied.

`value` copies nothing either, which with 32 MiB would take tens of milliseconds. A body of many small pieces may be held
compressed, up to MOST_COMPACT bytes.
"""

from __future__ import annotations

from io import BytesIO

from proxy.compact_body import CompactBody

MOST_COMPACT = 1024 * 1024
"""Bytes of a body that are held compressed: to give back as many takes a millisecond, in which no other stream is served."""


class KeptBody:
    """At most `room` bytes of one body, `size` so far."""

    __slots__ = ("_bytes", "_compact", "_first", "room", "size")

    def __init__(self, room: int) -> None:
        self._first = b""
        self._bytes: BytesIO | None = None
        """All of it, where more than one piece has come."""
        self._compact: CompactBody | None = None
        """All of it, where it is held compressed."""
        self.room = room
        self.size = 0

    def __repr__(self) -> str:
        return f"<KeptBody size={self.size} room={self.room}>"

    def compress(self) -> None:
        """Hold compressed what comes; nothing has come yet."""
        self._compact = CompactBody()

    @property
    def compact(self) -> bool:
        """True while it is held compressed."""
        return self._compact is not None

    @property
    def frames(self) -> bytes:
        """All of it, compressed; nothing where it is not held so."""
        return b"" if self._compact is None else self._compact.frames

    def add(self, data: bytes) -> None:
        """Take what comes next, as far as there is room."""
        data = data[: self.room - self.size]
        if self.size + len(data) > MOST_COMPACT:
            self._expand()
        if self._compact is not None:
            self._compact.add(data)
        elif not self.size:
            self._first = data
        elif data:
            self._gathered().write(data)
        self.size += len(data)

    def shorten(self, most: int) -> None:
        """Keep the first `most` bytes, and nothing of what comes."""
        self._expand()
        self.size = self.room = min(most, self.size)
        if self._bytes is None:
            self._first = self._first[: self.size]
        else:
            self._bytes.truncate(self.size)
            self._bytes.seek(self.size)

    def value(self) -> bytes:
        """All of it."""
        if self._compact is not None:
            return self._compact.value()
        return self._first if self._bytes is None else self._bytes.getvalue()

    def _expand(self) -> None:
        if self._compact is not None:
            self._first, self._compact = self._compact.value(), None

    def _gathered(self) -> BytesIO:
        if self._bytes is None:
            self._bytes = BytesIO()
            self._bytes.write(self._first)
            self._first = b""
        return self._bytes
