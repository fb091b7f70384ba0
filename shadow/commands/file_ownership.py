"""owned(): a file that only this user can have written; orders are obeyed from no other."""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from pathlib import Path

import structlog

log = structlog.get_logger("sameweights.orders")

MOST_BYTES = 64 * 1024


def owned(path: Path) -> bytes:
    """The content of a small regular file of this user's, which nobody else may write and no link leads to.

    PermissionError when it is none; OSError when it is gone.
    """
    # no link is followed, and a pipe is not waited for
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        state = os.fstat(file)
        plain = stat.S_ISREG(state.st_mode) and state.st_nlink == 1 and state.st_size <= MOST_BYTES
        if not plain or state.st_uid != os.geteuid() or state.st_mode & 0o022:
            raise PermissionError(f"{path} is not a file of this user's alone")
        return os.read(file, MOST_BYTES)
    finally:
        os.close(file)


@lru_cache(maxsize=1024)
def log_refused(path: Path) -> None:
    """Log that the order in `path` is not carried out, once: it is looked at again and again while it lies there."""
    if os.path.lexists(path):
        log.warning(
            "an order beside the database is not carried out: it is not a file that only this user can have written",
            file=str(path),
            to_do="find out who put it there, and remove it",
        )
