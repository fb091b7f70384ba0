"""The head of a request and all that follows from it alone, worked out once for all requests of a connection that say the same.

A client says the same with every request, but for the length of its body: that one value is taken from each request anew.
"""

from __future__ import annotations

import re

from aiohttp.http_parser import RawRequestMessage

from proxy.client.browser_policy import BrowserPolicy
from proxy.content_coding import beginning, named
from proxy.errors import RequestError
from proxy.exchange import Headers
from proxy.record import credential_removal
from proxy.routing import header_rules as rules
from proxy.routing.outbound_proxy import proxy_fields
from proxy.routing.provider_origin import ProviderOrigin
from proxy.secret_names import without_secrets

_LENGTH = b"content-length"
_ABSOLUTE = re.compile(r"(?i)https?://([^/?#@\s]+)([/?]?[^#]*)")
_SWITCH = (b"Connection: Upgrade", b"Upgrade: websocket")
HEALTH = "/healthz"
_LARGEST = 4 * 1024
"""Bytes of a head beyond which it is not remembered: hardly a client's is so long, and idle connections would hold it."""


class RequestHead:
    """One request head; it holds the client's key, and goes when the client's connection does."""

    __slots__ = (
        *("_after", "_asked", "_at", "_before", "_digits", "_forms", "_made"),
        *("_name", "_objection", "_others", "_policy", "_read_as_chunked", "_recorded", "_size", "_way"),
        *(
            "authority",
            "chunked",
            "clean",
            "codings",
            "expects",
            "fields",
            "health",
            "websocket",
            "method",
            "old",
            "recorded_target",
            "sound",
            "target",
            "control",
        ),
    )

    def __init__(self, message: RawRequestMessage) -> None:
        path = message.path
        self._asked = (message.method, path, message.version)
        self._read_as_chunked = bool(getattr(message, "chunked", False))
        self.method = message.method
        self.old = message.version < (1, 1)
        """True for an HTTP/1.0 client, which knows no chunks."""
        whole = path if path.isascii() else path.encode(errors="surrogateescape").decode("latin-1")
        self.authority, self.target = ("", whole) if whole.startswith("/") else _absolute(whole)
        """The raw target, latin-1 decoded: each character is one byte as sent."""
        self.health = self.method in {"GET", "HEAD"} and self.target.partition("?")[0] == HEALTH
        """True when the proxy itself is asked whether it runs."""
        self.recorded_target = without_secrets(self.target)
        self.fields = fields = rules.HeaderFields.of(message.raw_headers)
        self.control = rules.control(fields)
        self.chunked = b"transfer-encoding" in fields.names
        """True when the body comes in chunks."""
        packed = b"content-encoding" in fields.names
        self.codings = tuple(named([value.decode("latin-1") for value in fields.named(b"content-encoding")])) if packed else ()
        """The content codings of the body, in the order they were applied."""
        self.expects = not self.old and b"expect" in fields.names
        """True when the client waits for `100 Continue` before it sends its body."""
        self.websocket = b"upgrade" in fields.names and self._opens_websocket()
        """True when the request opens a WebSocket; any other upgrade is left out of it, as nginx does."""
        self._at = at = fields.names.index(_LENGTH) if _LENGTH in fields.names else len(fields.names)
        self._name, length = fields.pairs[at] if at < len(fields.pairs) else (b"", b"")
        self._digits = len(length)
        self._size = sum([len(name) + len(value) + 4 for name, value in fields.pairs]) + len(path)
        self._before, self._after = fields.pairs[:at], fields.pairs[at + 1 :]
        self._recorded = tuple(rules.recorded(rules.HeaderFields.of(pairs)) for pairs in (self._before, self._after))
        self.sound = False
        """True once it has been checked."""
        self._others: tuple[bytes, ...] | None = None
        self._policy: BrowserPolicy | None = None
        self._objection = ""
        self._forms: tuple[bytes, ...] = ()
        self.clean = False
        """True when none of the `secrets` last asked for is in what is kept of this head."""
        self._way: tuple[ProviderOrigin, str, str, str, Headers] | None = None
        self._made = (b"", b"")

    @property
    def worth_keeping(self) -> bool:
        """True when it is no larger than a connection may keep."""
        return self._size <= _LARGEST

    def fits(self, message: RawRequestMessage) -> bool:
        """True when `message` has this very head, but for the length of its body: one no longer written, so no larger a head."""
        pairs, at = message.raw_headers, self._at
        if pairs[:at] != self._before or (message.method, message.path, message.version) != self._asked:
            return False
        if not self._name:
            return len(pairs) == at
        if len(pairs) <= at or pairs[at + 1 :] != self._after:
            return False
        name, value = pairs[at]
        return name == self._name and len(value) <= self._digits

    def length(self, message: RawRequestMessage) -> int | None:
        """The size of the body as `message`, which fits, declares it; None when it comes in chunks or there is none."""
        return int(message.raw_headers[self._at][1]) if self._name else None

    def recorded(self, message: RawRequestMessage) -> Headers:
        """The fields of `message`, which fits, that the record may hold."""
        before, after = self._recorded
        if not self._name:
            return before
        name, value = message.raw_headers[self._at]
        return (*before, (name.decode("latin-1"), value.decode("latin-1").strip()), *after)

    def towards(
        self, origin: ProviderOrigin, target: str, *, key: str, key_field: str, length: int | None, extra: Headers = ()
    ) -> bytes:
        """The head as `origin` gets it for `target`, its empty line included; the rest is what `headers.outgoing` takes."""
        way = (origin, target, key, key_field, extra)
        if way != self._way:
            self._made, self._way = self._make(*way), way
        before, after = self._made
        return before if length is None else b"%b%d%b" % (before, length, after)

    def looked_at(self, body: bytes) -> bytes:
        """What is looked at of a body, or its beginning: itself, or what it unpacks to; no JSON where it cannot be unpacked."""
        if not self.codings:
            return body
        plain = beginning(self.codings, body)
        return b"\0" if plain is None else plain

    def secrets(self, others: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Every form in which a secret of this request, or one of `others`, may stand in a text."""
        if others != self._others:
            secrets = credential_removal.of_request(self.fields, self.target)
            self._forms, self._others = credential_removal.forms([*secrets, *others]), others
            fields, told = (*self._recorded[0], *self._recorded[1]), self.control
            self.clean = credential_removal.absent(self._forms, fields, self.recorded_target, told.tag, told.conversation)
        return self._forms

    def objection(self, policy: BrowserPolicy, *, loopback: bool) -> str:
        """Why this request may not use a key of the operator (see `BrowserPolicy`); `loopback` is the connection's, and stays."""
        if policy is not self._policy:
            self._objection, self._policy = policy.objection(self.fields, loopback=loopback), policy
        return self._objection

    def check(self, limit: int) -> None:
        """Refuse what cannot be forwarded, or could be read in two ways; RequestError says why."""
        if self.sound:
            return
        method, _, version = self._asked
        if not (1, 0) <= tuple(version) <= (1, 1):
            raise RequestError(505, "http_version", "only HTTP/1.0 and HTTP/1.1 are spoken here")
        if method == "CONNECT" or not self.target.startswith("/"):
            raise RequestError(400, "bad_target", "the request target must be a path; this is not a forward proxy")
        if self.authority and not self._names_host():
            raise RequestError(400, "bad_target", "the request target and the Host field name two servers")
        if self._size > limit:
            raise RequestError(431, "head_too_large", f"the request head is larger than {limit} bytes")
        if self.fields.names.count(_LENGTH) > 1:
            raise RequestError(400, "bad_request", "the request says more than once how long its body is")
        if self.chunked != self._read_as_chunked:
            raise RequestError(400, "bad_request", "where the body of the request ends can be read in two ways")
        if self.chunked and (self.old or self._said(b"transfer-encoding") != [b"chunked"]):
            raise RequestError(501, "transfer_encoding", "the only transfer coding understood is chunked, in HTTP/1.1")
        if b"expect" in self.fields.names and set(self._said(b"expect")) != {b"100-continue"}:
            raise RequestError(417, "expectation", "the only expectation understood is 100-continue")
        self.sound = True

    def _names_host(self) -> bool:
        """Whether the target's authority is the one that the Host field names, as it must be (RFC 9112 3.2)."""
        hosts = [value.decode("latin-1").strip().lower() for value in self.fields.named(b"host")]
        return all(host == self.authority for host in hosts)

    def _opens_websocket(self) -> bool:
        """Whether this is a WebSocket's opening handshake, without a body (RFC 6455 4.1)."""
        bare = not self.chunked and set(self._said(_LENGTH)) <= {b"0"}
        asked = self.method == "GET" and not self.old and self._said(b"upgrade") == [b"websocket"]
        return asked and bare and b"upgrade" in rules.named_by_connection(self.fields)

    def _said(self, name: bytes) -> list[bytes]:
        return [value.strip().lower() for value in self.fields.named(name)]

    def _make(self, origin: ProviderOrigin, target: str, key: str, key_field: str, extra: Headers) -> tuple[bytes, bytes]:
        """The head before and behind the length of the body; all of it before, where no length is said."""
        lines = rules.outgoing(self.fields, authority=origin.authority, key=key, length=0, key_field=key_field, extra=extra)
        if self.websocket:
            lines += _SWITCH
        lines += proxy_fields(origin)
        head = rules.request_head(self.method, origin.target(target), lines)
        if not self._name:
            return head, b""
        line = b"\r\n%b: 0\r\n" % self._name
        place = head.index(line) + len(line) - 3
        return head[:place], head[place + 1 :]


def _absolute(target: str) -> tuple[str, str]:
    """The authority in lower case, and the path and query, of an absolute-form target (RFC 9112 3.2.2); else "", as it is."""
    found = _ABSOLUTE.fullmatch(target)
    if not found:
        return "", target
    rest = found[2]
    return found[1].lower(), rest if rest.startswith("/") else f"/{rest}"
