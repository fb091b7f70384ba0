"""The head of a provider's answer, read strictly, and where its body ends; and how a request's body goes on the wire.

Whatever two readers could read differently is refused, not guessed (RFC 9112 6.3); the lines themselves are kept as sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from proxy.exchange import Headers
from proxy.upstream.header_layout import HeaderLayout, HopByHop, Pairs, layout_of

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?\r\n")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)\r\n")
_HEAD = re.compile(_STATUS_LINE.pattern + rb"(?:%b)*\r\n" % _FIELD.pattern)
_MOST_DIGITS, _MOST_FIELDS = 18, 2_000
_LAST_CHUNK = re.compile(rb"(?:\A|\r\n)0++[ \t]*+(?:;[^\r\n]*+)?\r\n")


class BodyFraming(Enum):
    """How the end of an answer's body is determined."""

    NONE = "no body"
    LENGTH = "content-length"
    CHUNKED = "chunked"
    CLOSE = "until the connection closes"
    TUNNEL = "another protocol from here on"


class ResponseHead(NamedTuple):
    """The head of an answer; `raw` as it came, its empty line included, the values of `pairs` with the space before them.

    A named tuple, as everything that is made for each request here: a frozen dataclass takes four times as long to make.
    """

    raw: bytes
    status: int
    reason: str
    pairs: Pairs
    shape: HeaderLayout
    hop: HopByHop
    framing: BodyFraming
    length: int
    keep: bool
    """The provider will keep the connection for another request."""
    interim: bool
    """True for the heads that come before the answer itself (1xx); a switch of protocols is an answer (RFC 9110 15.2.2)."""

    @property
    def chunked(self) -> bool:
        """It says that its body comes in chunks, which the answer to HEAD says of a body that does not come."""
        return bool(self.hop.codings) and self.status != 204

    def recorded(self) -> Headers:
        """The fields that the record may hold."""
        return self.shape.recorded(self.pairs)

    def rewritten(self, *, chunked: bool, connection: str) -> bytes:
        """The head for the client: what came, without the fields of this hop.

        `chunked` keeps the one transfer coding the body still has; `connection` is what this hop has to say, "" for nothing.
        """
        head = self.raw if self.raw.startswith(b"HTTP/1.1 ") else b"HTTP/1.1 " + self.raw[9:]
        places = self.hop.dropped_chunked if chunked else self.hop.dropped
        if len(self.shape.lengths) > 1:
            places = tuple(sorted({*places, *self.shape.lengths[:-1]}))
        if places:
            head = self._without(head, places)
        return b"%bConnection: %b\r\n\r\n" % (head[:-2], connection.encode("latin-1")) if connection else head

    def switched(self) -> bytes:
        """The head of a switch to WebSocket for the client, with the two fields that this hop must have (RFC 6455 4.2.2)."""
        return self.rewritten(chunked=False, connection="Upgrade")[:-2] + b"Upgrade: websocket\r\n\r\n"

    def single(self, head: bytes) -> bytes:
        """`head`, which is this one as it came, with its length said once."""
        return self._without(head, self.shape.lengths[:-1]) if len(self.shape.lengths) > 1 else head

    def _without(self, head: bytes, places: Sequence[int]) -> bytes:
        """What is left of `head` without the lines at `places`, in one pass; equal lines leave together, so the first is it."""
        kept: list[bytes] = []
        start = 0
        for place in places:
            line = b"\r\n%b:%b\r\n" % self.pairs[place]
            at = head.index(line, start)
            kept.append(head[start:at])
            start = at + len(line) - 2
        return b"".join((*kept, head[start:]))


def read_head(head: bytes, method: str) -> ResponseHead:
    """Read a whole head, up to and with its empty line, of an answer to `method`; ValueError says what is wrong with it."""
    if head.count(b"\n") > _MOST_FIELDS + 2:
        raise ValueError(f"it has more than {_MOST_FIELDS} header fields")
    match = _HEAD.fullmatch(head)
    if not match:
        part = "one of its header fields is not valid" if _STATUS_LINE.match(head) else "its status line is not one of HTTP/1"
        raise ValueError(part)
    version, status, reason, *_ = match.groups(b"")
    pairs = _FIELD.findall(head, match.end(3 if reason else 2))
    shape = layout_of(pairs, len(head))
    hop = shape.hop(pairs)
    old, number = version == b"0", int(status)
    framing, length = _framing(hop, [pairs[place][1] for place in shape.lengths], old=old)
    if method == "HEAD" or number < 200 or number in {204, 304}:
        framing, length = BodyFraming.TUNNEL if number == 101 else BodyFraming.NONE, 0
    if number == 204 and hop.codings:
        # A server that breaks this rule (RFC 9112 6.1) may well send a last chunk, which would be the next answer's beginning.
        return ResponseHead(head, number, reason.decode("latin-1"), pairs, shape, hop, framing, length, keep=False, interim=False)
    keep = framing is not BodyFraming.CLOSE and not hop.close and (not old or hop.keep_alive)
    interim = number < 200 and number != 101
    return ResponseHead(head, number, reason.decode("latin-1"), pairs, shape, hop, framing, length, keep, interim)


def delivered_end(data: bytes, pieces: list[bytes]) -> int:
    """The end of the last of the body `pieces` that a chunk reader found in `data`; never beyond its true place."""
    end = 0
    for piece in pieces:
        at = data.find(piece, end)
        if at < 0:
            break
        end = at + len(piece)
    return end


def chunked_end(before: bytes | bytearray, data: bytes, pieces: list[bytes], *, alone: bool) -> int | None:
    """Where in `data` a chunked body ends, `before` being what came ahead of it; None when that is not known.

    Looks once at each byte for an empty line that has the size of a last chunk before it. A body may hold the same: where the
    reader found the answer `alone`, nothing behind it, the last such line counts, else the first.
    """
    joined = before + data
    start = len(before) + delivered_end(data, pieces) if pieces else 0
    end = None
    while (blank := joined.find(b"\r\n\r\n", start)) >= 0:
        behind = blank + 4 - len(before)
        if behind > 0 and _LAST_CHUNK.search(joined, start, blank + 2):
            end = behind
            if not alone:
                break
        start = blank + 2
    return end


def _framing(hop: HopByHop, lengths: list[bytes], *, old: bool) -> tuple[BodyFraming, int]:
    if hop.codings:
        if lengths:
            raise ValueError("it has both a Content-Length and a Transfer-Encoding")
        if hop.codings != (b"chunked",) or old:
            raise ValueError("its Transfer-Encoding is not just chunked")
        return BodyFraming.CHUNKED, 0
    if not lengths:
        return BodyFraming.CLOSE, 0
    digits = lengths[0].strip(b"\t ")
    others = lengths[1:] and [length for length in lengths if length.strip(b"\t ") != digits]
    if others or not digits.isdigit() or len(digits) > _MOST_DIGITS:
        raise ValueError("its Content-Length is not one number")
    return BodyFraming.LENGTH, int(digits)


def framed(piece: bytes, *, chunked: bool, last: bool) -> bytes:
    """A piece of a request's body as it goes on the wire (RFC 9112 7.1), the end of the body behind the `last` one."""
    if not chunked:
        return piece
    chunk = b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""
    return chunk + b"0\r\n\r\n" if last else chunk
