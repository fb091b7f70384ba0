"""Fetchers: run the audit's requests, in a process of its own, since parsing and comparing beside them would be in the
references' times; or in this process, for tests and for single requests.

A job whose process died raises FetcherLostError: nothing was measured of the reference.
"""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import structlog

from proxy.exchange import Exchange
from proxy.packing import frame, unpack
from proxy.process.child_process import start_module
from proxy.process.parent_watchdog import HeartbeatWatch
from proxy.provider_config import Limits, Timeouts
from proxy.upstream.fetch_job import FetchJob, pack, run
from proxy.upstream.fetcher import BEAT, GIVEN_UP, JOB, read_frames
from proxy.upstream.upstream_client import UpstreamClient
from proxy.worker_stats import WorkerStats

log = structlog.get_logger("sameweights.fetcher")

LOOK_SECONDS, FIRST_LOOKS, LOOKS = 1.0, 60, 10
"""Seconds between two looks at the process, and looks without a heartbeat, its first or a later one, until it is killed."""
LEAVE_PATIENCE = 2.0
"""Seconds in which the process must have ended after its input was closed."""


class FetcherLostError(Exception):
    """The process that ran a job ended before its answer."""


class FetcherClient(Protocol):
    """Runs fetch jobs."""

    async def fetch(self, job: FetchJob) -> Exchange:
        """Make the request; whatever the other side does is in the exchange."""

    async def keep(self) -> None:
        """Be ready for jobs, until cancelled."""

    async def close(self) -> None:
        """Cancel what runs."""


class InProcessFetcher:
    """Runs jobs in this process."""

    def __init__(self, timeouts: Timeouts, limits: Limits) -> None:
        self._upstream = UpstreamClient(timeouts, limits, WorkerStats())

    def __repr__(self) -> str:
        return f"<InProcessFetcher {self._upstream!r}>"

    async def fetch(self, job: FetchJob) -> Exchange:
        """Make the request."""
        return await run(self._upstream, job)

    async def keep(self) -> None:
        """It is always ready."""

    async def close(self) -> None:
        """Close the connections."""
        self._upstream.close()


class SubprocessFetcher:
    """Runs jobs in a process of its own, which `keep` starts early, and again whenever it ends or hangs; else a job starts it."""

    def __init__(
        self, timeouts: Timeouts, limits: Limits, frame_limit: int, log_options: Mapping[str, str] | None = None
    ) -> None:
        """`log_options` are the level and the style of the process's log, as `data_plane_log.to_stderr` takes them."""
        task = {
            "timeouts": timeouts.model_dump(),
            "limits": limits.model_dump(),
            "frame_limit": frame_limit,
            "log": log_options or {},
        }
        self._task = json.dumps(task).encode() + b"\n"
        self._frame_limit = frame_limit
        self._starting = asyncio.Lock()
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[str, tuple[Process, asyncio.Future[Exchange]]] = {}
        self._beats = 0
        self._closed = False

    def __repr__(self) -> str:
        return f"<SubprocessFetcher process={self.pid or 'none'} waiting={len(self._waiting)}>"

    @property
    def pid(self) -> int:
        """The process's id, 0 when there is none."""
        return self._process.pid if self._process and self._process.returncode is None else 0

    async def keep(self) -> None:
        """Keep a process running, and replace one that ends or has no heartbeat for `LOOKS` looks, until cancelled."""
        while True:
            try:
                await self._have_process()
                await self._ended()
            except (OSError, RuntimeError) as error:  # no descriptors, no memory, no threads: they may come back
                log.warning("fetcher_start_failed", error=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def fetch(self, job: FetchJob) -> Exchange:
        """Runs one job; FetcherLostError when the process ends before its answer, or cannot be started."""
        try:
            process = await self._have_process()
        except OSError as error:
            raise FetcherLostError(f"the fetching process could not be started: {error}") from error
        answer: asyncio.Future[Exchange] = asyncio.get_running_loop().create_future()
        self._waiting[job.identity] = process, answer
        try:
            await _send(process, JOB, pack(job))
            answered = await answer
            return answered._replace(request=answered.request._replace(body=job.body))
        except asyncio.CancelledError:
            with suppress(FetcherLostError):
                await _send(process, GIVEN_UP, job.identity.encode())
            raise
        finally:
            del self._waiting[job.identity]

    async def close(self) -> None:
        """End the process, with what it still runs."""
        self._closed = True
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), LEAVE_PATIENCE)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._reading is not None:
            await self._reading

    async def _have_process(self) -> Process:
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                process = await start_module("proxy.upstream.fetcher")
                assert process.stdin is not None
                process.stdin.write(self._task)
                self._process = process
                self._reading = asyncio.create_task(self._read(process))
            return self._process

    async def _ended(self) -> None:
        """Wait until the process has ended; one that hangs is killed."""
        process, reading = self._process, self._reading
        if process is None or reading is None:
            return
        silence = HeartbeatWatch(self._beats)
        while not (await asyncio.wait({reading}, timeout=LOOK_SECONDS))[0]:
            looks = silence.looks(self._beats)
            # while it loads its code it has no heartbeat
            if looks == (LOOKS if self._beats else FIRST_LOOKS):
                log.error("fetcher_killed", reason="no heartbeat", seconds=looks * LOOK_SECONDS)
                with suppress(ProcessLookupError):
                    process.kill()

    async def _read(self, process: Process) -> None:
        """Pass each answer to the `fetch` that waits for it, until the process ends; then fail those that still wait."""
        assert process.stdout is not None
        self._beats = 0
        try:
            async for kind, payload in read_frames(process.stdout, self._frame_limit):
                self._beats += 1
                if kind != BEAT:
                    self._answer(unpack(payload))
        except ValueError as error:
            log.error("fetcher_output_malformed", error=str(error))  # noqa: TRY400 - what it wrote is no fault of this code
            with suppress(ProcessLookupError):
                process.kill()
        code = await process.wait()
        left = [answer for asked, answer in self._waiting.values() if asked is process and not answer.done()]
        if not self._closed:
            log.error("fetcher_ended", code=code, unanswered=len(left), restart=True)
        for answer in left:
            answer.set_exception(FetcherLostError("the fetching process ended before the answer"))

    def _answer(self, exchange: Exchange) -> None:
        waited_for = self._waiting.get(exchange.id)
        if waited_for and not waited_for[1].done():
            waited_for[1].set_result(exchange)


async def _send(process: Process, kind: bytes, payload: bytes) -> None:
    if process.stdin is None or process.stdin.is_closing():
        raise FetcherLostError("the fetching process has ended")
    process.stdin.write(frame(kind, payload))
    try:
        await process.stdin.drain()
    except ConnectionError as error:
        raise FetcherLostError("the fetching process exited") from error
