"""Answers a client beyond the limit of connections: 503 once its request begins to come, and reads on until the client closes.

Some clients (Go, undici) take an answer that comes before their request for an unasked one; a close with bytes unread would reset
the connection, and a reset may take the answer from the client (RFC 9112 9.6).
"""

from __future__ import annotations

import asyncio

from proxy.process import socket_end

SECONDS = 2.0
"""How long such a client may take to begin a request and read the answer."""
MOST = 100
"""Such clients at once; one more is answered and closed at once, so that they cannot use up the descriptors."""


class ExcessClient:
    """Takes the place of what reads a connection (see `flow.Onward`); `answer` is sent once."""

    def __init__(self, transport: asyncio.Transport, answer: bytes) -> None:
        self._transport = transport
        self._answer = answer
        self._timer = asyncio.get_running_loop().call_later(SECONDS, self.end)

    def take(self, data: bytes) -> None:  # noqa: ARG002 - what the request is changes nothing
        """Answer the first bytes, and drop all."""
        if self._answer:
            self._transport.write(self._answer)
            self._answer = b""
            socket_end.sending(self._transport)

    def end(self) -> None:
        """The client has ended its side, or the time is over."""
        self._timer.cancel()
        if not self._transport.is_closing():
            self.take(b"")
            self._transport.close()
