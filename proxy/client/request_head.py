"""RequestHead.parse(): the meaning of one request head, and what is refused of it; nothing is remembered here.

Whatever two readers could read differently is refused, not guessed (RFC 9112 3.2, 6.1, 6.3).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from proxy.client.head_reader import RawHead
from proxy.content_coding import beginning, named
from proxy.errors import RequestError
from proxy.routing import header_rules as rules
from proxy.secret_names import without_secrets

LENGTH = b"content-length"
HEALTH = "/healthz"
MOST_DIGITS = 18
"""Digits of a length, leading zeros aside: more than any body has, and fewer than overflow in some reader."""
_ABSOLUTE = re.compile(r"(?i)https?://([^/?#@\s]+)((?:[/?][^#]*)?)")


class RequestHead(NamedTuple):
    """One request head as its client sent it; `size` is in bytes, its empty line included.

    It holds the client's key: it is never logged, and goes when the client's connection does.
    """

    method: str
    version: tuple[int, int]
    target: str
    """The raw target, latin-1 decoded: each character is one byte as sent."""
    authority: str
    """The server that an absolute target names, in lower case; "" for any other target."""
    recorded_target: str
    """The target without its credentials."""
    fields: rules.HeaderFields
    control: rules.ControlHeaders
    size: int
    old: bool
    """True for an HTTP/1.0 client, for which chunks do not exist."""
    chunked: bool
    """True when the body comes in chunks."""
    keeps: bool
    """True when the client's connection may take another request: HTTP/1.0's is closed, which is simpler than its keep-alive."""
    codings: tuple[str, ...]
    """The content codings of the body, in the order they were applied."""
    expects: bool
    """True when the client waits for `100 Continue` before it sends its body."""
    health: bool
    """True for a health check of the proxy itself."""
    websocket: bool
    """True when the request opens a WebSocket; any other upgrade is left out of it, as nginx does."""

    @classmethod
    def parse(cls, raw: RawHead) -> RequestHead:
        """The meaning of a head; total, for `check` is what refuses."""
        fields, old = rules.HeaderFields.of(raw.pairs), raw.version < (1, 1)
        authority, target = ("", raw.target) if raw.target.startswith("/") else _absolute(raw.target)
        chunked = b"transfer-encoding" in fields.names
        return cls(
            method=raw.method,
            version=raw.version,
            target=target,
            authority=authority,
            recorded_target=without_secrets(target),
            fields=fields,
            control=rules.control(fields),
            size=raw.size,
            old=old,
            chunked=chunked,
            keeps=not old and b"close" not in rules.named_by_connection(fields),
            codings=tuple(named([value.decode("latin-1") for value in fields.named(b"content-encoding")])),
            expects=not old and b"expect" in fields.names,
            health=raw.method in {"GET", "HEAD"} and target.partition("?")[0] == HEALTH,
            websocket=raw.method == "GET" and not old and not chunked and _opens_websocket(fields),
        )

    def __repr__(self) -> str:
        return f"<RequestHead {self.method} {self.recorded_target.partition('?')[0]} fields={len(self.fields.names)}>"

    def looked_at(self, body: bytes) -> bytes:
        """What is looked at of a body, or its beginning: itself, or what it unpacks to; no JSON where it cannot be unpacked."""
        if not self.codings:
            return body
        plain = beginning(self.codings, body)
        return b"\0" if plain is None else plain

    @property
    def length(self) -> int | None:
        """The size of the body as declared (RFC 9112 6.2); None where none is, or what is no number."""
        values = self.fields.named(LENGTH)
        return int(values[0]) if values and values[0].isdigit() and len(values[0].lstrip(b"0")) <= MOST_DIGITS else None

    def check(self) -> None:
        """Refuse what cannot be forwarded, or could be read in two ways; RequestError has the reason."""
        if not (1, 0) <= self.version <= (1, 1):
            raise RequestError(505, "http_version", "only HTTP/1.0 and HTTP/1.1 are supported")
        if self.method == "CONNECT" or not self.target.startswith("/"):
            raise RequestError(400, "bad_target", "the request target must be a path; this is not a forward proxy")
        if self.authority and not self._names_host():
            raise RequestError(400, "bad_target", "the request target and the Host field name two servers")
        self._check_framing()
        if b"expect" in self.fields.names and set(_values(self.fields, b"expect")) != {b"100-continue"}:
            raise RequestError(417, "expectation", "the only supported expectation is 100-continue")

    def _check_framing(self) -> None:
        """Refuse a body whose end can be read in two ways (RFC 9112 6.1, 6.3)."""
        lengths = self.fields.names.count(LENGTH)
        if lengths > 1:
            raise RequestError(400, "bad_request", "the request states the length of its body more than once")
        if lengths and self.length is None:
            raise RequestError(400, "bad_request", "the length of the request's body is not a number")
        if lengths and self.chunked:
            raise RequestError(400, "bad_request", "the request states the end of its body in two ways")
        if self.chunked and (self.old or _values(self.fields, b"transfer-encoding") != [b"chunked"]):
            raise RequestError(501, "transfer_encoding", "the only supported transfer coding is chunked, in HTTP/1.1")

    def _names_host(self) -> bool:
        """Whether the target's authority is the one that the Host field names, as it must be (RFC 9112 3.2)."""
        hosts = [value.decode("latin-1").strip().lower() for value in self.fields.named(b"host")]
        return all(host == self.authority for host in hosts)


def _absolute(target: str) -> tuple[str, str]:
    """The authority in lower case, and the path and query, of an absolute-form target (RFC 9112 3.2.2); else "", as it is."""
    found = _ABSOLUTE.fullmatch(target)
    if not found:
        return "", target
    rest = found[2]
    return found[1].lower(), rest if rest.startswith("/") else f"/{rest}"


def _opens_websocket(fields: rules.HeaderFields) -> bool:
    """Whether the fields of a GET are those of a WebSocket's opening handshake, without a body (RFC 6455 4.1)."""
    if b"upgrade" not in fields.names:
        return False
    bare = set(_values(fields, LENGTH)) <= {b"0"}
    return bare and _values(fields, b"upgrade") == [b"websocket"] and b"upgrade" in rules.named_by_connection(fields)


def _values(fields: rules.HeaderFields, name: bytes) -> list[bytes]:
    return [value.strip().lower() for value in fields.named(name)]
