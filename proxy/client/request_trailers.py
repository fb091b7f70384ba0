"""Keeps the trailer of a chunked request out of the next request's head.

aiohttp's C parser holds the last trailer field back until a next field begins, which is then the first one of the next head on
the connection: one client's trailer would be another's field where a server in front shares connections. So the parser is made
anew behind a chunked request; one that may have had a trailer, and behind which something came already, is the connection's last.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from aiohttp.http_parser import HttpRequestParser, RawRequestMessage
from aiohttp.web_protocol import RequestHandler, RequestPayloadError

_GOES_ON = re.compile(rb"(?:\A|\n)0+[ \t]*(?:;[^\n]*)?\r\n(?!\r\n)")
"""A line that may be a last chunk's, and no empty line behind it."""
_LONGEST_LINE = 64 * 1024


class RequestTrailers:
    """What one connection's parser may hold back; `held` is the last request that was read, where it is in chunks, and `last` the
    chunked one behind which something came.
    """

    __slots__ = ("_end", "_line", "_may_be", "held", "last")

    def __init__(self) -> None:
        self.held: RawRequestMessage | None = None
        self._end = self._line = b""
        self._may_be = False
        self.last: RawRequestMessage | None = None

    @property
    def ended(self) -> bool:
        """True when what was read last ends as a body, a trailer and a head do, and no beginning of a head does."""
        return self._end == b"\r\n\r\n"

    def read(self, messages: Sequence[object], data: bytes) -> None:
        """`data` was read, which brought `messages`: requests, or what was wrong with one."""
        if self.held or any(_chunked(message) for message in messages):
            self._look(data)
        for message in messages:
            self.followed()
            self.held = _chunked(message)

    def followed(self) -> None:
        """Something came behind the last request."""
        if self._may_be:
            self.last = self.last or self.held

    def _look(self, data: bytes) -> None:
        self._end = (self._end + data)[-4:]
        text = self._line + data
        self._line = text[text.rfind(b"\n") + 1 :]
        if len(self._line) > _LONGEST_LINE or _GOES_ON.search(text):
            self._line = b""
            self._may_be = True

    def parser(self, door: RequestHandler, loop: asyncio.AbstractEventLoop, read: int, queued: int) -> HttpRequestParser:
        """A parser that holds nothing back, as aiohttp makes it: `read` bytes of a body or `queued` requests pause a client."""
        self.held, self._end, self._line, self._may_be = None, b"", b"", False
        return HttpRequestParser(
            door,
            loop,
            read,
            max_line_size=door.max_line_size,
            max_field_size=door.max_field_size,
            max_headers=door.max_headers,
            payload_exception=RequestPayloadError,
            auto_decompress=False,
            max_msg_queue_size=queued,
        )


def _chunked(message: object) -> RawRequestMessage | None:
    return message if isinstance(message, RawRequestMessage) and message.chunked else None


def parts_plainly(message: object) -> bool:
    """True for a request, and not what was wrong with one, behind which aiohttp's parser neither holds nor drops anything: not in
    chunks, and without an upgrade (see `proxy.client.declined_upgrade`).
    """
    return type(message) is RawRequestMessage and not message.chunked and not message.upgrade
