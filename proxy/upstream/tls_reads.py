"""TLS over a connected socket, on which what came before a reset is still read.

A write that finds a connection reset makes the event loop give it up with bytes unread, and those may be the answer to an upload
that was refused early. Both loops close the socket only behind `connection_lost`; the rest is read in that call, and decrypted.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, cast

_READ, _MOST_READS = 64 * 1024, 16
"""Bytes of one read, if the decrypting protocol has room for them, and the reads of what came before a reset."""
_PASSED_ON = ("get_buffer", "buffer_updated", "eof_received", "pause_writing", "resume_writing")
_Made = TypeVar("_Made", bound=asyncio.Protocol)


async def secured(sock: socket.socket, context: ssl.SSLContext, host: str, make: Callable[[], _Made]) -> _Made:
    """A protocol behind TLS with the server `host`; OSError and ssl.SSLError as the handshake raises them."""
    loop = asyncio.get_running_loop()
    plain, first = await loop.create_connection(_Unasked, sock=sock)
    if first.came:
        raise ssl.SSLError("the server sent bytes before the handshake")
    unasked = _Unasked()
    secure = await loop.start_tls(plain, unasked, context, server_hostname=host)
    if secure is None or secure.is_closing() or plain.is_closing():
        raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
    plain.set_protocol(_ReadsOn(cast("asyncio.BufferedProtocol", plain.get_protocol()), plain.get_extra_info("socket")))
    made = make()
    secure.set_protocol(made)
    made.connection_made(secure)
    if unasked.came:
        made.data_received(unasked.came)
    return made


class _Unasked(asyncio.Protocol):
    """Keeps what comes in the turn of the loop before a handshake begins, or behind its end, before its caller goes on."""

    def __init__(self) -> None:
        self.came = b""

    def __repr__(self) -> str:
        return f"<_Unasked came={len(self.came)}>"

    def data_received(self, data: bytes) -> None:
        """Bytes for the protocol to come."""
        self.came += data


class _ReadsOn(asyncio.BufferedProtocol):
    """Stands before the protocol that decrypts; the methods of that one are its own, so that nothing is added to a read."""

    def __init__(self, within: asyncio.BufferedProtocol, sock: socket.socket) -> None:
        self._within = within
        self._sock = sock
        for name in _PASSED_ON:
            setattr(self, name, getattr(within, name))

    def connection_lost(self, exc: Exception | None) -> None:
        """Read what is left, then report the end."""
        if exc is not None:
            with suppress(OSError):
                self._read_rest()
        self._within.connection_lost(exc)

    def _read_rest(self) -> None:
        for _ in range(_MOST_READS):
            count = os.readv(self._sock.fileno(), [self.get_buffer(_READ)])
            if not count:
                return
            self.buffer_updated(count)
