"""CompactBody: a body that comes in many small pieces, compressed while it is held; `expand` gives it back.

The events of a stream repeat their envelope, so that a stream holds in memory a fraction of what it sent. Each portion is a zstd
frame, and the frames one behind another are the body (RFC 8878 section 3).
"""

from __future__ import annotations

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_COMPRESSOR = zstd.ZstdCompressor(level=-1)
"""16 KiB of events take it 4 us; a compressor for each body would hold half a megabyte."""


class CompactBody:
    """The bytes that were added, `size` of them."""

    __slots__ = ("_frames", "size")

    def __init__(self) -> None:
        self._frames: list[bytes] = []
        self.size = 0

    def __repr__(self) -> str:
        return f"<CompactBody {self.size} bytes in {sum(map(len, self._frames))}>"

    def add(self, portion: bytes) -> None:
        """Take what comes next; portions of some kilobytes compress well."""
        if portion:
            self._frames.append(_COMPRESSOR.compress(portion, mode=zstd.ZstdCompressor.FLUSH_FRAME))
            self.size += len(portion)

    @property
    def frames(self) -> bytes:
        """All of it, compressed."""
        return b"".join(self._frames)

    def value(self) -> bytes:
        """All of it, as it came."""
        return zstd.decompress(self.frames) if self._frames else b""


def expand(frames: bytes, size: int) -> bytes:
    """What `frames` are the compressed form of; ValueError where that is not of `size` bytes, more of which are never made."""
    parts: list[bytes] = []
    left = size
    while frames:
        decompressor = zstd.ZstdDecompressor()
        try:
            part = decompressor.decompress(frames, max_length=left + 1)
        except zstd.ZstdError as why:
            raise ValueError(f"not compressed as it should be: {why}") from None
        left -= len(part)
        if left < 0 or not decompressor.eof:
            raise ValueError(f"a compressed body of other than {size} bytes")
        parts.append(part)
        frames = decompressor.unused_data
    if left:
        raise ValueError(f"a compressed body of other than {size} bytes")
    return b"".join(parts)
