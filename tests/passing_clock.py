"""PassingClock, PassingAsyncio: waits that take no time and are written down."""

import asyncio
from typing import Any


class PassingClock:
    """`now` begins at 0; `waits` holds how long each wait would have been."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._now = 0.0

    def now(self) -> float:
        return self._now

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._now += seconds


class PassingAsyncio:
    """`asyncio` for one module, whose sleeps only let the other tasks run; `pauses` holds how long each would have been, and
    `limits` how long each limit is.
    """

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.limits: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    def timeout(self, seconds: float) -> asyncio.Timeout:
        self.limits.append(seconds)
        return asyncio.timeout(seconds)
