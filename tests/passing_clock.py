"""PassingClock: a clock whose waits take no time and move it on."""


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
