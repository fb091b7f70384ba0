"""HeldBytes: the bytes of bodies that one data-plane process keeps for the audit, and whether there is room for more.

Counted are the bodies of exchanges in progress, and what waits elsewhere for the audit; a body beyond the limit is not kept.
"""

from __future__ import annotations

from collections.abc import Callable


class HeldBytes:
    """At most `limit` bytes; `elsewhere` gives the bytes of exchanges that have ended and were not yet handed over."""

    __slots__ = ("_elsewhere", "limit", "size")

    def __init__(self, limit: int, elsewhere: Callable[[], int] = lambda: 0) -> None:
        self._elsewhere = elsewhere
        self.limit = limit
        self.size = 0
        """Bytes of exchanges in progress."""

    def __repr__(self) -> str:
        return f"<HeldBytes {self.size} of {self.limit}>"

    def take(self, size: int) -> bool:
        """Count `size` bytes more, or less; False, and nothing counted, where there is no room for more."""
        if size > 0 and self.size + size + self._elsewhere() > self.limit:
            return False
        self.size += size
        return True

    def give(self, size: int) -> None:
        """Count `size` bytes less: they are kept no more, or are counted elsewhere."""
        self.size -= size
