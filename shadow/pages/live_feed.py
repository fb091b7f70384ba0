"""`LiveFeed`: sends how many pairs of evidence are newer than a page, as server-sent events (EventSource, WHATWG HTML 9.2).

All open feeds share one query in two seconds, at most eight are open, and each ends after ten minutes; the browser then opens it
again. So the cost does not grow with the pages that are open. The verdicts are those that the pages built, renewed seldom.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiohttp import web

from shadow.pages.page_threads import PageThreads
from shadow.pages.period_figures import PeriodFiguresCache
from shadow.report.evident_signals import EvidentSignals
from storage.rows import Standing
from storage.store import Reader

MOST = 8
"""Feeds open at once; one more is answered 503."""
POLL_SECONDS = 2.0
LONGEST_SECONDS = 600.0
COUNTED = 1_000
"""Pairs up to which newer ones are counted."""


class LiveFeed:
    """Answers the requests of `/live`; `figures` has the verdicts of all records (without it every marked pair counts).
    `clock` returns monotonic seconds.
    """

    def __init__(
        self,
        reader: Reader,
        threads: PageThreads,
        figures: PeriodFiguresCache | None = None,
        *,
        poll: float = POLL_SECONDS,
        longest: float = LONGEST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader, self._threads, self._poll, self._longest, self._clock = reader, threads, poll, longest, clock
        self._figures = figures
        self._open = 0
        self._asked = float("-inf")
        self._newest: tuple[int, ...] = ()
        self._asking = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<LiveFeed open={self._open} most={MOST}>"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Send a count whenever it changes, and a comment otherwise, so that a page that is gone is noticed."""
        if self._open >= MOST:
            raise web.HTTPServiceUnavailable(text=f"503: {MOST} feeds are open\n", headers={"Retry-After": "60"})
        self._open += 1
        try:
            return await self._send(request)
        finally:
            self._open -= 1

    async def _send(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        last, shown = max(await self._numbers(), default=0), 0
        until = self._clock() + self._longest
        while self._clock() < until:
            newer = sum(number > last for number in await self._numbers())
            await response.write(f"data: {newer}\n\n".encode() if newer != shown else b":\n\n")
            shown = newer
            await asyncio.sleep(self._poll)
        return response

    def _standing(self) -> Standing | None:
        """What the verdicts of all records that were built last rest on, nothing before the first; None without verdicts."""
        if self._figures is None:
            return None
        figures = self._figures.renewed("all")
        return EvidentSignals(figures.cards if figures else ()).standing

    async def _numbers(self) -> tuple[int, ...]:
        """The numbers of the newest pairs of evidence, read at most once in the time of a poll."""
        async with self._asking:
            if self._clock() >= self._asked + self._poll:
                standing = self._standing()
                self._newest = await self._threads.run(self._reader.page_queries.newest_evidence, COUNTED, standing)
                self._asked = self._clock()
        return self._newest
