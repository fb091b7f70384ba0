"""Answers a client beyond the limit of connections: 503 once its request begins to come, and reads on until the client closes.

Some clients (Go, undici) take an answer that comes before their request for an unasked one; a close with bytes unread would reset
the connection, and a reset may take the answer from the client (RFC 9112 9.6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from proxy.process import socket_end

SECONDS = 2.0
"""How long such a client may take to begin a request and read the answer."""
MOST = 100
"""Such clients at once; one more is answered and closed at once, so that they cannot use up the descriptors."""


class ExcessClient(asyncio.Protocol):
    """The protocol of such a connection, in place of the one that serves; `answer` is sent once, `gone` is called at the end."""

    def __init__(self, transport: asyncio.Transport, answer: bytes, gone: Callable[[], object]) -> None:
        self._transport = transport
        self._answer = answer
        self._gone = gone
        self._timer = asyncio.get_running_loop().call_later(SECONDS, self.end)

    def __repr__(self) -> str:
        return f"<ExcessClient answered={not self._answer}>"

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - what the request is changes nothing
        """Answer the first bytes, and drop all."""
        self._answer_once()

    def eof_received(self) -> None:
        """The client has ended its side."""
        self.end()

    def connection_lost(self, exc: BaseException | None) -> None:  # noqa: ARG002 - however it ended
        """The client has gone."""
        self._timer.cancel()
        self._gone()

    def end(self) -> None:
        """The client has ended its side, or the time is over."""
        self._timer.cancel()
        if not self._transport.is_closing():
            self._answer_once()
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def _answer_once(self) -> None:
        if self._answer and not self._transport.is_closing():
            self._transport.write(self._answer)
            self._answer = b""
            socket_end.sending(self._transport)
