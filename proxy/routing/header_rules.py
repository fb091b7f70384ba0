"""Every rule about header fields: which are forwarded, with whose values, and which few are recorded.

Order, case and repetition stay as sent; only hop-by-hop fields (RFC 9110 7.6.1), Host and a configured credential change.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from proxy.exchange import Headers
from proxy.secret_names import is_secret, without_secrets


class HeaderFields(NamedTuple):
    """Header fields as received, raw bytes, and their names in lower case, which every rule here matches."""

    pairs: Sequence[tuple[bytes, bytes]]
    names: Sequence[bytes]

    @classmethod
    def of(cls, pairs: Sequence[tuple[bytes, bytes]]) -> HeaderFields:
        """The fields that `pairs` of name and value are."""
        return cls(pairs, [name.lower() for name, _ in pairs])

    def named(self, wanted: bytes) -> list[bytes]:
        """The values of every field called `wanted`, in their order."""
        if wanted not in self.names:
            return []
        return [value for lower, (_, value) in zip(self.names, self.pairs, strict=True) if lower == wanted]


_HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization"),
        *(b"te", b"transfer-encoding", b"upgrade"),
    }
)
# because the upload is framed again without its trailers, and `100 Continue` is answered here
_NOT_SENT = _HOP_BY_HOP | {b"trailer", b"expect"}
_CREDENTIALS = {b"authorization": b"Authorization", b"x-api-key": b"x-api-key", b"api-key": b"api-key"}
"""Fields that bear a key: OpenAI's and that of most, Anthropic's, Azure's."""
_SUBPROTOCOLS = b"sec-websocket-protocol"
MOST_FIELDS, _MOST_WORDS = 100, 100
"""Fields of a head that are remembered, or looked through for credentials, and words of one: of more, none is remembered."""
_OURS = b"x-sameweights-"
ADDRESSES = frozenset({b"referer", b"http-referer"})
"""Fields whose value is an address, in whose query a credential may stand."""
CACHES = (b"x-cache", b"cache-status", b"x-cache-status", b"cf-cache-status", b"helicone-cache", b"x-portkey-cache-status")
"""Fields in which a cache that answered writes the word `hit`."""
_REMEMBERED = frozenset(
    {
        *CACHES,
        *(
            b"content-type",
            b"content-encoding",
            b"content-length",
            b"transfer-encoding",
            b"user-agent",
            b"accept",
            b"accept-encoding",
            b"accept-language",
            b"priority",
            b"pragma",
            b"dnt",
            b"origin",
            b"http-referer",
            b"x-title",
            b"x-app",
        ),
        *(
            b"retry-after",
            b"retry-after-ms",
            b"server",
            b"via",
            b"date",
            b"age",
            b"etag",
            b"cache-control",
            b"cf-ray",
            b"alt-svc",
            b"x-request-id",
            b"x-client-request-id",
            b"request-id",
        ),
        *(b"x-powered-by", b"x-served-by", b"traceparent", b"server-timing", b"x-should-retry", b"idempotency-key"),
    }
)
_REMEMBERED_PREFIXES = (
    *(b"openai-", b"x-ratelimit-", b"anthropic-ratelimit-", b"anthropic-version", b"anthropic-beta"),
    *(b"anthropic-dangerous-direct-browser-access", b"x-stainless-", b"sec-fetch-", b"sec-ch-ua"),
)


class ControlHeaders(NamedTuple):
    """What a client set for the proxy itself, by header fields that are never forwarded."""

    provider: str = ""
    opted_out: bool = False
    unrecorded: bool = False
    """Whether the client excludes this request from recording (`x-sameweights-record: off`)."""
    tag: str = ""
    conversation: str = ""
    key: bytes = b""
    """The SHA-256 digest of the tenant's key; b"" without one. The key itself is not kept."""


_SILENT = ControlHeaders()


def control(fields: HeaderFields) -> ControlHeaders:
    """Read the `x-sameweights-*` fields of a request; the last of a repeated one counts, but one wish for no record is enough."""
    if _OURS not in b"\n".join(fields.names):
        return _SILENT
    values = {lower: value.decode("latin-1").strip() for lower, (_, value) in zip(fields.names, fields.pairs, strict=True)}
    return ControlHeaders(
        provider=values.get(b"x-sameweights-provider", ""),
        opted_out=values.get(b"x-sameweights-shadow", "").lower() == "off",
        unrecorded=any(value.strip().lower() == b"off" for value in fields.named(b"x-sameweights-record")),
        tag=values.get(b"x-sameweights-tag", "")[:64],
        conversation=values.get(b"x-sameweights-conversation", "")[:128],
        key=key_digest(key) if (key := values.get(b"x-sameweights-key", "")) else b"",
    )


def key_digest(key: str) -> bytes:
    """What the key of a tenant is compared by; a header field holds one byte a character."""
    return sha256(key.encode("latin-1", "replace")).digest()


def named_by_connection(fields: HeaderFields) -> frozenset[bytes]:
    """The field names, lower case, that the Connection fields declare to be of this hop only."""
    values = fields.named(b"connection")
    return frozenset(option.strip().lower() for value in values for option in value.split(b",")) - {b""}


def bearing(key: str, field: str) -> tuple[bytes, bytes]:
    """A field with `key`: `authorization` as a Bearer token (RFC 6750), `x-api-key` and `api-key` as it is."""
    return _CREDENTIALS[field.encode()], f"{'Bearer ' if field == 'authorization' else ''}{key}".encode("latin-1")


def outgoing(
    fields: HeaderFields, *, authority: str, key: str, length: int | None, key_field: str = "", extra: Headers = ()
) -> list[bytes]:
    """The request's field lines for the provider, without line ends.

    A Content-Length becomes `length`, a Transfer-Encoding stays chunked, each where the client's stood. With a `key` each of the
    client's credentials becomes that key, in its own field or in `key_field`; a client without any is given one. The fields of
    `extra` come last, each in place of those of its name.
    """
    added = {name.lower().encode("latin-1"): (name, value) for name, value in extra}
    named = named_by_connection(fields)
    host = b"Host: " + authority.encode("latin-1")
    borne: set[bytes] = set()
    lines: list[bytes] = []
    for lower, (name, value) in zip(fields.names, fields.pairs, strict=True):
        if lower == b"host":
            if host:
                lines.append(host)
            host = b""
        elif lower == b"content-length":
            lines.append(name + b": " + str(length or 0).encode())
        elif lower == b"transfer-encoding":
            lines.append(name + b": chunked")
        elif lower in added:
            continue
        elif key and lower in _CREDENTIALS:
            line = b": ".join(bearing(key, key_field or lower.decode()))
            if line not in borne:
                lines.append(line)
            borne.add(line)
        elif key and lower == _SUBPROTOCOLS:
            lines += [name + b": " + kept for kept in [_without_credentials(value)] if kept]
        elif lower not in _NOT_SENT and lower not in named and not lower.startswith(_OURS):
            lines.append(name + b": " + value)
    if key and not borne:
        lines.append(b": ".join(bearing(key, key_field or _usual_field(fields))))
    lines += [f"{name}: {value}".encode("latin-1") for name, value in added.values()]
    return [host, *lines] if host else lines


def subprotocol_credentials(fields: HeaderFields) -> list[bytes]:
    """The WebSocket subprotocols that bear a key, as browsers send one that cannot set a field
    (`openai-insecure-api-key.KEY`, `base64url.bearer.authorization.k8s.io.KEY`).
    """
    return [word for value in fields.named(_SUBPROTOCOLS) for word, borne in _subprotocols(value) if borne]


def _without_credentials(value: bytes) -> bytes:
    return b", ".join(word for word, borne in _subprotocols(value) if not borne)


def _subprotocols(value: bytes) -> list[tuple[bytes, bool]]:
    """The words of a value, and whether each is a key; those beyond the limit count as keys."""
    words = enumerate(_words(value))
    return [(word, place >= _MOST_WORDS or is_secret(word.decode("latin-1"))) for place, word in words]


def _words(value: bytes) -> list[bytes]:
    return [word.strip() for word in value.split(b",") if word.strip()]


def _usual_field(fields: HeaderFields) -> str:
    """The field for the key where a client sent no credential: clients of Anthropic's API send its version in each request."""
    return "x-api-key" if b"anthropic-version" in fields.names else "authorization"


def request_head(method: str, target: str, lines: Sequence[bytes]) -> bytes:
    """The bytes of a request head, its empty line included."""
    return b"\r\n".join((f"{method} {target} HTTP/1.1".encode("latin-1"), *lines, b"", b""))


def of_this_hop(lower: bytes) -> bool:
    """True for a field, by its name in lower case, that ends at this connection whatever Connection lists."""
    return lower in _HOP_BY_HOP


def is_forwarded(name: str) -> bool:
    """True for a field that may be added to a request: none that frames the message, names its server or is meant for us."""
    lower = name.lower().encode("latin-1", "replace")
    ours = {b"host", b"content-length", b"content-encoding", b"content-type"}
    return lower not in _NOT_SENT | ours and not lower.startswith(_OURS)


def is_remembered(lower: bytes) -> bool:
    """True for a field, by its name in lower case, that the record may hold: only those listed, so never a credential."""
    return lower in _REMEMBERED or (lower.startswith(_REMEMBERED_PREFIXES) and not is_secret(lower.decode("latin-1")))


def remembered(fields: HeaderFields) -> Headers:
    """The fields that the record may hold."""
    return tuple(
        [
            (name.decode("latin-1"), _kept(lower, value))
            for lower, (name, value) in zip(fields.names, fields.pairs, strict=True)
            if is_remembered(lower)
        ]
    )


def recorded(fields: HeaderFields) -> Headers:
    """The fields of a request that the record may hold, with Host and, without their values, the credentials: a copy of the
    request can then have each of them where the client's stood.
    """
    if len(fields.pairs) > MOST_FIELDS:
        return ()
    return tuple(
        [
            (name.decode("latin-1"), _kept(lower, value))
            for lower, (name, value) in zip(fields.names, fields.pairs, strict=True)
            if lower == b"host" or lower in _CREDENTIALS or is_remembered(lower)
        ]
    )


def _kept(lower: bytes, value: bytes) -> str:
    """The value as a record may hold it."""
    if lower in _CREDENTIALS:
        return ""
    text = value.decode("latin-1").strip()
    return without_secrets(text) if lower in ADDRESSES else text


def is_credential(lower: str) -> bool:
    """True for a field, by its name in lower case, that holds a key."""
    return lower.encode("latin-1", "replace") in _CREDENTIALS
