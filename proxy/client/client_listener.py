"""The listening side: accepts client connections, and periodically closes those that keep the proxy waiting."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from proxy.client.client_connection import ClientConnection, RequestHandler
from proxy.client.client_request import own_answer
from proxy.client.excess_client import MOST, ExcessClient
from proxy.errors import RequestError
from proxy.worker_stats import WorkerStats

if TYPE_CHECKING:
    from proxy.provider_config import Limits, Timeouts

_log = logging.getLogger("sameweights.proxy")


class ClientListener:
    """The clients of one event loop; `handler` gets each request. Called, it makes the protocol of a new connection."""

    def __init__(self, handler: RequestHandler, timeouts: Timeouts, limits: Limits, stats: WorkerStats) -> None:
        self.handler = handler
        self.timeouts = timeouts
        self.limits = limits
        self.stats = stats
        self.connections: dict[ClientConnection, None] = {}
        """Those that are served, the oldest first."""
        self._excess: dict[ClientConnection, ExcessClient] = {}
        self.empty = asyncio.Event()
        """Set while no client is connected."""
        self.empty.set()

    def __repr__(self) -> str:
        return f"<ClientListener connections={len(self.connections)} excess={len(self._excess)}>"

    def __call__(self) -> ClientConnection:
        """The protocol of a new connection."""
        return ClientConnection(self)

    def came(self, connection: ClientConnection, transport: asyncio.Transport) -> None:
        """A client has come."""
        self.empty.clear()
        if self.limits.clients and len(self.connections) >= self.limits.clients:
            self._turn_away(connection, transport)
        else:
            self.connections[connection] = None

    def left(self, connection: ClientConnection) -> None:
        """A client has gone."""
        self.connections.pop(connection, None)
        self._excess.pop(connection, None)
        if not self.connections and not self._excess:
            self.empty.set()

    def sweep(self, now: float) -> None:
        """Let each connection see to its time limits: there is no timer for any of them."""
        self._each(lambda connection: connection.sweep(now))

    def close_idle(self, *, answered: bool = False) -> None:
        """Close the connections that carry no request; where each is `answered`, those too whose client still sends."""
        self._each(lambda connection: connection.close_idle(answered=answered))

    def stop_all(self) -> None:
        """Close every connection at once, whatever it carries."""
        self._each(ClientConnection.stop)
        for excess in list(self._excess.values()):
            excess.abort()

    def _each(self, act: Callable[[ClientConnection], None]) -> None:
        """Call `act` for each connection; a fault in one is logged, and the others have their turn."""
        for connection in list(self.connections):
            try:
                act(connection)
            except Exception:  # noqa: BLE001 - a fault of ours in one connection must not end the time limits of all
                _log.exception("client_connection_fault")

    def _turn_away(self, connection: ClientConnection, transport: asyncio.Transport) -> None:
        self.stats.refused += 1
        error = RequestError(503, "too_many_clients", f"{self.limits.clients} clients are connected, which is the limit")
        excess = ExcessClient(transport, own_answer(error.status, error.body(), keep=False), lambda: self.left(connection))
        full = len(self._excess) >= MOST
        self._excess[connection] = excess
        transport.set_protocol(excess)
        if full:
            excess.end()
