"""Bodies without their content codings (RFC 9110 8.4): gzip, deflate, br and zstd, fed piece by piece and bounded; pure.

A kilobyte may unpack to a gigabyte, so the caller sets how much may come out, and how many members there may be.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FAULTS = (ValueError, zlib.error, brotli.error, zstd.ZstdError)
"""What a coding raises for bytes that are not of it."""
LOOKED_AT = 256 * 1024
"""Bytes of an unpacked body that are looked at while it is forwarded: unpacked in one to two milliseconds, and in 7 where brotli
unpacks a whole window of one letter (`bench/turns.py`).
"""
_FEW_CODINGS, _FEW_PARTS = 2, 8
"""Codings of a body, and members or frames of each, that are looked into while it is forwarded."""
_STEP = 256 * 1024
_BROTLI_FED = 16 * 1024
"""Bytes of a body fed to brotli at once, because it unpacks all of them."""
_WIDE_WINDOWS = frozenset({0b1101, 0b1111})
"""How bodies in brotli begin whose window is of 8 or 16 MiB (RFC 7932 9.1): brotli unpacks as much at once, however little is
wanted, which takes 7 ms for the 4 MiB that encoders use.
"""
_OVERHEAD = 1024
"""Bytes by which a coding may make a body longer that cannot be packed (a head, and a few bytes for each 16 KiB)."""
_ZSTD_WINDOW_LOG = 23
"""8 MB, the window that RFC 9659 allows for content-encoding zstd."""


class ContentCoding(Protocol):
    """One content coding, fed piece by piece; raises one of FAULTS on bytes that are not of it."""

    done: bool
    """The coding's own end was reached."""

    def feed(self, data: bytes, room: int) -> bytes:
        """What comes out for this piece; where that is more than `room` bytes, more than `room` of it, and no more are fed."""
        ...


def named(values: Sequence[str]) -> list[str]:
    """The content codings that fields of these values name, in the order they were applied, lower case, without `identity`."""
    names = [name.strip().lower() for name in ",".join(values).split(",")]
    return [name for name in names if name and name != "identity"]


def beginning(names: Sequence[str], body: bytes, most: int = LOOKED_AT) -> bytes | None:
    """The first `most` bytes of what a body, or its beginning, unpacks to; None where it cannot be unpacked here, or where that
    could take longer than one turn of an event loop may.
    """
    if len(names) > _FEW_CODINGS or not all(name in CODINGS for name in names):
        return None
    for name in reversed(names):
        if name == "br" and body and body[0] & 0b1111 in _WIDE_WINDOWS:
            return None
        try:
            body = CODINGS[name](_FEW_PARTS).feed(body[: most + _OVERHEAD], most)[:most]
        except FAULTS:
            return None
    return body


class _Zlib:
    """gzip (RFC 1952, several members) and deflate (RFC 9110 says zlib; raw deflate is met too)."""

    def __init__(self, wbits: int, most_parts: int) -> None:
        self._wbits = wbits
        self._decoder = zlib.decompressobj(wbits)
        self._head = b""
        self._doubtful = wbits == zlib.MAX_WBITS
        self._left = most_parts
        self.done = False

    def __repr__(self) -> str:
        return f"<_Zlib wbits={self._wbits} members_left={self._left} done={self.done}>"

    def feed(self, data: bytes, room: int) -> bytes:
        out = b""
        while data and len(out) <= room and not (self.done and not self._next_member(data)):
            out += self._some(data, room + 1 - len(out))
            self.done = self._decoder.eof
            data = self._decoder.unused_data
        return out

    def _next_member(self, data: bytes) -> bool:
        """Another gzip member begins; anything else after the end is ignored, as browsers do."""
        if self._wbits <= zlib.MAX_WBITS or data[0] != 0x1F:
            return False
        self._decoder = zlib.decompressobj(self._wbits)
        self._left = _one_less(self._left)
        return True

    def _some(self, data: bytes, most: int) -> bytes:
        try:
            out = self._decoder.decompress(data, most)
        except zlib.error:
            if not self._doubtful:
                raise
            self._decoder = zlib.decompressobj(-zlib.MAX_WBITS)
            out = self._decoder.decompress(self._head + data, most)
        if self._doubtful:
            self._head += data
            self._doubtful = len(self._head) < 2
        return out


class _Brotli:
    """br, RFC 7932."""

    def __init__(self, most_parts: int) -> None:
        del most_parts
        self._decoder = brotli.Decompressor()
        self.done = False

    def __repr__(self) -> str:
        return f"<_Brotli done={self.done}>"

    def feed(self, data: bytes, room: int) -> bytes:
        if self.done:
            return b""
        decoder, out, at = self._decoder, bytearray(), 0
        while at < len(data) and len(out) <= room and not self.done:
            out += decoder.process(data[at : at + _BROTLI_FED], output_buffer_limit=_STEP)
            at += _BROTLI_FED
            # What is unpacked already is given in pieces of 32 KiB, also where the decoder has taken all that it was fed.
            while len(out) <= room and not decoder.is_finished() and (more := decoder.process(b"", output_buffer_limit=_STEP)):
                out += more
            self.done = decoder.is_finished()
        return bytes(out)


class _Zstd:
    """zstd, RFC 8878, several frames."""

    def __init__(self, most_parts: int) -> None:
        self._decoder = self._fresh()
        self._left = most_parts
        self.done = False

    def __repr__(self) -> str:
        return f"<_Zstd frames_left={self._left} done={self.done}>"

    @staticmethod
    def _fresh() -> zstd.ZstdDecompressor:
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})

    def feed(self, data: bytes, room: int) -> bytes:
        out = b""
        while data and len(out) <= room:
            if self.done:
                self._decoder = self._fresh()
                self._left = _one_less(self._left)
            out += self._decoder.decompress(data, max_length=room - len(out) + 1)
            self.done = self._decoder.eof
            data = self._decoder.unused_data if self.done else b""
        return out


def _one_less(left: int) -> int:
    """One more member or frame; each costs a copy of what is left, so a body of nothing but ends must not be endless work."""
    if left <= 1:
        raise ValueError("more members than are read")
    return left - 1


CODINGS: Mapping[str, Callable[[int], ContentCoding]] = {
    "gzip": lambda parts: _Zlib(zlib.MAX_WBITS | 16, parts),
    "x-gzip": lambda parts: _Zlib(zlib.MAX_WBITS | 16, parts),
    "deflate": lambda parts: _Zlib(zlib.MAX_WBITS, parts),
    "br": _Brotli,
    "zstd": _Zstd,
}
"""A fresh reader of each coding, for at most so many members or frames."""
