"""Ends of a connection other than a plain close: our side of it alone, and a reset, which no reader takes for the whole."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

from proxy.process import tcp_info


def sending(transport: asyncio.Transport | None) -> bool:
    """End our side behind what was written, and go on reading; False where there is no connection, or no such end of it (TLS)."""
    if transport is None or transport.is_closing() or not transport.can_write_eof():
        return False
    with suppress(OSError):  # of asyncio's loop, which reports a reset connection itself
        transport.write_eof()
        return True
    return False


def arrived(transport: asyncio.Transport) -> bool:
    """Whether the other end has acknowledged all that the kernel was given; False where the kernel does not provide that."""
    return tcp_info.KNOWN and not tcp_info.pending(transport.get_extra_info("socket"))


def reset(transport: asyncio.Transport) -> None:
    """Close by a reset behind what the kernel has sent; of TLS at once, because its close begins with a notice by which the
    client would take the response for whole (RFC 8446 6.1).
    """
    if not transport.is_closing():
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if transport.get_extra_info("sslcontext") is None:
            transport.close()
        else:
            transport.abort()
