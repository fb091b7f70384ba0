"""The listening side: accepts client connections, and periodically closes those that keep the proxy waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from proxy.client.client_connection import ClientConnection
from proxy.client.client_request import ClientRequest, own_answer
from proxy.client.excess_client import MOST, ExcessClient
from proxy.errors import RequestError
from proxy.provider_config import Limits, Timeouts
from proxy.worker_stats import WorkerStats

_MOST_FIELDS = 2_000
Handler = Callable[[ClientRequest], Awaitable[web.StreamResponse]]


class ClientListener(web.Server):
    """aiohttp's server with our protocol; `handler` gets each request, and is cancelled when its client leaves."""

    def __init__(self, handler: Handler, timeouts: Timeouts, limits: Limits, stats: WorkerStats) -> None:
        super().__init__(
            cast("Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]", handler),
            handler_cancellation=True,
        )
        self._timeouts = timeouts
        self._limits = limits
        self._stats = stats
        self._closing: dict[RequestHandler, float] = {}
        self._count = 0
        self._excess: set[RequestHandler] = set()
        self.empty = asyncio.Event()
        """Set while no client is connected."""
        self.empty.set()

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """A client has come."""
        super().connection_made(handler, transport)
        self._count += 1
        self.empty.clear()
        if self._limits.clients and self._count - len(self._excess) > self._limits.clients:
            self._turn_away(cast("ClientConnection", handler), transport)

    def _turn_away(self, connection: ClientConnection, transport: asyncio.Transport) -> None:
        self._stats.refused += 1
        error = RequestError(503, "too_many_clients", f"{self._limits.clients} clients are connected, and no more are let in")
        excess = ExcessClient(transport, own_answer(error.status, error.body(), keep=False))
        connection.switch(excess)
        if len(self._excess) < MOST:
            self._excess.add(connection)
        else:
            excess.end()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """A client has gone."""
        super().connection_lost(handler, exc)
        self._count -= 1
        self._excess.discard(handler)
        if not self._count:
            self.empty.set()

    def __call__(self) -> RequestHandler:
        """The protocol of a new connection."""
        return ClientConnection(
            self,
            limits=self._limits,
            stats=self._stats,
            loop=self._loop,
            keepalive_timeout=self._timeouts.client_idle,
            access_log=None,
            auto_decompress=False,
            max_line_size=self._limits.head,
            max_field_size=self._limits.head,
            max_headers=_MOST_FIELDS,
            read_bufsize=64 * 1024,
        )

    def sweep(self, now: float) -> None:
        """Close connections whose head is too slow, whose client has left unnoticed, or whose last bytes are not read."""
        patience = self._timeouts.idle
        closing: dict[RequestHandler, float] = {}
        for handler, transport in list(self._connections.items()):
            door = cast("ClientConnection", handler)
            if door.gone:
                # aiohttp still waits for its handler; the transport is no more.
                continue
            if door.waiting_since and now - door.waiting_since > patience:
                door.give_up_body()
            slow_head = door.head_since and now - door.head_since > self._timeouts.client_head
            stalled = door.stalled_since and now - door.stalled_since > patience
            if slow_head or stalled or door.peer_closed():
                transport.abort()
            elif transport.is_closing():
                closing[door] = self._closing.get(door, now)
                if now - closing[door] > self._timeouts.client_idle:
                    transport.abort()
        self._closing = closing

    def close_idle(self) -> None:
        """Close the connections that carry no request."""
        for handler in self.connections:
            if cast("ClientConnection", handler).idle:
                handler.force_close()

    def abort_all(self) -> None:
        """Close every connection at once, whatever it carries."""
        for handler, transport in list(self._connections.items()):
            if not cast("ClientConnection", handler).gone:
                transport.abort()
