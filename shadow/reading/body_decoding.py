"""The audit's own copy of a body without its content-encoding, and where each network chunk ended in the decoded bytes.

Bounded, because a kilobyte may unpack to a gigabyte; a stream that was cut is decoded as far as it goes.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import brotli

from proxy.exchange import Headers
from shadow.reading.completion import Unread, Why

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DECODED_LIMIT = 32 * 1024 * 1024
"""Bytes that any stage of decoding may yield: 16 times the default audit limit, as streams shrink to a tenth and less."""
_LONGEST_CHAIN = 4
_LENGTH = len("content-encoding")
_MOST_PARTS = 1_000
_STEP = 256 * 1024
_ZSTD_WINDOW_LOG = 23
"""8 MB, the window that RFC 9659 allows for content-encoding zstd."""


class Decoded(NamedTuple):
    """Decoded bytes; `ends[i]` is how many of them had come out when the i-th chunk had arrived.

    `whole` is False when the encoding's own end was never reached.
    """

    body: bytes
    ends: list[int]
    whole: bool


class Coding(Protocol):
    """One content coding, fed piece by piece; raises ValueError on bytes that are not of this coding."""

    done: bool

    def feed(self, data: bytes, room: int) -> bytes:
        """What comes out for this piece; raises OverflowError when that is more than `room` bytes."""
        ...


def decode(headers: Headers, body: bytes, ends: Sequence[int], limit: int = DECODED_LIMIT) -> Decoded | Unread:
    """The body as it was before its content-encodings were applied (RFC 9110 8.4); total."""
    names = codings(headers)
    if not names:
        return Decoded(body, list(ends), whole=True)
    unknown = [name for name in names if name not in _CODINGS]
    if unknown or len(names) > _LONGEST_CHAIN:
        return Unread(why=Why.ENCODING, detail=f"content-encoding {', '.join(names)[:200]!r} is not one that is read here")
    chain = [_CODINGS[name]() for name in reversed(names)]
    try:
        return _unpack(chain, body, ends, limit)
    except OverflowError:
        return Unread(why=Why.TOO_LARGE, detail=f"the body unpacks to more than {limit} bytes")
    except (ValueError, zlib.error, brotli.error, zstd.ZstdError) as error:
        return Unread(why=Why.ENCODING, detail=f"the body is not {', '.join(names)}: {error}"[:300])


def codings(headers: Headers) -> list[str]:
    """The content codings in the order they were applied, lower case, `identity` left out."""
    values = [value for name, value in headers if len(name) == _LENGTH and name.lower() == "content-encoding"]
    if not values:
        return []
    names = [name.strip().lower() for name in ",".join(values).split(",")]
    return [name for name in names if name and name != "identity"]


def _unpack(chain: list[Coding], body: bytes, ends: Sequence[int], limit: int) -> Decoded:
    made = [0] * len(chain)
    out: list[bytes] = []
    moved: list[int] = []
    start = 0
    for end in [*ends, len(body)]:
        piece = body[start:end]
        start = max(start, end)
        for stage, coding in enumerate(chain):
            piece = coding.feed(piece, limit - made[stage]) if piece else b""
            made[stage] += len(piece)
        out.append(piece)
        moved.append(made[-1])
    moved.pop()
    return Decoded(b"".join(out), moved, whole=all(coding.done for coding in chain))


class _Zlib:
    """gzip (RFC 1952, several members) and deflate (RFC 9110 says zlib; raw deflate is met too)."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._decoder = zlib.decompressobj(wbits)
        self._head = b""
        self._doubtful = wbits == zlib.MAX_WBITS
        self._members = 1
        self.done = False

    def feed(self, data: bytes, room: int) -> bytes:
        out = b""
        while data and not (self.done and not self._next_member(data)):
            out += self._some(data, room - len(out))
            self.done = self._decoder.eof
            data = self._decoder.unused_data
        return out

    def _next_member(self, data: bytes) -> bool:
        """Another gzip member begins; anything else after the end is ignored, as browsers do."""
        if self._wbits <= zlib.MAX_WBITS or data[0] != 0x1F:
            return False
        self._decoder = zlib.decompressobj(self._wbits)
        self._members = _counted(self._members)
        return True

    def _some(self, data: bytes, room: int) -> bytes:
        try:
            out = self._decoder.decompress(data, room + 1)
        except zlib.error:
            if not self._doubtful:
                raise
            self._decoder = zlib.decompressobj(-zlib.MAX_WBITS)
            out = self._decoder.decompress(self._head + data, room + 1)
        if self._doubtful:
            self._head += data
            self._doubtful = len(self._head) < 2
        return _within(out, room)


class _Brotli:
    """br, RFC 7932."""

    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()
        self.done = False

    def feed(self, data: bytes, room: int) -> bytes:
        if self.done:
            return b""
        out = bytearray(self._decoder.process(data, output_buffer_limit=_STEP))
        while not self._decoder.can_accept_more_data() and len(out) <= room:
            out += self._decoder.process(b"", output_buffer_limit=_STEP)
        self.done = self._decoder.is_finished()
        return _within(bytes(out), room)


class _Zstd:
    """zstd, RFC 8878, several frames."""

    def __init__(self) -> None:
        self._decoder = self._fresh()
        self._frames = 1
        self.done = False

    @staticmethod
    def _fresh() -> zstd.ZstdDecompressor:
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})

    def feed(self, data: bytes, room: int) -> bytes:
        out = b""
        while data:
            if self.done:
                self._decoder = self._fresh()
                self._frames = _counted(self._frames)
            out = _within(out + self._decoder.decompress(data, max_length=room - len(out) + 1), room)
            self.done = self._decoder.eof
            data = self._decoder.unused_data if self.done else b""
        return out


def _within(out: bytes, room: int) -> bytes:
    if len(out) > room:
        raise OverflowError
    return out


def _counted(parts: int) -> int:
    """One more member or frame; each costs a copy of what is left, so a body of nothing but ends must not be endless work."""
    if parts >= _MOST_PARTS:
        raise ValueError(f"more than {_MOST_PARTS} members")
    return parts + 1


_CODINGS: dict[str, Callable[[], Coding]] = {
    "gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "x-gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "deflate": lambda: _Zlib(zlib.MAX_WBITS),
    "br": _Brotli,
    "zstd": _Zstd,
}
