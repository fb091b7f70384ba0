"""Carries what a client sends over a connection that has switched to WebSocket (RFC 6455), byte for byte.

The other direction is the answer's own (`ResponseReader`). Frames are neither read nor kept: only their bytes are counted.
"""

from __future__ import annotations

import asyncio

from proxy.record.capture import Capture
from proxy.upstream.upstream_connection import UpstreamConnection


class WebSocketTunnel:
    """The way from one client to its provider; the client is paused while the provider takes no more."""

    __slots__ = ("_capture", "_client", "_connection", "_resuming")

    def __init__(self, connection: UpstreamConnection, client: asyncio.Transport, capture: Capture) -> None:
        self._connection = connection
        self._client = client
        self._capture = capture
        self._resuming: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<WebSocketTunnel over {self._connection!r} waiting={self._resuming is not None}>"

    def take(self, data: bytes) -> None:
        """Send bytes of the client on."""
        self._capture.pass_up(len(data))
        self._connection.send(data, last=True)
        if self._connection.full and self._resuming is None and not self._client.is_closing():
            self._client.pause_reading()
            self._resuming = asyncio.create_task(self._resume())

    def end(self) -> None:
        """The client has ended its side, so ours towards the provider ends; what that still sends goes to the client."""
        self._connection.end_sending()

    def close(self) -> None:
        """Wait for nothing any more; the client is read again."""
        if self._resuming is not None:
            self._resuming.cancel()
            self._read_again()

    async def _resume(self) -> None:
        await self._connection.drained()
        self._resuming = None
        self._read_again()

    def _read_again(self) -> None:
        if not self._client.is_closing():
            self._client.resume_reading()
