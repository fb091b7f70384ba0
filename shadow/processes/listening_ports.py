"""The ports of `serve`: bound before anything is started, and opened for connections when the audit can record them."""

from __future__ import annotations

import socket
from collections.abc import Sequence

BACKLOG = 1_024


class PortTakenError(Exception):
    """A sentence: the key, the address that the user wrote, and why nothing can listen there."""

    def __init__(self, key: str, address: str, why: OSError) -> None:
        said = why.strerror or why
        super().__init__(f"{key}: cannot listen on '{address}': {said}; choose another port, or stop what uses this one")


def bind(key: str, address: str, count: int = 1) -> list[socket.socket]:
    """`count` sockets that share the port of `address`; PortTakenError where it is another process's."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # a plain bind first: with SO_REUSEPORT alone a second sameweights would share the port unnoticed
        _bound(family, host, int(port), reuse=False).close()
        first = _bound(family, host, int(port), reuse=count > 1)
        return [first, *(_bound(family, host, first.getsockname()[1], reuse=True) for _ in range(count - 1))]
    except OSError as why:
        raise PortTakenError(key, address, why) from None


def listen(key: str, address: str, bound: Sequence[socket.socket]) -> None:
    """Accept connections; PortTakenError where another process has begun to listen there since it was bound."""
    try:
        host, port = bound[0].getsockname()[:2]
        _bound(bound[0].family, host, port, reuse=False).close()
        for opened in bound:
            opened.listen(BACKLOG)
    except OSError as why:
        raise PortTakenError(key, address, why) from None


def _bound(family: socket.AddressFamily, host: str, port: int, *, reuse: bool) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.bind((host, port))
    except OSError:
        opened.close()
        raise
    opened.setblocking(False)
    return opened
