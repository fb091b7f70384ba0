"""Entrance: lets so many connections to the admin port in at once, and shows those out that ask for nothing for too long.

A connection is silent from its begin, and from each answer on, until the head of a request is whole: a head that trickles in
keeps nobody in.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler

PATIENCE = 120.0
"""Seconds of silence; scrapes of one connection come closer together than that."""
_TEXT = b"503: too many connections to this port; see admin.clients\n"
FULL = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_TEXT),
    _TEXT,
)


class ConnectionLimiter:
    """The connections that are in; `most` at once, and `refused` is called for each one more. `clock` gives seconds."""

    def __init__(self, *, most: int, refused: Callable[[], None], clock: Callable[[], float]) -> None:
        self._most, self._refused, self._clock = most, refused, clock
        self._inside: dict[asyncio.Protocol, _Guest] = {}

    def __len__(self) -> int:
        return len(self._inside)

    def before(self, server: web.Server) -> Callable[[], asyncio.Protocol]:
        """What makes the protocol of each new connection to `server`."""
        return lambda: _Guest(self, server())

    @web.middleware
    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The application's outermost middleware: who is being answered is not silent."""
        guest = self._inside.get(request.protocol)
        if guest is None:
            return await handler(request)
        guest.silent_since = math.inf
        try:
            return await handler(request)
        finally:
            guest.silent_since = self._clock()

    def sweep(self) -> None:
        """Close what was silent for too long, answers that nobody takes included."""
        now = self._clock()
        for guest in [*self._inside.values()]:
            if now - guest.silent_since > PATIENCE:
                guest.transport.abort()

    def come(self, guest: _Guest) -> bool:
        """Whether there is room for `guest`, who is in then."""
        if len(self._inside) >= self._most:
            self._refused()
            return False
        guest.silent_since = self._clock()
        self._inside[guest.inner] = guest
        return True

    def gone(self, guest: _Guest) -> None:
        """Forget `guest`."""
        self._inside.pop(guest.inner, None)


class _Guest(asyncio.Protocol):
    """One connection: all that happens to it is `inner`'s matter, once it is in."""

    transport: asyncio.Transport
    silent_since = math.inf

    def __init__(self, limiter: ConnectionLimiter, inner: asyncio.Protocol) -> None:
        self._limiter, self.inner = limiter, inner
        self._is_in = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._is_in = self._limiter.come(self)
        if self._is_in:
            self.inner.connection_made(transport)
        else:
            self.transport.write(FULL)
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        if self._is_in:
            self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self.inner.eof_received() if self._is_in else None

    def pause_writing(self) -> None:
        if self._is_in:
            self.inner.pause_writing()

    def resume_writing(self) -> None:
        if self._is_in:
            self.inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_in:
            self._limiter.gone(self)
            self.inner.connection_lost(exc)
