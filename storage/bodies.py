"""Bodies as they lie on disk: one zstd frame each, level 3; what was absent stays absent and what was empty stays empty."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 3


class Squeezer:
    """Compresses bodies with one context kept warm, three times as fast as a new one a body; for one thread only."""

    def __init__(self) -> None:
        self._compressor = zstd.ZstdCompressor(level=LEVEL)

    def squeeze(self, body: bytes | None) -> bytes | None:
        """The body as one zstd frame (RFC 8878); None and empty bodies as they are."""
        return self._compressor.compress(body, mode=zstd.ZstdCompressor.FLUSH_FRAME) if body else body


def unsqueeze(stored: bytes | None) -> bytes | None:
    """The body that `Squeezer.squeeze` was given; safe from any thread."""
    return zstd.decompress(stored) if stored else stored
