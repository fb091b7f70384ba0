"""Couriers: who runs the audit's errands. Apart: a process of its own, since reading and comparing here would be in the
references' times; here: this process, for tests and for asking once.

An errand whose process died under it raises CourierLostError: nothing was learnt about the reference.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import Protocol

import structlog

from proxy.config import Limits, Timeouts
from proxy.errand import Errand, pack, run
from proxy.exchange import Exchange
from proxy.fetcher import ERRAND, GIVEN_UP, read_frame
from proxy.packing import frame, unpack
from proxy.pulse import Pulse
from proxy.upstream import Upstream

log = structlog.get_logger("sameweights.courier")

LEAVE_PATIENCE = 2.0
"""Seconds in which the process must have ended once nothing more is asked of it."""


class CourierLostError(Exception):
    """The process that ran an errand ended before its answer."""


class Courier(Protocol):
    """Runs errands."""

    async def fetch(self, errand: Errand) -> Exchange:
        """Make the request; whatever the other side does is in the exchange."""

    async def close(self) -> None:
        """Give up what runs."""


class Here:
    """Runs errands in this process."""

    def __init__(self, timeouts: Timeouts, limits: Limits) -> None:
        self._upstream = Upstream(timeouts, limits, Pulse())

    async def fetch(self, errand: Errand) -> Exchange:
        """Make the request."""
        return await run(self._upstream, errand)

    async def close(self) -> None:
        """Close the connections."""
        self._upstream.close()


class Apart:
    """Runs errands in a process, which is started with the first of them, and anew with the next one after it died."""

    def __init__(self, timeouts: Timeouts, limits: Limits) -> None:
        self._task = json.dumps({"timeouts": timeouts.model_dump(), "limits": limits.model_dump()}).encode() + b"\n"
        self._starting = asyncio.Lock()
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[str, asyncio.Future[Exchange]] = {}

    @property
    def pid(self) -> int:
        """The process's id, 0 when there is none."""
        return self._process.pid if self._process and self._process.returncode is None else 0

    async def fetch(self, errand: Errand) -> Exchange:
        """Have the request made; CourierLostError when the process ends before it is."""
        await self._have_process()
        answer: asyncio.Future[Exchange] = asyncio.get_running_loop().create_future()
        self._waiting[errand.identity] = answer
        try:
            await self._tell(ERRAND, pack(errand))
            return await answer
        except asyncio.CancelledError:
            with suppress(CourierLostError):
                await self._tell(GIVEN_UP, errand.identity.encode())
            raise
        finally:
            del self._waiting[errand.identity]

    async def close(self) -> None:
        """End the process, with what it still runs."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), LEAVE_PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._reading is not None:
            await self._reading

    async def _have_process(self) -> None:
        async with self._starting:
            if self.pid:
                return
            # -P: a folder named proxy where the user stands must not be taken for ours
            command = (sys.executable, "-P", "-m", "proxy.fetcher")
            self._process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, start_new_session=True)
            assert self._process.stdin is not None
            self._process.stdin.write(self._task)
            self._reading = asyncio.create_task(self._read(self._process))

    async def _tell(self, kind: bytes, payload: bytes) -> None:
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            raise CourierLostError("the fetching process is no more")
        process.stdin.write(frame(kind, payload))
        try:
            await process.stdin.drain()
        except ConnectionError as error:
            raise CourierLostError("the fetching process went away") from error

    async def _read(self, process: Process) -> None:
        """Hand each answer to whoever waits for it, until the process ends; then nobody waits any more."""
        assert process.stdout is not None
        with suppress(asyncio.IncompleteReadError):
            while True:
                _, payload = await read_frame(process.stdout)
                exchange = unpack(payload)
                if (waiting := self._waiting.get(exchange.id)) and not waiting.done():
                    waiting.set_result(exchange)
        code = await process.wait()
        if self._process is process:
            log.error("fetching process ended; the next question starts another", code=code, unanswered=len(self._waiting))
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(CourierLostError("the fetching process ended before the answer"))
