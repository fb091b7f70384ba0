"""The lifeline of a child process: standard input, held open by its parent, whose end is the parent's end."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable


class Lifeline(asyncio.Protocol):
    """Calls `ended` once when the other end of standard input is gone; what comes through it is not looked at."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The parent closed it, or is no more."""
        self._ended()


async def hold(ended: Callable[[], None]) -> None:
    """Watch standard input from now on; where it is no pipe (a terminal, a file) there is no parent to watch."""
    try:
        await asyncio.get_running_loop().connect_read_pipe(lambda: Lifeline(ended), sys.stdin)
    except (ValueError, OSError):
        return
