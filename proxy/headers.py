"""Every rule about header fields: which travel on, in whose words, and which few are remembered.

Order, case and repetition stay as sent; only hop-by-hop fields (RFC 9110 7.6.1), Host and a configured credential change.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from proxy.exchange import Headers

Pairs = Iterable[tuple[bytes, bytes]]
"""Header fields as received: name and value, raw bytes."""

_HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization"),
        *(b"te", b"transfer-encoding", b"upgrade"),
    }
)
# The upload is framed anew without its trailers, and `100 Continue` is answered here.
_REQUEST_ONLY = frozenset({b"trailer", b"expect"})
_CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"api-key"})
_OURS = b"x-sameweights-"
_REMEMBERED = frozenset(
    {
        *("content-type", "content-encoding", "content-length", "transfer-encoding", "user-agent", "accept", "accept-encoding"),
        *(
            "retry-after",
            "server",
            "via",
            "date",
            "age",
            "etag",
            "cache-control",
            "cf-ray",
            "alt-svc",
            "x-request-id",
            "request-id",
        ),
        *("x-stainless-retry-count", "x-stainless-lang", "x-stainless-package-version", "x-stainless-runtime"),
        *("x-powered-by", "x-served-by", "x-cache", "traceparent", "server-timing", "x-should-retry", "idempotency-key"),
    }
)
_REMEMBERED_PREFIXES = ("openai-", "x-ratelimit-", "anthropic-ratelimit-", "anthropic-version", "anthropic-beta")
_SECRET_QUERY = re.compile(r"(?i)(?<=[?&])((?:key|api[_-]?key|token|access_token|auth|secret|password|signature|sig)=)[^&#]*")
_USERINFO = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#@]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What a client told the proxy itself, by fields that no provider ever sees."""

    provider: str = ""
    opted_out: bool = False
    tag: str = ""
    conversation: str = ""


_SILENT = Control()


def control(pairs: Pairs) -> Control:
    """Read the `x-sameweights-*` fields of a request; the last of a repeated one counts."""
    said = {name.lower(): value.decode("latin-1").strip() for name, value in pairs if name[:14].lower() == _OURS}
    if not said:
        return _SILENT
    return Control(
        provider=said.get(b"x-sameweights-provider", ""),
        opted_out=said.get(b"x-sameweights-shadow", "").lower() == "off",
        tag=said.get(b"x-sameweights-tag", "")[:64],
        conversation=said.get(b"x-sameweights-conversation", "")[:128],
    )


def unrecorded(pairs: Pairs) -> bool:
    """True when the client wants nothing of this request kept (`x-sameweights-record: off`)."""
    return any(name.lower() == b"x-sameweights-record" and value.strip().lower() == b"off" for name, value in pairs)


def named_by_connection(pairs: Pairs) -> frozenset[bytes]:
    """The field names, lower case, that the Connection fields declare to be of this hop only."""
    values = [value for name, value in pairs if name.lower() == b"connection"]
    if not values:
        return frozenset()
    return frozenset(option.strip().lower() for value in values for option in value.split(b",")) - {b""}


def outgoing(pairs: Pairs, *, authority: str, key: str, length: int | None) -> list[bytes]:
    """The request's field lines for the provider, without line ends.

    A Content-Length becomes `length`, a Transfer-Encoding stays chunked, each where the client's stood. With a `key` the client's
    credentials are replaced by it.
    """
    pairs = list(pairs)
    dropped = _HOP_BY_HOP | _REQUEST_ONLY | named_by_connection(pairs)
    host = b"Host: " + authority.encode("latin-1")
    bearer = f"Authorization: Bearer {key}".encode("latin-1") if key else b""
    lines: list[bytes] = []
    for name, value in pairs:
        lower = name.lower()
        if lower == b"host":
            if host:
                lines.append(host)
            host = b""
        elif lower == b"content-length":
            lines.append(name + b": " + str(length or 0).encode())
        elif lower == b"transfer-encoding":
            lines.append(name + b": chunked")
        elif key and lower in _CREDENTIALS:
            if bearer:
                lines.append(bearer)
            bearer = b""
        elif lower not in dropped and not lower.startswith(_OURS):
            lines.append(name + b": " + value)
    if bearer:
        lines.append(bearer)
    return [host, *lines] if host else lines


def returning(pairs: Pairs, *, chunked: bool, connection: str) -> list[bytes]:
    """The answer's field lines for the client, without line ends; the values are raw, with the space before them.

    `chunked` keeps the one transfer coding the body still has; `connection` is what this hop has to say, "" for nothing.
    """
    pairs = list(pairs)
    # Content-Length is the framing that the client reads by: no Connection field may take it away.
    dropped = (_HOP_BY_HOP | named_by_connection(pairs)) - {b"content-length"}
    lines: list[bytes] = []
    for name, value in pairs:
        lower = name.lower()
        if (lower == b"transfer-encoding" and chunked) or lower not in dropped:
            lines.append(name + b":" + value)
    if connection:
        lines.append(b"Connection: " + connection.encode("latin-1"))
    return lines


def remembered(pairs: Pairs) -> Headers:
    """The fields that the record may hold: an allow-list, so that no credential is ever among them."""
    kept: list[tuple[str, str]] = []
    for raw_name, value in pairs:
        name = raw_name.decode("latin-1")
        lower = name.lower()
        if lower in _REMEMBERED or lower.startswith(_REMEMBERED_PREFIXES):
            kept.append((name, value.decode("latin-1").strip()))
    return tuple(kept)


def remembered_target(target: str) -> str:
    """The target as the record may hold it: the values of key-like parameters, and any userinfo, taken out."""
    if "?" not in target and "@" not in target:
        return target
    return _SECRET_QUERY.sub(r"\1redacted", _USERINFO.sub(r"\1", target))
