"""as_file(): lines as the bytes of a file, compressed with Zstandard (RFC 8878) where its name ends in .zst."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def as_file(path: Path, lines: Iterable[str]) -> bytes:
    """The lines in UTF-8, each with its end."""
    content = "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
    return zstd.compress(content) if path.suffix == ".zst" else content
