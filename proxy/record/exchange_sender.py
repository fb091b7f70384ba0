"""The sink that packs exchanges, and worker statistics, onto a local socket; it never waits, and counts what it had to drop.

While the audit is away, exchanges wait here up to the limit; while it is slow, they wait here too; beyond that they are dropped.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import cast

from proxy.exchange import Exchange
from proxy.packing import PULSE, CompactExchange, PackedExchange, frame, opening, pack_parts, pack_stats
from proxy.process.shared_counters import CounterRow, SharedCounters
from proxy.worker_stats import WorkerStats

_log = logging.getLogger("sameweights.proxy")
_BEAT = 0.5
_FIRST_RETRY, _LAST_RETRY = 0.05, 1.0
_GATHER = 0.02
"""Seconds for which exchanges are gathered before they are written."""
_ONE_WRITE = 128 * 1024
_COPIED = 16 * 1024
"""Bytes of a frame up to which its parts are joined: a copy costs less than five buffers; of a longer one no body is copied."""
_IN_TRANSPORT = 256 * 1024
"""Bytes given to the socket ahead of its reader: what a dying audit process may take with it."""


class _Socket(asyncio.Protocol):
    """The connection to the audit process, which only ever reads."""

    def __init__(self, sender: ExchangeSender) -> None:
        self._sender = sender
        self.full = False
        self.lost = asyncio.get_running_loop().create_future()

    def __repr__(self) -> str:
        return f"<_Socket full={self.full} lost={self.lost.done()}>"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=_IN_TRANSPORT)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if not self.lost.done():
            self.lost.set_result(None)

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        self._sender.flush()


class ExchangeSender:
    """A Sink towards the unix socket at `path`, holding at most `limit` bytes of its own."""

    def __init__(self, path: str, limit: int, stats: WorkerStats, row: CounterRow | None = None) -> None:
        self._path = path
        self._limit = limit
        self._stats = stats
        self._row = row or SharedCounters().row(0)
        self._waiting: deque[tuple[int, Sequence[bytes]]] = deque()
        """Frames, each with its size; a large one in parts, so that no body is copied."""
        self._size = 0
        self._socket: _Socket | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._flushing: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        state = "connected" if self._socket is not None else "not connected"
        return f"<ExchangeSender {state} exchanges={len(self._waiting)} bytes={self._size} of {self._limit}>"

    @property
    def waiting(self) -> int:
        """Bytes of exchanges that are held here: those that wait, and those that the socket has not taken yet."""
        return self._size + (self._socket.transport.get_write_buffer_size() if self._socket else 0)

    def start(self) -> None:
        """Begin to connect, and to send statistics twice a second."""
        self._tasks = [asyncio.create_task(self._stay_connected()), asyncio.create_task(self._beat())]

    def offer(self, exchange: Exchange) -> bool:
        """Take `exchange`, or drop and count it; returns at once and never raises."""
        try:
            packed = pack_parts(exchange)
        except Exception:  # noqa: BLE001 - whatever it is, the exchange is counted, and the next one is sent
            _log.exception("exchange_unpackable", extra={"exchange": exchange.id})
            self.lost("unpackable")
            return False
        return self.offer_packed(packed)

    def offer_packed(self, packed: PackedExchange | CompactExchange) -> bool:
        """The same for an exchange that is packed already."""
        self._row.end()
        payload = packed.parts
        size = sum(map(len, payload))
        message = (opening(packed.kind, size), *payload)
        size += len(message[0])
        if size > self._limit:
            return self._drop("too_large")
        if self._size + size > self._limit:
            return self._drop("audit_down" if self._socket is None else "audit_slow")
        self._waiting.append((size, message if size > _COPIED else (b"".join(message),)))
        self._size += size
        if self._flushing is None:
            # A write costs more than the rest of a hand-over: those of a moment share one.
            self._flushing = asyncio.get_running_loop().call_later(_GATHER, self.flush)
        return True

    def lost(self, reason: str) -> None:
        """Count an exchange that ended and of which nothing can be sent."""
        self._row.end()
        self._drop(reason)

    def flush(self) -> None:
        """Give the socket what it will take now, some frames to a write."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        link = self._socket
        while self._waiting and link is not None and not link.full and not link.transport.is_closing():
            pieces: list[bytes] = []
            gathered, frames, large = 0, 0, False
            while self._waiting and gathered < _ONE_WRITE and (not gathered or self._waiting[0][0] <= _ONE_WRITE):
                size, message = self._waiting.popleft()
                pieces += message
                gathered += size
                frames += 1
                large = large or len(message) > 1
            self._stats.handed_over += frames
            self._size -= gathered
            if large:
                link.transport.writelines(pieces)
            else:
                link.transport.write(b"".join(pieces))

    async def stop(self, seconds: float) -> None:
        """Send what waits, and last statistics, for at most `seconds`; what remains then is dropped, and counted."""
        deadline = monotonic() + seconds
        self.flush()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._emptied()
        for _ in range(len(self._waiting)):
            self._drop("audit_down" if self._socket is None else "audit_slow")
        self._waiting.clear()
        self._size = 0
        self._send_pulse()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.transport.close()
            await asyncio.wait([self._socket.lost], timeout=max(0.05, deadline - monotonic()))
            if not self._socket.lost.done():
                self._socket.transport.abort()
            self._socket = None

    async def _emptied(self) -> None:
        # Checked at the very end only, because an event would cost every write before it.
        while self._waiting or (self._socket is not None and self._socket.transport.get_write_buffer_size()):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)

    def _drop(self, reason: str) -> bool:
        self._row.add(reason)
        return False

    async def _stay_connected(self) -> None:
        pause = _FIRST_RETRY
        loop = asyncio.get_running_loop()
        while True:
            try:
                _, link = await loop.create_unix_connection(lambda: _Socket(self), self._path)
            except OSError:
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LAST_RETRY)
                continue
            if not _ours(link.transport):
                _log.error("audit_socket_refused: it is another user's, and nothing is sent to it")
                link.transport.abort()
                await asyncio.sleep(_LAST_RETRY)
                continue
            pause = _FIRST_RETRY
            self._socket = link
            self._send_pulse()
            self.flush()
            await link.lost
            self._socket = None

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_BEAT)
            self._send_pulse()

    def _send_pulse(self) -> None:
        link = self._socket
        if link is not None and not link.full and not link.transport.is_closing():
            self._stats.sent = self._row.sent - len(self._waiting)
            link.transport.write(frame(PULSE, pack_stats(self._stats)))
            self._stats.loop_lag = 0.0


def _ours(transport: asyncio.BaseTransport) -> bool:
    """Whether a process of this user, or root, is at the other end: what stands under a path in a temporary folder may change."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    _, uid, _ = struct.unpack(
        "3i", transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
    )
    return uid in {0, os.geteuid()}
