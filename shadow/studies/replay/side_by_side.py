"""SideBySide: holds a quick provider back until the others have been sent the rows before, so that all are sent each in turn.

Without it a quick provider is sent all open rows before a slow one has its first few, and the two cannot be compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

LEAD = 3
"""Blocks by which one provider may be sent requests before another; fewer than those that `interleaving_fault` permits."""


class SideBySide:
    """How far each provider has come, in numbers of blocks; for one event loop."""

    def __init__(self, names: Iterable[str]) -> None:
        self._reached = dict.fromkeys(names, -1)
        self._moved = asyncio.Event()
        self._free = False

    def __repr__(self) -> str:
        return f"<SideBySide {self._reached}>"

    async def turn(self, name: str, block: int) -> None:
        """Wait until this provider may be sent its request of this block."""
        while not self._free and any(at < block - LEAD for other, at in self._reached.items() if other != name):
            await self._moved.wait()

    def reach(self, name: str, block: int) -> None:
        """This provider was sent its request of this block, or gets none."""
        if block > self._reached[name]:
            self._reached[name] = block
            self._wake()

    def release(self) -> None:
        """Hold no provider back from now on."""
        self._free = True
        self._wake()

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
