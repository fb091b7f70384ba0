"""Divides a read of very many lines, as of an upload in chunks of a byte: each turn of the event loop parses some of them.

What waits is parsed before anything that comes later: no more is read from the client meanwhile, and its end is seen behind it.
"""

from __future__ import annotations

import asyncio

from aiohttp.web_protocol import RequestHandler

LARGE = 24 * 1024
"""Bytes of a read that is parsed at once whatever stands in it."""
PORTION = 16 * 1024
"""Bytes that are parsed in a turn where there are many lines: at most 2,700 chunks, about a millisecond."""
_MANY_LINES = 2_000


class PortionedReads(RequestHandler):
    """A connection whose large reads are parsed in portions; `waiting` is what is still to be parsed."""

    __slots__ = ("_ahead", "_ended", "waiting")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Nothing waits yet."""
        self.waiting = b""
        self._ahead = self._ended = False
        super().connection_made(transport)

    def first_portion(self, data: bytes) -> bytes:
        """What of a read may be parsed now; nothing where it waits behind others."""
        if self.waiting:
            self.waiting += data
            return b""
        if len(data) - len(data.replace(b"\n", b"", _MANY_LINES)) < _MANY_LINES:
            return data
        self._put_off(data[PORTION:])
        return data[:PORTION]

    def ends_behind(self) -> bool:
        """True where the client's end comes behind what waits: `eof_received` is called again when that is parsed."""
        self._ended = bool(self.waiting)
        return self._ended

    def eof_received(self) -> bool | None:  # type: ignore[override] # a true value keeps the transport: see asyncio
        """The client has ended its side."""
        raise NotImplementedError

    def connection_lost(self, exc: BaseException | None) -> None:
        """What waits is of no use any more."""
        self.waiting = b""
        super().connection_lost(exc)

    def _resume_transport_reading(self) -> None:
        """Go on with what waits, and only behind it with the client."""
        if self.waiting:
            self._go_on_soon()
        else:
            super()._resume_transport_reading()

    def _put_off(self, data: bytes) -> None:
        self.waiting = data
        self._pause_transport_reading()
        self._go_on_soon()

    def _go_on_soon(self) -> None:
        if not self._ahead:
            self._ahead = True
            self._loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._ahead = False
        if not self.waiting or self._paused_by_reader():
            return  # `_resume_transport_reading` follows a pause
        portion, rest = self.waiting[:PORTION], self.waiting[PORTION:]
        self.waiting = b""
        self.data_received(portion)
        rest += self.waiting
        if rest and self.transport is not None:
            self._put_off(rest)
        elif self._ended:
            if not self.eof_received() and self.transport is not None:
                self.transport.close()
        elif not self._paused_by_reader():
            super()._resume_transport_reading()

    def _paused_by_reader(self) -> bool:
        return self._reading_paused or self._buffer_paused
