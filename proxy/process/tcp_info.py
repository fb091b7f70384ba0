"""The kernel's state of a connection beyond its bytes: its state, and what the peer has acknowledged (Linux alone).

By these alone a peer that has only ended its sending side differs from one that has gone: a gone one answers data with a reset.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
from typing import NamedTuple

KNOWN = hasattr(socket, "TCP_INFO")
"""True where the kernel reports it."""
CLOSED, PEER_ENDED = 7, 8
"""Linux's TCP_CLOSE, after a reset among others, and TCP_CLOSE_WAIT."""
_ACKNOWLEDGED = struct.Struct("=120xQ")
"""The place of tcpi_bytes_acked in struct tcp_info."""


class TcpInfo(NamedTuple):
    """`acknowledged` counts the bytes that the peer has ever acknowledged, `pending` those sent and not acknowledged yet."""

    state: int
    acknowledged: int
    pending: int


def peer(sock: socket.socket) -> TcpInfo:
    """The kernel's state of the other end of `sock`; OSError where the kernel does not provide it."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKNOWLEDGED.size)
    return TcpInfo(info[0], _ACKNOWLEDGED.unpack(info.ljust(_ACKNOWLEDGED.size, b"\0"))[0], pending(sock))


def pending(sock: socket.socket) -> int:
    """Bytes that were sent on `sock` and are not acknowledged; 0 where the kernel does not provide that."""
    if not KNOWN:
        return 0
    try:
        return int(struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))[0])
    except (OSError, ValueError):
        return 0
