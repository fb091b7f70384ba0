"""memory_file(): a file in memory, for what processes share or hand on and no disk may keep."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress


def memory_file() -> int:
    """The descriptor of an empty file without a name, which the next program does not inherit; OSError when none can be made."""
    with suppress(AttributeError):
        return os.memfd_create("sameweights")
    with tempfile.TemporaryFile() as file:  # where memory has no files
        return os.dup(file.fileno())
