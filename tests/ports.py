"""Ports for servers that cannot choose their own: below those of outgoing connections, and each given out once."""

import random
import socket
from collections import deque
from contextlib import suppress

PORTS = range(20_000, 32_768)
"""The system gives 32768 and above to outgoing connections, so that one of these is free again after a restart of its server."""
HELD = 128

_held: deque[socket.socket] = deque()


def free_port() -> int:
    """A port of 127.0.0.1 that is free, and that no other process of tests takes before its server listens.

    The name of a local socket marks it as taken, until this process ends or has taken `HELD` others.
    """
    for port in random.sample(PORTS, 1_000):
        mark = socket.socket(socket.AF_UNIX)
        with suppress(OSError), socket.socket() as tried:
            mark.bind(f"\0sameweights-tests-port-{port}")
            tried.bind(("127.0.0.1", port))
            _hold(mark)
            return port
        mark.close()
    raise RuntimeError("no port is free")


def _hold(mark: socket.socket) -> None:
    _held.append(mark)
    if len(_held) > HELD:
        _held.popleft().close()
