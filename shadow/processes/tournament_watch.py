"""TournamentWatch: looks for tournaments that were begun or ended and what is left of their money, and passes on each change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import structlog

from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.settings.top_level_config import Config
from shadow.tournament.tournament_spending import TournamentSpending
from storage.store import Reader, StoreError

log = structlog.get_logger("sameweights.audit")

TOURNAMENT_SECONDS = 5.0


class TournamentWatch:
    """`config` returns the configuration of the moment, and `hold` is called with each change."""

    def __init__(self, reader: Reader, config: Callable[[], Config], hold: Callable[[CandidateCopies], None]) -> None:
        self._reader = reader
        self._config = config
        self._hold = hold
        self._copies = CandidateCopies()
        self._spending = TournamentSpending()
        self._woken = asyncio.Event()

    def __repr__(self) -> str:
        return f"<TournamentWatch {self._copies!r}>"

    async def run(self) -> None:
        """Look every `TOURNAMENT_SECONDS`, and whenever woken, until cancelled."""
        while True:
            self._woken.clear()
            with suppress(StoreError):  # the next look tries again
                await self._look()
            with suppress(TimeoutError):
                async with asyncio.timeout(TOURNAMENT_SECONDS):
                    await self._woken.wait()

    def wake(self) -> None:
        """Look now: a tournament has begun here, whose limit of money holds from now on."""
        self._woken.set()

    async def _look(self) -> None:
        config = self._config()
        copies = await asyncio.to_thread(self._spending.copies, self._reader, config, time.monotonic())
        if copies == self._copies:
            return
        if copies.held(config) != self._copies.held(config):
            log.info("candidate_copies", held=sorted(copies.held(config)))
        self._copies = copies
        self._hold(copies)
