"""The credentials of one exchange, and their removal from all that is remembered of it; the traffic itself is never touched.

A secret gives way to as many asterisks: offsets, marks and JSON stay as they were. Looked for once, at the end of an exchange.
"""

from __future__ import annotations

import base64
import binascii
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import quote

import brotli

from proxy.exchange import Exchange, Headers, Marks, Response
from proxy.headers import Fields, subprotocol_credentials

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SHORTEST = 8
"""Characters that make a value a secret: local servers are asked with `EMPTY` or `none`, which are words too."""
UNPACKED = 64 * 1024
"""Bytes of a packed error, before and after unpacking, in which a secret is looked for; longer ones stay packed."""
_BEARING = re.compile(rb"auth|cookie|token|secret|api-?key|password|session|credential|signature")
_PLAIN = frozenset({b"host", b"accept", b"accept-encoding", b"user-agent", b"content-type", b"content-length", b"connection"})
"""Names that every request has: nothing to look for in them."""
_SECRET_QUERY = re.compile(r"(?i)[?&](?:key|api[_-]?key|token|access_token|auth|secret|password|signature|sig)=([^&#]+)")


def of_request(fields: Fields, target: str) -> list[bytes]:
    """The secrets that a request bears: in its fields by their names, in its query by its parameters'."""
    named = zip(fields.names, fields.pairs, strict=True)
    bearing = [value for lower, (_, value) in named if lower not in _PLAIN and _BEARING.search(lower)]
    found = [secret for value in bearing for secret in _in_field(value)]
    for word in subprotocol_credentials(fields):
        found += [word, word.rpartition(b"key.")[2], word.rpartition(b".")[2]]
    if "?" in target:
        found += [value.encode("latin-1", "replace") for value in _SECRET_QUERY.findall(target)]
    return found


def forms(secrets: Iterable[bytes]) -> tuple[bytes, ...]:
    """Each secret as it may stand in a text: as it is, in JSON, in an address; the longest first, the too short left out."""
    known: set[bytes] = set()
    for secret in secrets:
        if len(secret) >= SHORTEST:
            known |= {secret, secret.replace(b"/", b"\\/"), quote(secret, safe="").encode()}
    return tuple(sorted(known, key=len, reverse=True))


def masked(data: bytes, secrets: Sequence[bytes], *, cut: bool = False) -> bytes:
    """`data` with as many asterisks for each secret; of one that `cut` broke off at the end, the beginning goes too."""
    for secret in secrets:
        if secret in data:
            data = data.replace(secret, b"*" * len(secret))
        if cut:
            data = _without_beginning(data, secret)
    return data


def cleared(exchange: Exchange, secrets: Sequence[bytes]) -> Exchange:
    """The exchange without any of `secrets`, in no body, target, field, name or failure; itself when none is in it."""
    if not secrets or not _may_hold(exchange, secrets):
        return exchange
    request, response, failure = exchange.request, exchange.response, exchange.failure
    return exchange._replace(
        model=_text(exchange.model, secrets),
        tag=_text(exchange.tag, secrets),
        conversation=_text(exchange.conversation, secrets),
        request=request._replace(
            target=_text(request.target, secrets),
            headers=_fields(request.headers, secrets),
            body=masked(request.body, secrets, cut=request.truncated or failure is not None),
        ),
        response=response and _answer(response, secrets, cut=response.truncated or failure is not None),
        failure=failure and failure._replace(detail=_text(failure.detail, secrets)),
    )


def _may_hold(exchange: Exchange, secrets: Sequence[bytes]) -> bool:
    """False when a quick look tells that nothing of `secrets` can be in it: whole, not an error, and found in no part."""
    request, response = exchange.request, exchange.response
    if exchange.failure is not None or response is None or response.status >= 400 or request.truncated or response.truncated:
        return True
    words = [request.target, response.reason, exchange.model, exchange.tag, exchange.conversation]
    words += [value for headers in (request.headers, response.headers) for _, value in headers]
    texts, asked, answered = "\n".join(words).encode("utf-8", "surrogatepass"), request.body, response.body
    return any(secret in texts or secret in asked or secret in answered for secret in secrets)


def _in_field(value: bytes) -> list[bytes]:
    """The words of a value, the values of its `name=value` parts, and what Basic holds (RFC 7617)."""
    words = value.replace(b";", b" ").split()
    parts = [part.partition(b"=")[2].strip(b'"') for part in words if b"=" in part.rstrip(b"=")]
    if words[:1] and words[0].lower() == b"basic":
        parts += _basic(words[-1])
    return [*words, *parts]


def _basic(packed: bytes) -> list[bytes]:
    try:
        pair = base64.b64decode(packed, validate=True)
    except binascii.Error:
        return []
    return [pair, pair.partition(b":")[2]]


def _without_beginning(data: bytes, secret: bytes) -> bytes:
    for length in range(min(len(secret), len(data) + 1) - 1, SHORTEST - 1, -1):
        if data.endswith(secret[:length]):
            return data[:-length] + b"*" * length
    return data


def _text(text: str, secrets: Sequence[bytes]) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    clean = masked(raw, secrets)
    return text if clean is raw else clean.decode("utf-8", "surrogatepass")


def _fields(headers: Headers, secrets: Sequence[bytes]) -> Headers:
    return tuple((name, _text(value, secrets)) for name, value in headers)


def _answer(response: Response, secrets: Sequence[bytes], *, cut: bool) -> Response:
    if response.status >= 400:
        response = _unpacked(response, secrets)
    return response._replace(
        reason=_text(response.reason, secrets),
        headers=_fields(response.headers, secrets),
        body=masked(response.body, secrets, cut=cut),
    )


def _unpacked(response: Response, secrets: Sequence[bytes]) -> Response:
    """A packed error that holds a secret is remembered unpacked, without it: there a key comes back (`Incorrect API key`)."""
    coding = next((value.strip().lower() for name, value in response.headers if name.lower() == "content-encoding"), "")
    unpack = _UNPACK.get(coding)
    if unpack is None or not response.body or len(response.body) > UNPACKED:
        return response
    try:
        plain = unpack(response.body)
    except (ValueError, zlib.error, brotli.error, zstd.ZstdError):
        return response
    clean = masked(plain, secrets, cut=True)
    if clean == plain:
        return response
    last = response.marks.seconds[-1] if response.marks else response.head_seconds
    return response._replace(
        headers=tuple(field for field in response.headers if field[0].lower() != "content-encoding"),
        body=clean,
        size=len(clean),
        marks=Marks([last], [len(clean)]),
    )


_UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, UNPACKED),
    "deflate": lambda body: zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, UNPACKED),
    "br": lambda body: brotli.Decompressor().process(body, output_buffer_limit=UNPACKED),
    "zstd": lambda body: zstd.ZstdDecompressor().decompress(body, max_length=UNPACKED),
}
