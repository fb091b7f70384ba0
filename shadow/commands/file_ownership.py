"""owned(): a file that only this user can have written; orders are obeyed from no other."""

from __future__ import annotations

import os
import stat
from pathlib import Path

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
