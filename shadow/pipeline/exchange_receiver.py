"""ExchangeReceiver: reads exchanges and worker stats from the data plane over a local socket, bounded in number and bytes.

It always reads: what exceeds a bound is dropped and counted, so that a slow audit never slows the data plane.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, cast

import structlog

from proxy.exchange import Exchange
from proxy.packing import COMPACT, EXCHANGE, PULSE, FrameError, FrameReader, plain, plain_size, unpack, unpack_stats
from proxy.worker_stats import WorkerStats
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.local_server import LocalServer

log = structlog.get_logger("sameweights.receiver")

CONNECTIONS = 256
"""Connections read at once: there are at most 64 workers, and those that died may not be gone yet."""


class _Waiting(NamedTuple):
    """An exchange as it came from a worker, in a frame of `kind`; `size` is that of its payload once it is plain."""

    worker: int
    kind: bytes
    payload: bytes
    size: int


class ExchangeReceiver:
    """Queues exchanges between the socket and the worker.

    Calls `on_stats` with the stats that a data-plane process sends, and `on_end` with the worker and the process id of a
    connection that ended; the `ledger` counts what arrived, and what could not be taken.
    """

    def __init__(
        self,
        *,
        limit: int,
        limit_bytes: int,
        frame_limit: int,
        on_stats: Callable[[WorkerStats], None],
        ledger: ExchangeLedger,
        on_end: Callable[[int, int], None] = lambda _worker, _pid: None,
    ) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._frame_limit = frame_limit
        self._on_stats = on_stats
        self._ledger = ledger
        self._on_end = on_end
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self.give_up: Callable[[bool], bool] = _nothing_waits_elsewhere
        """Called when the inbox is full, of bytes or (False) of exchanges: True where one that waits elsewhere was released."""
        self._elsewhere = 0
        """Exchanges that were taken packed and wait in another place."""
        self._arrived = asyncio.Event()
        self._server = LocalServer(lambda: _Link(self))
        self._links: set[_Link] = set()

    def __repr__(self) -> str:
        return f"<ExchangeReceiver waiting={len(self)}/{self._limit} bytes={self._bytes} connections={len(self._links)}>"

    async def start(self, path: str) -> None:
        """Listen on the unix socket `path`; OSError when that cannot be."""
        await self._server.start(path)

    async def stay(self) -> None:
        """Listen again whenever the socket or its folder is gone; until cancelled."""
        await self._server.stay()

    async def take(self) -> Exchange:
        """The oldest exchange; waits for one. One that cannot be unpacked is counted and skipped."""
        while True:
            exchange = self.take_now()
            if exchange is not None:
                return exchange
            self._arrived.clear()
            await self._arrived.wait()

    async def take_packed(self) -> tuple[int, bytes]:
        """The sender and payload of the oldest exchange, which counts as waiting until it is `released`; waits for one."""
        while True:
            if (taken := self.take_packed_now()) is not None:
                return taken
            self._arrived.clear()
            await self._arrived.wait()

    def take_packed_now(self) -> tuple[int, bytes] | None:
        """The sender and payload of the oldest exchange, or None when none waits."""
        while self._waiting:
            waiting = self._waiting.popleft()
            try:
                payload = plain(waiting.kind, waiting.payload)
            except ValueError as why:
                self._bytes -= waiting.size
                self._malformed(waiting.worker, why)
            else:
                self._elsewhere += 1
                return waiting.worker, payload
        return None

    def release(self, size: int) -> None:
        """An exchange of so many bytes that was taken packed waits no longer."""
        self._elsewhere -= 1
        self._bytes -= size

    def take_now(self) -> Exchange | None:
        """The oldest exchange, or None when nothing readable waits."""
        while self._waiting:
            waiting = self._waiting.popleft()
            self._bytes -= waiting.size
            try:
                return unpack(plain(waiting.kind, waiting.payload), waiting.worker)
            except ValueError as why:
                self._malformed(waiting.worker, why)
        return None

    def _malformed(self, worker: int, why: ValueError) -> None:
        self._ledger.lost(worker, "malformed")
        log.warning("exchange_unreadable", worker=worker, error=str(why))

    def __len__(self) -> int:
        return len(self._waiting) + self._elsewhere

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the exchanges that wait, here and elsewhere."""
        return self._bytes

    async def stop(self, *, patience: float) -> None:
        """Refuse new connections and wait, at most `patience` seconds, for the open ones to end; what waits stays."""
        self._server.close()
        if self._links:
            await asyncio.wait([link.lost for link in self._links], timeout=patience)
        for link in tuple(self._links):
            link.leave()

    def admit(self, link: _Link) -> bool:
        """True when there is room for the connection, which `stop` then waits for."""
        if len(self._links) >= CONNECTIONS:
            log.warning("connection_refused", connections=len(self._links))
            return False
        self._links.add(link)
        return True

    def ended(self, link: _Link, *, within: bool) -> None:
        """A connection has ended, `within` a frame or between two."""
        self._links.discard(link)
        if link.stats:
            self._ledger.disconnected(link.worker)
            self._on_end(link.stats.worker, link.stats.pid)
        if within:
            log.warning("frame_cut_off", worker=link.worker)

    def frames(self) -> FrameReader:
        """What cuts the bytes of a connection into frames."""
        return FrameReader(self._frame_limit)

    def refused(self, link: _Link, error: FrameError) -> None:
        """Count what cannot be read; the connection ends, since where the next frame begins is not known."""
        self._ledger.arrived(link.worker)
        self._ledger.lost(link.worker, "malformed")
        log.warning("frame_refused", worker=link.worker, error=str(error))

    def received(self, link: _Link, kind: bytes, payload: bytes) -> None:
        """One whole frame."""
        if kind in {EXCHANGE, COMPACT}:
            self._keep(link.worker, kind, payload)
        elif kind == PULSE:
            try:
                self._update_stats(link, unpack_stats(payload))
            except ValueError as why:
                log.warning("worker_stats_unreadable", error=str(why))
        else:
            log.warning("frame_kind_unknown", kind=kind.hex())

    def _update_stats(self, link: _Link, stats: WorkerStats) -> None:
        if link.stats is None:
            self._ledger.connected(stats.worker)
        link.stats = stats
        if missing := self._ledger.sent(stats.worker, stats.sent):
            log.warning("exchanges_lost", exchanges=missing, worker=stats.worker, reason="process_killed")
        self._on_stats(stats)

    def _keep(self, worker: int, kind: bytes, payload: bytes) -> None:
        """Keep an exchange as it came, counted with the bytes that it will have."""
        self._ledger.arrived(worker)
        try:
            size = plain_size(kind, payload, self._frame_limit)
        except ValueError as why:
            self._malformed(worker, why)
            return
        if not self._has_room(size):
            self._ledger.lost(worker, "inbox_full")
            return
        self._waiting.append(_Waiting(worker, kind, payload, size))
        self._bytes += size
        self._arrived.set()

    def _has_room(self, size: int) -> bool:
        if size > self._limit_bytes:
            return False
        while (many := len(self) >= self._limit) or self._bytes + size > self._limit_bytes:
            if not self.give_up(not many):
                return False
        return True


def _nothing_waits_elsewhere(_bytes: bool) -> bool:
    return False


class _Link(asyncio.Protocol):
    """One connection of a forwarding process, without a task of its own."""

    def __init__(self, receiver: ExchangeReceiver) -> None:
        self._receiver = receiver
        self._frames = receiver.frames()
        self.stats: WorkerStats | None = None
        """The last that came over it; the first comes before any exchange."""
        self.lost = asyncio.get_running_loop().create_future()

    def __repr__(self) -> str:
        return f"<_Link worker={self.worker} {self._frames!r}>"

    @property
    def worker(self) -> int:
        """The number of the data-plane process."""
        return self.stats.worker if self.stats else 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if not self._receiver.admit(self):
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        try:
            for kind, payload in self._frames.feed(data):
                self._receiver.received(self, kind, payload)
        except FrameError as error:
            self._receiver.refused(self, error)
            self.leave()

    def connection_lost(self, exc: Exception | None) -> None:
        self._receiver.ended(self, within=self._frames.within and exc is None)
        if not self.lost.done():
            self.lost.set_result(None)

    def leave(self) -> None:
        """Close the connection; an unfinished frame is not reported."""
        self._frames.drop()
        self._transport.close()
