"""LaterTasks: the tasks that a parent sends behind the first one, at each reload, for what works when they come."""

from __future__ import annotations

from collections.abc import Callable


def _nobody(_line: bytes) -> None:
    """What takes a task while nothing works yet."""


class LaterTasks:
    """Each takes the place of the one before it, so that the latest is kept for what works later."""

    def __init__(self) -> None:
        self._latest = b""
        self._take: Callable[[bytes], None] = _nobody

    def __repr__(self) -> str:
        return f"<LaterTasks latest={len(self._latest)} bytes>"

    def take(self, line: bytes) -> None:
        """A line of the parent."""
        self._latest = line
        self._take(line)

    def follow(self, take: Callable[[bytes], None]) -> None:
        """Pass on the latest, and from now on each one."""
        if self._latest:
            take(self._latest)
        self._take = take
