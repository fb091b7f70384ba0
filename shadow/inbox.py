"""Inbox: takes exchanges and pulses from the data plane over a local socket; bounded in number and bytes, losses counted.

It always reads: a full inbox drops and counts, so that the data plane never feels a slow audit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from proxy.exchange import Exchange
from proxy.packing import unpack, unpack_pulse
from proxy.pulse import Pulse

log = structlog.get_logger("sameweights.inbox")

HEADER = 5
"""Four bytes of length (of what follows), one byte of kind."""
CONNECTIONS = 256
"""Connections read at once: there are at most 64 workers, and those that died may not be gone yet."""


class Inbox:
    """The queue between the socket and the worker.

    `on_pulse` is told each pulse, `on_loss` a reason (`inbox_full`, `malformed`) for each exchange that could not be taken.
    """

    def __init__(
        self,
        *,
        limit: int,
        limit_bytes: int,
        frame_limit: int,
        on_pulse: Callable[[Pulse], None],
        on_loss: Callable[[str], None],
    ) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._frame_limit = frame_limit
        self._on_pulse = on_pulse
        self._on_loss = on_loss
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._readers: set[asyncio.Task[None]] = set()

    async def start(self, path: str) -> None:
        """Listen on the unix socket `path`; OSError when that cannot be."""
        self._server = await asyncio.start_unix_server(self._connected, path)

    async def take(self) -> Exchange:
        """The oldest exchange; waits for one. One that cannot be unpacked is counted and passed over."""
        while True:
            exchange = self.take_now()
            if exchange is not None:
                return exchange
            self._arrived.clear()
            await self._arrived.wait()

    def take_now(self) -> Exchange | None:
        """The oldest exchange, or None when nothing readable waits."""
        while self._waiting:
            payload = self._waiting.popleft()
            self._bytes -= len(payload)
            try:
                return unpack(payload)
            except ValueError as why:
                self._on_loss("malformed")
                log.warning("exchange not understood", why=str(why))
        return None

    def __len__(self) -> int:
        return len(self._waiting)

    async def stop(self, *, patience: float) -> None:
        """Refuse new connections and wait, at most `patience` seconds, for the open ones to end; what waits stays."""
        if self._server is None:
            return
        self._server.close()
        if self._readers:
            await asyncio.wait(self._readers, timeout=patience)
        for reader in self._readers:
            reader.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._readers) >= CONNECTIONS:
            log.warning("a connection too many was refused", connections=len(self._readers))
            writer.close()
            return
        self._readers.add(task)
        try:
            await self._read(reader)
        except asyncio.IncompleteReadError as end:
            if end.partial:
                self._on_loss("malformed")
        except (ConnectionError, asyncio.CancelledError):
            # Cancelled is only who still writes at a stop; asyncio would log a traceback for it.
            pass
        finally:
            self._readers.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            header = await reader.readexactly(HEADER)
            length = int.from_bytes(header[:4], "big") - 1
            if not 0 <= length <= self._frame_limit:
                self._on_loss("malformed")
                log.warning("frame refused", bytes=length, limit=self._frame_limit)
                return
            self._received(header[4:], await reader.readexactly(length))

    def _received(self, kind: bytes, payload: bytes) -> None:
        if kind == b"E":
            self._keep(payload)
        elif kind == b"P":
            try:
                self._on_pulse(unpack_pulse(payload))
            except ValueError as why:
                log.warning("pulse not understood", why=str(why))
        else:
            self._on_loss("malformed")

    def _keep(self, payload: bytes) -> None:
        if len(self._waiting) >= self._limit or self._bytes + len(payload) > self._limit_bytes:
            self._on_loss("inbox_full")
            return
        self._waiting.append(payload)
        self._bytes += len(payload)
        self._arrived.set()
