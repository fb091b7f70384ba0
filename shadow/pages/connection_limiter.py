"""Limits the connections to the admin port and closes idle ones.

A connection is idle from its start, and from each response on, until the head of a request is complete: a head that arrives
byte by byte does not keep a connection open.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler

IDLE_SECONDS = 120.0
"""Seconds without a request before a connection is closed; Prometheus scrapes a connection more often than that."""
_TEXT = b"503: too many connections to this port; see admin.clients\n"
FULL = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_TEXT),
    _TEXT,
)


class ConnectionLimiter:
    """Admits `most` connections at once and calls `refused` for each one beyond. `clock` returns monotonic seconds."""

    def __init__(self, *, most: int, refused: Callable[[], None], clock: Callable[[], float]) -> None:
        self._most, self._refused, self._clock = most, refused, clock
        self._open: dict[asyncio.Protocol, _LimitedConnection] = {}

    def __repr__(self) -> str:
        return f"<ConnectionLimiter open={len(self._open)} most={self._most}>"

    def __len__(self) -> int:
        return len(self._open)

    def protocol_factory(self, server: web.Server) -> Callable[[], asyncio.Protocol]:
        """A factory of limited protocols in front of `server`, for `loop.create_server`."""
        return lambda: _LimitedConnection(self, server())

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The application's outermost middleware: a connection whose request is being answered is not idle."""
        connection = self._open.get(request.protocol)
        if connection is None:
            return await handler(request)
        connection.idle_since = math.inf
        try:
            return await handler(request)
        finally:
            connection.idle_since = self._clock()

    def close_idle(self) -> None:
        """Close the connections that were idle too long, also those with an unread response."""
        now = self._clock()
        for connection in [*self._open.values()]:
            if now - connection.idle_since > IDLE_SECONDS:
                connection.transport.abort()

    def admit_connection(self, connection: _LimitedConnection) -> bool:
        """Count `connection` in and return True; False when the limit is reached."""
        if len(self._open) >= self._most:
            self._refused()
            return False
        connection.idle_since = self._clock()
        self._open[connection.inner] = connection
        return True

    def release(self, connection: _LimitedConnection) -> None:
        """Count `connection` out."""
        self._open.pop(connection.inner, None)


class _LimitedConnection(asyncio.Protocol):
    """One connection: every event goes to `inner` once it is admitted."""

    transport: asyncio.Transport
    idle_since = math.inf

    def __init__(self, limiter: ConnectionLimiter, inner: asyncio.Protocol) -> None:
        self._limiter, self.inner = limiter, inner
        self._admitted = False

    def __repr__(self) -> str:
        return f"<_LimitedConnection admitted={self._admitted} idle_since={self.idle_since:.1f}>"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._admitted = self._limiter.admit_connection(self)
        if self._admitted:
            self.inner.connection_made(transport)
        else:
            self.transport.write(FULL)
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        if self._admitted:
            self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self.inner.eof_received() if self._admitted else None

    def pause_writing(self) -> None:
        if self._admitted:
            self.inner.pause_writing()

    def resume_writing(self) -> None:
        if self._admitted:
            self.inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._admitted:
            self._limiter.release(self)
            self.inner.connection_lost(exc)
