"""Client connections over TLS: each makes its handshake first, and is then served as one without TLS is.

Handshakes count against `limits.clients`, have the time of a request head, and fail without a line in the log: on an open port
failed ones are everyday traffic of scanners, which `tls_failed` counts.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl

from proxy.client.client_connection import LINGER_SECONDS
from proxy.client.client_listener import ClientListener
from proxy.client.excess_client import MOST

_log = logging.getLogger("sameweights.proxy")
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_PAUSE = 1.0
"""Seconds without accepting where the system has no room for a connection, as event loops do."""


class TlsAccept:
    """Accepts on the bound socket `sock` for `listener`, until `close`."""

    def __init__(self, listener: ClientListener, context: ssl.SSLContext, sock: socket.socket, backlog: int) -> None:
        self._listener = listener
        self._context = context
        self._sock = sock
        self._handshakes: set[asyncio.Task[None]] = set()
        sock.setblocking(False)
        sock.listen(backlog)
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    def __repr__(self) -> str:
        return f"<TlsAccept handshakes={len(self._handshakes)}>"

    @property
    def context(self) -> ssl.SSLContext:
        """What handshakes are made by; its certificate may be loaded again."""
        return self._context

    def close(self) -> None:
        """Accept no more, and end the handshakes that are being made."""
        self._accepting.cancel()
        self._sock.close()
        for handshake in self._handshakes:
            handshake.cancel()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, _ = await loop.sock_accept(self._sock)
            except OSError as error:
                if error.errno in _NO_ROOM:
                    _log.warning("accept_failed", extra={"reason": error.strerror, "pause_seconds": _PAUSE})
                    await asyncio.sleep(_PAUSE)
                continue  # a connection that was reset before it was accepted
            self._begin(sock)

    def _begin(self, sock: socket.socket) -> None:
        """Make the handshake of a connection, but not of one beyond those that are served or answered 503."""
        most = self._listener.limits.clients
        if most and len(self._listener.connections) + len(self._handshakes) >= most + MOST:
            self._listener.stats.tls_failed += 1
            sock.close()
            return
        handshake = asyncio.get_running_loop().create_task(self._handshake(sock))
        self._handshakes.add(handshake)
        handshake.add_done_callback(self._handshakes.discard)

    async def _handshake(self, sock: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._listener,
                sock,
                ssl=self._context,
                ssl_handshake_timeout=self._listener.timeouts.client_head,
                ssl_shutdown_timeout=LINGER_SECONDS,
            )
        except OSError:  # ssl.SSLError and TimeoutError are some
            self._listener.stats.tls_failed += 1
