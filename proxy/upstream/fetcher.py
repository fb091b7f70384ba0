"""One fetching process: it sends the audit's shadow requests, so that only the network and the references affect their times.

`python -m proxy.upstream.fetcher` reads its limits as the first line of standard input, then jobs in frames, and returns each
exchange, without the body that was sent, in a frame on standard output, and a beat once a second; it ends with its input.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

from proxy.exchange import Exchange
from proxy.packing import EXCHANGE, FrameReader, frame, pack_parts
from proxy.process.data_plane_log import to_stderr
from proxy.process.parent_watchdog import BEAT_SECONDS, loop_factory
from proxy.process.standard_streams import install_streams
from proxy.upstream.fetch_job import FetchJob, failed, run, unpack
from proxy.upstream.upstream_client import UpstreamClient
from proxy.validated_config import limits_of, timeouts_of
from proxy.worker_stats import WorkerStats

_log = logging.getLogger("sameweights.proxy")
JOB = b"A"
GIVEN_UP = b"G"
BEAT = b"B"
PR_SET_PDEATHSIG = 1
_READ = 256 * 1024


class Fetcher:
    """Runs fetch jobs concurrently until it is closed; `out` takes the frames of what they come to."""

    def __init__(self, upstream: UpstreamClient, out: asyncio.WriteTransport) -> None:
        self._upstream = upstream
        self._out = out
        self._running: dict[str, asyncio.Task[None]] = {}

    def __repr__(self) -> str:
        return f"<Fetcher running={len(self._running)}>"

    def take(self, kind: bytes, payload: bytes) -> None:
        """Begin a fetch job, or cancel one by its name."""
        if kind == JOB:
            job = unpack(payload)
            self._running[job.identity] = asyncio.create_task(self._run(job))
        elif task := self._running.get(payload.decode()):
            task.cancel()

    async def close(self) -> None:
        """Give up what runs, and close every connection."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._upstream.close()

    async def _run(self, job: FetchJob) -> None:
        try:
            self._give(await run(self._upstream, job))
        except Exception:  # noqa: BLE001 - a fault of ours is logged, and the job answered: its sender waits for that alone
            _log.exception("fetch_failed", extra={"exchange": job.identity})
            self._give(failed(job))
        finally:
            del self._running[job.identity]

    def _give(self, exchange: Exchange) -> None:
        made = pack_parts(exchange._replace(request=exchange.request._replace(body=b"")))
        self._out.write(frame(EXCHANGE, *made.parts))


async def read_frames(reader: asyncio.StreamReader, limit: int) -> AsyncIterator[tuple[bytes, bytes]]:
    """The kind and the payload of each frame until `reader` ends; FrameError for one of more than `limit` bytes."""
    frames = FrameReader(limit)
    while data := await reader.read(_READ):
        for kind, payload in frames.feed(data):
            yield kind, payload


async def serve() -> None:
    """Be a fetcher on standard input and output."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    out, _ = await loop.connect_write_pipe(asyncio.Protocol, sys.stdout)
    task = json.loads(await reader.readline())
    to_stderr(**task.get("log", {}))
    upstream = UpstreamClient(timeouts_of(task["timeouts"]), limits_of(task["limits"]), WorkerStats())
    fetcher = Fetcher(upstream, out)
    beats = asyncio.create_task(_beat(out))
    try:
        async for kind, payload in read_frames(reader, int(task["frame_limit"])):
            fetcher.take(kind, payload)
    finally:
        beats.cancel()
        await fetcher.close()


async def _beat(out: asyncio.WriteTransport) -> None:
    while True:
        out.write(frame(BEAT))
        await asyncio.sleep(BEAT_SECONDS)


def die_with_parent() -> None:
    """Be killed when the audit is (Linux, prctl(2)): one that stands still just then would not read the end of its input."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Fetch until the audit process has gone."""
    install_streams()
    die_with_parent()
    to_stderr()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve())


if __name__ == "__main__":
    main()
