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

from proxy.client.client_listener import ClientListener
from proxy.client.excess_client import MOST

_log = logging.getLogger("sameweights.proxy")
_OF_ITS_CLIENT = frozenset({errno.ECONNABORTED, errno.EPROTO, errno.ENETDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH})
"""Errors of a connection that ended before it was accepted (accept(2)); any other is the system's, which may stay."""
_PAUSE = 1.0
"""Seconds without accepting behind such an error, as event loops do."""


class TlsAccept:
    """Accepts on the bound socket `sock` for `listener`, until `close`."""

    def __init__(self, listener: ClientListener, context: ssl.SSLContext, sock: socket.socket, backlog: int) -> None:
        self._listener = listener
        self.context = context
        """What handshakes are made by; those to come may have another one."""
        self._sock = sock
        self._handshakes: set[asyncio.Task[None]] = set()
        sock.setblocking(False)
        sock.listen(backlog)
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    def __repr__(self) -> str:
        return f"<TlsAccept handshakes={len(self._handshakes)}>"

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
                if error.errno not in _OF_ITS_CLIENT:
                    _log.warning("accept_failed", extra={"reason": error.strerror, "pause_seconds": _PAUSE})
                    await asyncio.sleep(_PAUSE)
            else:
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
                ssl=self.context,
                ssl_handshake_timeout=self._listener.timeouts.client_head,
                ssl_shutdown_timeout=self._listener.timeouts.client_idle,
            )
        except OSError:  # ssl.SSLError and TimeoutError are some
            self._listener.stats.tls_failed += 1
