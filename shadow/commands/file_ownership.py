"""read_owned(): the content of a file that only this user can have written; `serve` takes commands from no other file."""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from pathlib import Path

import structlog

log = structlog.get_logger("sameweights.mailbox")

MOST_BYTES = 64 * 1024


def read_owned(path: Path) -> bytes:
    """Reads a small regular file of this user that no other user may write and no link leads to.

    PermissionError for any other file; OSError when it is gone.
    """
    # no link is followed, and opening a pipe does not block
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        state = os.fstat(file)
        plain = stat.S_ISREG(state.st_mode) and state.st_nlink == 1 and state.st_size <= MOST_BYTES
        if not plain or state.st_uid != os.geteuid() or state.st_mode & 0o022:
            raise PermissionError(f"{path} can have been written by another user")
        return os.read(file, MOST_BYTES)
    finally:
        os.close(file)


@lru_cache(maxsize=1024)
def log_refused(path: Path) -> None:
    """Logs once that the command in `path` is not executed; it is checked again as long as it exists."""
    if os.path.lexists(path):
        log.warning(
            "command_refused",
            reason="another user can have written this file",
            file=str(path),
            to_do="find out where it came from, and delete it",
        )
