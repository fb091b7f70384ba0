"""Finds what a client sent behind a request whose upgrade is left out: llhttp stops there, and aiohttp drops the rest."""

from __future__ import annotations

from aiohttp.http_parser import RawRequestMessage
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser


class _Nothing:
    """Wants to know nothing of what is parsed."""


class Declined:
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
