"""The credentials of one exchange, and their removal from all that is remembered of it; the traffic itself is never touched.

A secret gives way to as many asterisks: offsets, marks and JSON stay as they were. Looked for once, at the end of an exchange.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Generator, Iterable, Sequence
from typing import TypeVar, cast

from proxy.content_coding import beginning, named
from proxy.exchange import ChunkTimings, Exchange, Headers, Request, Response
from proxy.routing.header_rules import ADDRESSES, MOST_FIELDS, HeaderFields, subprotocol_credentials
from proxy.secret_masking import Masking, SearchBudget, TooCostlySearchError, anchor, secret_masker, without_beginning
from proxy.secret_names import crowded, is_secret, secrets_in

SHORTEST = 8
"""Characters that make a value a secret: keys of local servers are often `EMPTY` or `none`, which are words too."""
MOST = 64
"""Secrets of one exchange that are looked for: each is searched in both bodies, and their number is the client's choice."""
TOO_MANY: tuple[bytes, ...] = (b"more secrets than are looked for",)
"""In place of the forms of more than `MOST` secrets."""
_MOST_WORDS = 500
"""Words of one field that are looked at."""
SLICE, STEP = 128 * 1024, 1024 * 1024
"""Bytes that are searched for every secret before the next ones are; bytes times secrets of a step, about a millisecond."""
PACKED, UNPACKED = 64 * 1024, 512 * 1024
"""Bytes of a packed body, before and after unpacking, in which a secret is looked for; longer ones stay packed."""
Clearing = Generator[None, None, Exchange]
Whole = TypeVar("Whole")
_PLAIN = frozenset({b"host", b"accept", b"accept-encoding", b"user-agent", b"content-type", b"content-length", b"connection"})
"""Names that every request has: nothing to look for in them."""


def of_request(fields: HeaderFields, target: str) -> list[bytes]:
    """The secrets in a request: in its fields by their names, in its query by its parameters'."""
    if len(fields.pairs) > MOST_FIELDS:
        return [*TOO_MANY]
    named = zip(fields.names, fields.pairs, strict=True)
    bearing = [value for lower, (_, value) in named if lower not in _PLAIN and is_secret(lower.decode("latin-1"))]
    found = [secret for value in bearing for secret in _in_field(value)]
    for word in subprotocol_credentials(fields):
        found += [word, word.rpartition(b"key.")[2], word.rpartition(b".")[2]]
    for address in (target, *(value.decode("latin-1") for name in sorted(ADDRESSES) for value in fields.named(name))):
        found += TOO_MANY if crowded(address) else secrets_in(address)
    return found


def forms(secrets: Iterable[bytes]) -> tuple[bytes, ...]:
    """The secrets to look for, in any coding (see `proxy.secret_masking`); the longest first, the too short left out.

    Of more than `MOST` secrets it is TOO_MANY, with which nothing of an exchange is kept that could hold one.
    """
    distinct = {secret for secret in secrets if len(secret) >= SHORTEST}
    if len(distinct) > MOST or TOO_MANY[0] in distinct:
        return TOO_MANY
    return tuple(sorted(distinct, key=lambda secret: (-len(secret), secret)))


def masked(data: bytes, secrets: Sequence[bytes], *, cut: bool = False) -> bytes:
    """`data` with asterisks for each secret, in whatever coding; of one that `cut` broke off at the end, the beginning goes too.

    TooCostlySearchError where there are more beginnings of secrets than are looked at.
    """
    return _whole(_masking(data, secrets, secrets if cut else (), SearchBudget()))


def cleared(exchange: Exchange, secrets: Sequence[bytes]) -> Exchange:
    """The exchange without any of `secrets`, in no body, target, field, name or failure; itself when none is in it."""
    return _whole(clearing(exchange, secrets))


def clearing(exchange: Exchange, secrets: Sequence[bytes]) -> Clearing:
    """What `cleared` does, in steps of about a millisecond, the first of which most exchanges are.

    Where more places look like the begin of a coded secret than are looked at, no text of the exchange is kept.
    """
    if not secrets:
        return exchange
    if secrets is TOO_MANY:
        return _bare(exchange)
    try:
        return (yield from _clearing(exchange, secrets))
    except TooCostlySearchError:
        return _bare(exchange)


def _clearing(exchange: Exchange, secrets: Sequence[bytes]) -> Clearing:
    request, response, failure = exchange.request, exchange.response, exchange.failure
    answer_cut = response is not None and (response.truncated or failure is not None)
    asked_cut = request.truncated or failure is not None
    opened = _unpacked_request(request)
    if len(opened.body) > SLICE:
        yield  # to unpack so much took a turn of the event loop
    if opened is not request and ((yield from _found((opened.body,), secrets)) or _begins(opened.body, secrets)):
        request, asked_cut = opened, True
        exchange = exchange._replace(request=opened)
    if response is not None:
        plain = _unpacked(response)
        if plain is not response and ((yield from _found((plain.body,), secrets)) or _begins(plain.body, secrets)):
            response, answer_cut = plain, True
            exchange = exchange._replace(response=plain)
    bodies = (request.body, response.body if response else b"")
    found = yield from _found((_words(exchange), *bodies), secrets)
    if not found and not (asked_cut or answer_cut):
        return exchange
    looks = SearchBudget()
    texts = yield from _texts(exchange, found, looks)
    asked = yield from _masking(request.body, found, secrets if asked_cut else (), looks)
    answered = yield from _masking(response.body if response else b"", found, secrets if answer_cut else (), looks)
    return _with_bodies(texts, asked, answered)


def _texts(exchange: Exchange, found: Sequence[bytes], looks: SearchBudget) -> Clearing:
    """The exchange with all texts but its bodies clean."""
    request, response, failure = exchange.request, exchange.response, exchange.failure
    labels = []
    for label in exchange.labels.texts:
        clean = yield from _text(label, found, looks)
        labels.append(clean)
    target = yield from _text(request.target, found, looks)
    asked = yield from _fields(request.headers, found, looks)
    if response is not None:
        reason = yield from _text(response.reason, found, looks)
        response = response._replace(reason=reason, headers=(yield from _fields(response.headers, found, looks)))
    if failure is not None:
        failure = failure._replace(detail=(yield from _text(failure.detail, found, looks)))
    request = request._replace(target=target, headers=asked)
    return exchange._replace(labels=exchange.labels.with_texts(*labels), request=request, response=response, failure=failure)


def _with_bodies(exchange: Exchange, asked: bytes, answered: bytes) -> Exchange:
    response = exchange.response
    return exchange._replace(
        request=exchange.request._replace(body=asked), response=response and response._replace(body=answered)
    )


def _words(exchange: Exchange) -> bytes:
    """All texts of an exchange but its bodies."""
    labels, request, response, failure = exchange.labels, exchange.request, exchange.response, exchange.failure
    words = [request.target, labels.tag, labels.conversation, *[value for _, value in request.headers]]
    words += [labels.model, failure.detail if failure else ""]
    if response is not None:
        words += [response.reason, *(value for _, value in response.headers)]
    return _joined(words)


def _joined(words: list[str]) -> bytes:
    return "\n".join(words).encode("utf-8", "surrogatepass")


def _found(texts: Iterable[bytes], secrets: Sequence[bytes]) -> Generator[None, None, list[bytes]]:
    """Those of `secrets`, in their order, that may stand in some of `texts`; one pass over each, slice by slice."""
    found: set[bytes] = set()
    anchors = [(secret, anchor(secret)) for secret in secrets]
    work = 0
    for text in texts:
        for start in range(0, len(text), SLICE):
            for secret, looked_for in anchors:
                if text.find(looked_for, start, start + SLICE + len(looked_for) - 1) >= 0:
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
        labels=exchange.labels.with_texts(),
        request=request._replace(target=request.target.partition("?")[0], headers=(), body=b""),
        response=response and response._replace(reason="", headers=(), body=b""),
        failure=failure and failure._replace(detail=""),
    )


def _in_field(value: bytes) -> list[bytes]:
    """The words of a value, the values of its `name=value` parts, and what Basic holds (RFC 7617)."""
    words = value.replace(b";", b" ").split()
    if len(words) > _MOST_WORDS:
        return [*TOO_MANY]
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
    return any(without_beginning(data, secret) is not data for secret in secrets)


def _masking(data: bytes, found: Sequence[bytes], cut_off: Sequence[bytes], looks: SearchBudget) -> Masking:
    """A text without what was `found` in it, nor the beginning of what may be `cut_off` at its end."""
    for secret in found:
        data = yield from secret_masker(data, secret, looks)
    for secret in cut_off:
        data = without_beginning(data, secret)
    return data


def _text(text: str, secrets: Sequence[bytes], looks: SearchBudget) -> Generator[None, None, str]:
    raw = text.encode("utf-8", "surrogatepass")
    clean = yield from _masking(raw, secrets, (), looks)
    return text if clean is raw else clean.decode("utf-8", "surrogatepass")


def _fields(headers: Headers, secrets: Sequence[bytes], looks: SearchBudget) -> Generator[None, None, Headers]:
    fields = []
    for name, value in headers if secrets else ():
        fields.append((name, (yield from _text(value, secrets, looks))))
    return tuple(fields) if secrets else headers


def _whole(steps: Generator[None, None, Whole]) -> Whole:
    """All steps at once."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("Whole", end.value)


def _unpacked_request(request: Request) -> Request:
    """A packed request, unpacked as far as it is looked at: a client may write its key into it."""
    plain = _plain(request.headers, request.body)
    if plain is None:
        return request
    return request._replace(headers=_uncoded(request.headers), body=plain, size=_size(plain))


def _unpacked(response: Response) -> Response:
    """A packed answer, unpacked as far as it is looked at: a key may come back in it (`Incorrect API key`)."""
    plain = _plain(response.headers, response.body)
    if plain is None:
        return response
    last = response.marks.seconds[-1] if response.marks else response.head_seconds
    marks = ChunkTimings([last], [len(plain)])
    return response._replace(headers=_uncoded(response.headers), body=plain, size=_size(plain), marks=marks)


def _plain(headers: Headers, body: bytes) -> bytes | None:
    """The beginning of what a body unpacks to; None where it is not packed, too long, or cannot be unpacked here."""
    if not body or len(body) > PACKED:
        return None
    codings = named([value for name, value in headers if name.lower() == "content-encoding"])
    return beginning(codings, body, UNPACKED) if codings else None


def _uncoded(headers: Headers) -> Headers:
    return tuple(field for field in headers if field[0].lower() != "content-encoding")


def _size(plain: bytes) -> int:
    """The size of a body that is unpacked to `plain`, of which more may follow."""
    return len(plain) + (len(plain) >= UNPACKED)
