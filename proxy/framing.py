"""The head of a provider's answer, read strictly, and where its body ends.

Whatever two readers could read differently is refused, not guessed (RFC 9112 6.3); the lines themselves are kept as sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from proxy.headers import Fields

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: ([^\r\n\x00]*))?\r\n")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)\r\n")
_LENGTH = re.compile(rb"\d{1,18}")
_LAST_CHUNK = re.compile(rb"(?:\A|\r\n)0+(?:[ \t]*;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n")
_TELLING = frozenset({b"transfer-encoding", b"content-length", b"connection", b"keep-alive"})
_TIMEOUT = re.compile(rb"\btimeout\s*=\s*\"?(\d{1,6})")


class Framing(Enum):
    """How the end of an answer's body is told."""

    NONE = "no body"
    LENGTH = "content-length"
    CHUNKED = "chunked"
    CLOSE = "until the connection closes"


class AnswerHead(NamedTuple):
    """The head of an answer; `line` is what follows the HTTP version, the values of `fields` are raw, leading space included.

    A named tuple, as all that is made anew for each request here: a frozen dataclass takes four times as long to make.
    """

    line: bytes
    status: int
    reason: str
    fields: Fields
    framing: Framing
    length: int
    chunked: bool
    """It says that its body comes in chunks, which the answer to HEAD says of a body that does not come."""
    keep: bool
    """The provider will keep the connection for another request."""
    keep_seconds: float
    """How long it says that it will, 0.0 when it does not say."""

    @property
    def interim(self) -> bool:
        """True for the heads that come before the answer itself (1xx)."""
        return self.status < 200


def read_head(head: bytes, method: str) -> AnswerHead:
    """Read a whole head, up to and with its empty line, of an answer to `method`; ValueError says what is wrong with it."""
    match = _STATUS_LINE.match(head)
    if not match:
        raise ValueError("its status line is not one of HTTP/1")
    fields = _fields(head, match.end())
    told = {name: [value.strip().lower() for value in fields.named(name)] for name in _TELLING.intersection(fields.names)}
    status = int(match[2])
    old = match[1] == b"0"
    framing, length = _framing(told, old=old)
    if method == "HEAD" or status < 200 or status in {204, 304}:
        framing, length = Framing.NONE, 0
    options = {option.strip() for value in told.get(b"connection", ()) for option in value.split(b",")} if told else frozenset()
    return AnswerHead(
        line=match[0][9:-2],
        status=status,
        reason=(match[3] or b"").decode("latin-1"),
        fields=fields,
        framing=framing,
        length=length,
        chunked=b"transfer-encoding" in told,
        keep=framing is not Framing.CLOSE and b"close" not in options and (not old or b"keep-alive" in options),
        keep_seconds=_keep_seconds(told),
    )


def delivered_end(data: bytes, pieces: list[bytes]) -> int:
    """The end of the last of the body `pieces` that a chunk reader found in `data`; never beyond its true place."""
    end = 0
    for piece in pieces:
        at = data.find(piece, end)
        if at < 0:
            break
        end = at + len(piece)
    return end


def chunked_end(before: bytes, data: bytes, pieces: list[bytes]) -> int | None:
    """Where in `data` a chunked body ends, `before` being the last bytes ahead of it; None when that cannot be told."""
    joined = before + data
    match = _LAST_CHUNK.search(joined, len(before) + delivered_end(data, pieces) if pieces else 0)
    while match and match.end() <= len(before):
        match = _LAST_CHUNK.search(joined, match.start() + 1)
    return match.end() - len(before) if match else None


def _fields(head: bytes, start: int) -> Fields:
    """The fields from `start` to the empty line; found in one search, and all bytes must be theirs."""
    pairs: list[tuple[bytes, bytes]] = _FIELD.findall(head, start)
    if sum([len(name) + len(value) + 3 for name, value in pairs]) != len(head) - start - 2:
        raise ValueError("one of its header fields is not valid")
    return Fields.of(pairs)


def _framing(told: Mapping[bytes, list[bytes]], *, old: bool) -> tuple[Framing, int]:
    codings, lengths = told.get(b"transfer-encoding"), told.get(b"content-length")
    if codings and lengths:
        raise ValueError("it has both a Content-Length and a Transfer-Encoding")
    if codings:
        if codings != [b"chunked"] or old:
            raise ValueError("its Transfer-Encoding is not chunked alone")
        return Framing.CHUNKED, 0
    if not lengths:
        return Framing.CLOSE, 0
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise ValueError("its Content-Length is not one number")
    return Framing.LENGTH, int(lengths[0])


def _keep_seconds(told: Mapping[bytes, list[bytes]]) -> float:
    for value in told.get(b"keep-alive", ()):
        if match := _TIMEOUT.search(value):
            return float(match[1])
    return 0.0
