"""read_request_head(): one request head, read by two readers that must agree; RequestError has what is wrong with it.

One reader is a strict pattern of RFC 9112, the other llhttp, by which Node and many servers read: where they find another method,
target or number of fields, the head could be read in two ways, and is refused. Neither reads a byte behind the head.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from httptools import HttpParserError, HttpParserInvalidMethodError, HttpParserUpgrade, HttpRequestParser

from proxy.errors import RequestError

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
# RFC 9112 3: one space between the parts; more are read as one, which section 3 allows and llhttp does.
_LINE = re.compile(rb"(%b) ++([\x21-\x7e]++) ++HTTP/([0-9])\.([0-9])\r\n" % _TOKEN)
# RFC 9112 5.1 and 5.2: no space before the colon, no folded line; RFC 9110 5.5: no other control character than a tab.
_FIELD = re.compile(rb"(%b):[ \t]*+([\t\x20-\x7e\x80-\xff]*+)\r\n" % _TOKEN)
_HEAD = re.compile(rb"%b(?:%b)*+\r\n" % (_LINE.pattern, _FIELD.pattern))
_TABBED_CODING = re.compile(rb"(?i)\r\ntransfer-encoding:[^\r\t]*+\t")
# RFC 3986 3.2.2, 3.2.3: a name or an address, and a port.
_HOST = re.compile(rb"[0-9A-Za-z._~!$&'()*+,;=%:\[\]-]*+")
_FIRST = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_ONCE = (b"host", b"content-length", b"transfer-encoding", b"content-type")
"""Fields of which two would be read as the first by some readers, as the last by others (RFC 9110 5.3)."""
MOST_FIELDS = 2_000
HEAD_END = b"\r\n\r\n"


class RawHead(NamedTuple):
    """A request head in its parts; the values of `pairs` are without the white space around them (RFC 9112 5.1)."""

    method: str
    target: str
    """As sent; printable ASCII."""
    version: tuple[int, int]
    pairs: Sequence[tuple[bytes, bytes]]
    size: int
    """Bytes of the head, its empty line included."""


class _SecondReader:
    """What llhttp finds."""

    __slots__ = ("fields", "target")

    def __init__(self) -> None:
        self.target = b""
        self.fields = 0

    def __repr__(self) -> str:
        return f"<_SecondReader fields={self.fields}>"

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:  # noqa: ARG002 - as httptools calls it
        self.fields += 1


def read_request_head(raw: bytes) -> RawHead:
    """The parts of a whole head, up to and with its empty line."""
    if raw.count(b"\n") > MOST_FIELDS + 2:
        raise too_large(f"{MOST_FIELDS} fields")
    found = _HEAD.fullmatch(raw)
    if found is None:
        raise not_http()
    method, target, major, minor = found.group(1, 2, 3, 4)
    pairs = [(name, value.rstrip(b" \t")) for name, value in _FIELD.findall(raw, found.end(4) + 2)]
    version = int(major), int(minor)
    _agree(raw, method, target, len(pairs), spoken=major == b"1")
    _check_fields(raw, version, [name.lower() for name, _ in pairs], pairs)
    return RawHead(method.decode(), target.decode(), version, pairs, len(raw))


def beginning_fault(begun: bytes | bytearray, seen: int) -> RequestError | None:
    """What is wrong with the beginning of a head whatever follows; its first `seen` bytes have been looked at before."""
    if not _FIRST.match(begun) and begun != b"\r":
        return not_http()
    return not_http() if _BARE_LF.search(begun, max(0, seen - 1)) else None


def not_http() -> RequestError:
    """The refusal of bytes that are no request head; they are never quoted."""
    return RequestError(400, "bad_request", "the request is not valid HTTP/1")


def too_large(most: str) -> RequestError:
    """The refusal of a head that is larger than it may be."""
    return RequestError(431, "head_too_large", f"the request head is larger than {most}")


def _agree(raw: bytes, method: bytes, target: bytes, count: int, *, spoken: bool) -> None:
    """Hold what llhttp finds against what the pattern found."""
    second = _SecondReader()
    parser = HttpRequestParser(second)
    try:
        parser.feed_data(raw)
    except HttpParserUpgrade:
        # Raised behind a whole head that asks for an upgrade, which is no fault of it; so is CONNECT.
        pass
    except HttpParserError as error:
        if spoken and isinstance(error, HttpParserInvalidMethodError):
            raise RequestError(501, "unknown_method", "the request's method is not supported (RFC 9110 9.1)") from None
        raise not_http() from None
    if (parser.get_method(), second.target, second.fields) != (method, target, count):
        raise not_http()


def _check_fields(raw: bytes, version: tuple[int, int], names: Sequence[bytes], pairs: Sequence[tuple[bytes, bytes]]) -> None:
    """Refuse what both readers read, and other servers in another way."""
    for name in _ONCE:
        if names.count(name) > 1:
            raise RequestError(400, "bad_request", f"the request has {name.decode()} more than once")
    if b"host" not in names:
        if version >= (1, 1):
            raise RequestError(400, "bad_request", "the request names no host")  # RFC 9112 3.2
    elif _HOST.fullmatch(pairs[names.index(b"host")][1]) is None:
        raise RequestError(400, "bad_request", "the request's Host field is not a valid host")
    if b"transfer-encoding" in names and _TABBED_CODING.search(raw):
        # llhttp reads no chunks there, h11 and Go do.
        raise RequestError(400, "bad_request", "the end of the request's body is ambiguous")
