"""The credentials of one exchange, and their removal from all that is remembered of it; the traffic itself is never touched.

A secret gives way to as many asterisks: offsets, marks and JSON stay as they were. Looked for once, at the end of an exchange.
"""

from __future__ import annotations

import base64
import binascii
import re
import sys
import zlib
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import cast
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
MOST = 64
"""Secrets of one exchange that are looked for: each is searched in both bodies, and their number is the client's choice."""
TOO_MANY: tuple[bytes, ...] = (b"more secrets than are looked for",)
"""In place of the forms of more than `MOST` secrets."""
SLICE, STEP = 128 * 1024, 1024 * 1024
"""Bytes that are searched for every secret before the next ones are; bytes times secrets of a step, about a millisecond."""
_MOST_BEGINNINGS = 32
"""Places at the end of a cut body at which a secret may begin; behind them all is taken for its beginning."""
UNPACKED = 64 * 1024
"""Bytes of a packed error, before and after unpacking, in which a secret is looked for; longer ones stay packed."""
Clearing = Generator[None, None, Exchange]
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
    """Each secret as it may stand in a text: as it is, in JSON, in an address; the longest first, the too short left out.

    Of more than `MOST` secrets it is TOO_MANY, with which nothing of an exchange is kept that could hold one.
    """
    distinct = {secret for secret in secrets if len(secret) >= SHORTEST}
    if len(distinct) > MOST:
        return TOO_MANY
    known: set[bytes] = set()
    for secret in distinct:
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
    steps = clearing(exchange, secrets)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("Exchange", end.value)


def untouched(exchange: Exchange, secrets: Sequence[bytes]) -> bool:
    """True when one quick look tells that none of `secrets` can be in it: whole, no error, of one step, and found in no part."""
    request, response = exchange.request, exchange.response
    if exchange.failure is not None or response is None or response.status >= 400 or request.truncated or response.truncated:
        return False
    asked, answered = request.body, response.body
    if secrets is TOO_MANY or len(secrets) * (len(asked) + len(answered)) > STEP:
        return False
    texts = _words(exchange)
    return not any(secret in texts or secret in asked or secret in answered for secret in secrets)


def clearing(exchange: Exchange, secrets: Sequence[bytes]) -> Clearing:
    """What `cleared` does, in steps of at most `STEP` bytes times secrets searched, the first of which most exchanges are."""
    if not secrets:
        return exchange
    if secrets is TOO_MANY:
        return _bare(exchange)
    request, response, failure = exchange.request, exchange.response, exchange.failure
    answer_cut = response is not None and (response.truncated or failure is not None)
    if response is not None and response.status >= 400:
        plain = _unpacked(response)
        if plain is not response and ((yield from _found((plain.body,), secrets)) or _begins(plain.body, secrets)):
            response, answer_cut = plain, True
            exchange = exchange._replace(response=plain)
    bodies = (request.body, response.body if response else b"")
    found = yield from _found((_words(exchange), *bodies), secrets)
    asked_cut = request.truncated or failure is not None
    if not found and not (asked_cut or answer_cut):
        return exchange
    return exchange._replace(
        model=_text(exchange.model, found),
        tag=_text(exchange.tag, found),
        conversation=_text(exchange.conversation, found),
        request=request._replace(
            target=_text(request.target, found),
            headers=_fields(request.headers, found),
            body=_body(request.body, found, secrets if asked_cut else ()),
        ),
        response=response
        and response._replace(
            reason=_text(response.reason, found),
            headers=_fields(response.headers, found),
            body=_body(response.body, found, secrets if answer_cut else ()),
        ),
        failure=failure and failure._replace(detail=_text(failure.detail, found)),
    )


def _words(exchange: Exchange) -> bytes:
    """All texts of an exchange but its bodies."""
    request, response, failure = exchange.request, exchange.response, exchange.failure
    words = [request.target, exchange.model, exchange.tag, exchange.conversation, failure.detail if failure else ""]
    words += [value for _, value in request.headers]
    if response is not None:
        words += [response.reason, *(value for _, value in response.headers)]
    return "\n".join(words).encode("utf-8", "surrogatepass")


def _found(texts: Iterable[bytes], secrets: Sequence[bytes]) -> Generator[None, None, list[bytes]]:
    """Those of `secrets`, in their order, that stand in some of `texts`; one pass over each, slice by slice."""
    found: set[bytes] = set()
    work = 0
    for text in texts:
        for start in range(0, len(text), SLICE):
            for secret in secrets:
                if text.find(secret, start, start + SLICE + len(secret) - 1) >= 0:
                    found.add(secret)
                work += min(SLICE, len(text))
                if work >= STEP:
                    work = 0
                    yield
    return [secret for secret in secrets if secret in found]


def _bare(exchange: Exchange) -> Exchange:
    """The exchange without any text of either side: sizes, times and statuses are left, and the names that are ours."""
    request, response, failure = exchange.request, exchange.response, exchange.failure
    return exchange._replace(
        model="",
        tag="",
        conversation="",
        request=request._replace(target=request.target.partition("?")[0], headers=(), body=b""),
        response=response and response._replace(reason="", headers=(), body=b""),
        failure=failure and failure._replace(detail=""),
    )


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


def _begins(data: bytes, secrets: Sequence[bytes]) -> bool:
    """True when `data` ends with the beginning of one of `secrets`."""
    return any(_without_beginning(data, secret) is not data for secret in secrets)


def _without_beginning(data: bytes, secret: bytes) -> bytes:
    """`data` without the beginning of `secret` at its end, the longest of those that were looked at first."""
    at = len(data) - len(secret)
    for _ in range(_MOST_BEGINNINGS):
        at = data.find(secret[:SHORTEST], max(0, at + 1))
        if at < 0:
            return data
        if secret.startswith(data[at:]):
            break
    return data[:at] + b"*" * (len(data) - at)


def _text(text: str, secrets: Sequence[bytes]) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    clean = masked(raw, secrets)
    return text if clean is raw else clean.decode("utf-8", "surrogatepass")


def _fields(headers: Headers, secrets: Sequence[bytes]) -> Headers:
    return tuple((name, _text(value, secrets)) for name, value in headers) if secrets else headers


def _body(body: bytes, found: Sequence[bytes], cut_off: Sequence[bytes]) -> bytes:
    """A body without what was `found` in it, nor the beginning of what may be `cut_off` at its end."""
    body = masked(body, found)
    for secret in cut_off:
        body = _without_beginning(body, secret)
    return body


def _unpacked(response: Response) -> Response:
    """A packed error, unpacked as far as it is looked at: there a key comes back (`Incorrect API key`)."""
    coding = next((value.strip().lower() for name, value in response.headers if name.lower() == "content-encoding"), "")
    unpack = _UNPACK.get(coding)
    if unpack is None or not response.body or len(response.body) > UNPACKED:
        return response
    try:
        plain = unpack(response.body)
    except (ValueError, zlib.error, brotli.error, zstd.ZstdError):
        return response
    last = response.marks.seconds[-1] if response.marks else response.head_seconds
    return response._replace(
        headers=tuple(field for field in response.headers if field[0].lower() != "content-encoding"),
        body=plain,
        size=len(plain),
        marks=Marks([last], [len(plain)]),
    )


_UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, UNPACKED),
    "deflate": lambda body: zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, UNPACKED),
    "br": lambda body: brotli.Decompressor().process(body, output_buffer_limit=UNPACKED),
    "zstd": lambda body: zstd.ZstdDecompressor().decompress(body, max_length=UNPACKED),
}
