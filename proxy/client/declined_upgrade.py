"""Finds what a client sent behind a request whose upgrade is left out: llhttp stops there, and aiohttp drops the rest."""

from __future__ import annotations

from aiohttp.http_parser import RawRequestMessage
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser


class _Nothing:
    """Wants to know nothing of what is parsed."""


class DeclinedUpgrade:
    """The end of one request, `message`, that asked for an upgrade; `lossy` when bytes behind it may have been dropped."""

    __slots__ = ("_left", "behind", "lossy")

    def __init__(self, message: RawRequestMessage, received: bytes) -> None:
        """`received` is all that came since the end of the request before the first in it."""
        lengths = [value for name, value in message.raw_headers if name.lower() == b"content-length"]
        self.behind = b""
        self._left = int(lengths[0]) if lengths else 0
        end = None if message.chunked else _end_of_head(received)
        self.lossy = end is None
        if end is None:
            self._left = 0
        else:
            self.take(received[end:])

    def take(self, data: bytes) -> None:
        """More bytes: the rest of the request's body, then what is `behind` it."""
        self.behind += data[self._left :]
        self._left = max(0, self._left - len(data))

    @property
    def over(self) -> bool:
        """True once the request is whole."""
        return not self._left


def _end_of_head(received: bytes) -> int | None:
    """Where the first head with an upgrade ends; None when `received` does not begin with a request, or holds no such head."""
    try:
        HttpRequestParser(_Nothing()).feed_data(received)
    except HttpParserUpgrade as stop:
        return int(stop.args[0])
    except HttpParserError:
        return None
    return None


class DeclinedUpgrades:
    """Finds what follows each of a connection's requests whose upgrade is left out.

    `begun` is the beginning of the head now being received, `pipelined` tells that a head may have begun behind another request,
    where it is not known. `last` is the request behind which bytes were lost: what comes later may begin anywhere, in the middle
    of a body too, and is never read as a request.
    """

    __slots__ = ("_declined", "_seen", "begun", "last", "pipelined")

    def __init__(self) -> None:
        self._declined: DeclinedUpgrade | None = None
        self._seen: RawRequestMessage | None = None
        self.begun = bytearray()
        self.pipelined = False
        self.last: RawRequestMessage | None = None

    def take(self, newest: RawRequestMessage | None, data: bytes) -> bytes | None:
        """After `data` was read, with `newest` the last request that waits for its turn: what is behind a request whose upgrade
        is left out, once that is whole; None otherwise.
        """
        if self._declined is not None:
            self._declined.take(data)
        elif newest is not None and newest is not self._seen and _left_out(newest):
            self._seen = newest
            self._declined = DeclinedUpgrade(newest, b"" if self.pipelined else bytes(self.begun) + data)
        declined = self._declined
        if declined is None or not declined.over:
            return None
        self._declined = None
        if declined.lossy:
            self.last = self.last or self._seen
        return declined.behind


def _left_out(message: RawRequestMessage) -> bool:
    """Whether `message` asks for an upgrade that aiohttp's parser does not stop for: it keeps what follows all others."""
    return bool(getattr(message, "upgrade", False)) and message.headers.get("Upgrade", "").lower() != "websocket"
