"""A client that has ended its sending side: whether it still reads its answer, which only its kernel shows.

The end that the client sends is the same whether it waits for its answer (RFC 9112 9.6) or has gone. The next bytes tell which:
they are acknowledged, or answered with a reset. Before an answer has begun those bytes are an interim answer, which every client
of HTTP/1.1 must be able to read and forget (RFC 9110 15.2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from proxy.process import tcp_info

PROBE = b"HTTP/1.1 100 Continue\r\n\r\n"
FIRST, PROBED, LATER = 0.5, 0.2, 1.0
"""Seconds until the first look, from a probe to the look at what became of it, and between all others."""


class HalfCloseWatch:
    """Closes `transport` once its client has gone; `begun` returns whether an answer has begun, `probe` is sent before it (or
    b"", to a client of HTTP/1.0, whose leaving is then seen when the answer comes).
    """

    def __init__(self, transport: asyncio.Transport, *, begun: Callable[[], bool], probe: Callable[[], bytes]) -> None:
        self._transport = transport
        self._sock = transport.get_extra_info("socket")
        self._begun = begun
        self._probe = probe
        peer = tcp_info.peer(self._sock)
        # Before an answer has begun, what waits to be acknowledged is of the answers before it.
        earlier = 0 if begun() else peer.pending + transport.get_write_buffer_size()
        self._acknowledged = peer.acknowledged + earlier
        self._probed = self._reads = False
        self._timer = self._in(FIRST)

    def __repr__(self) -> str:
        return f"<HalfCloseWatch probed={self._probed}>"

    def stop(self) -> None:
        """Look no more: the connection has ended."""
        self._timer.cancel()

    def _in(self, seconds: float) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        if self._transport.is_closing():
            return
        peer = tcp_info.peer(self._sock)
        self._reads = self._reads or peer.acknowledged > self._acknowledged
        # Behind the head of an answer nothing may be sent to find out: a silent provider's client is taken to have gone.
        unknown = not self._reads and not peer.pending and self._begun()
        if peer.state == tcp_info.CLOSED or unknown:
            self._transport.abort()
            return
        probe = b"" if self._reads or self._probed or self._begun() else self._probe()
        if probe:
            self._transport.write(probe)
            self._probed = True
        self._timer = self._in(PROBED if probe else LATER)
