"""Redactor: removes likely credentials, by patterns, and media from whatever is stored, logged or shown; pure.

The forwarder has already removed the credentials of header fields and queries; these patterns find those within a prompt or an
answer. A match is replaced by as many asterisks, so lengths, chunk ends and JSON stay; comparison happened before. Media are
replaced by their hashes first (see `shadow.reading.media_hashes`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from proxy.exchange import ChunkTimings, Exchange, Headers, Request, Response
from shadow.reading.body_decoding import DECODED_LIMIT, DecodedBody, codings, decode
from shadow.reading.media_hashes import Hashed, hashed, may_hold
from storage.operator_pattern import Pattern, TooManyMatchesError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_BREAK, _BASE64 = r"(?:\s|\\[nr]){0,8}", r"[A-Za-z0-9+/=]"
_LAST = rf"(?:{_BREAK}{_BASE64}{{1,64}}(?={_BREAK}-----END))?"
_BEARER = r"(?i:\bbearer\s+)(?P<secret>[A-Za-z0-9._~+/=-]{8,4096})"
_GIT = r"gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{30,255}"
_JWT = r"(?<![A-Za-z0-9_-])(?=.{0,64}eyJ)[A-Za-z0-9_-]{11,8192}+\.eyJ[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{0,8192}"
"""It begins where a run of its characters does: begun in the middle of one, each place would be read to the end of the run."""
KNOWN: tuple[tuple[str, str, str], ...] = (
    ("earer", r"earer\s", _BEARER),
    ("EARER", r"EARER\s", _BEARER),
    (
        "-",
        r"-(?<=[ktabeoprs]-)(?:(?<=[srp]k-)|(?<=glpat-)|(?<=xox[abeoprs]-))[A-Za-z0-9_-]{10}",
        r"\b(?:(?:sk|rk|pk)-[A-Za-z0-9_-]{16,512}|glpat-[A-Za-z0-9_-]{20,64}|xox[abeoprs]-[A-Za-z0-9-]{10,255})",
    ),
    (
        "_",
        r"_(?<=[kpousrtf]_)(?:(?<=[srp]k_)(?:live|test)_|(?<=gh[pousr]_)|(?<=github_pat_)|(?<=hf_)|(?<=gsk_))[A-Za-z0-9_]{16}",
        rf"\b(?:(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{{16,128}}|{_GIT}|(?:hf_[A-Za-z0-9]{{30,64}}|gsk_[A-Za-z0-9]{{30,128}})\b)",
    ),
    ("A", r"A(?:KIA|SIA|ROA|IDA|Iza)[A-Za-z0-9_-]{16}", r"\b(?:(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35})\b"),
    ("J", r"J(?<=eyJ)[A-Za-z0-9_-]{8}", _JWT),
    ("V", r"PRIVATE KEY-----", rf"PRIVATE KEY-----(?P<key>(?:{_BREAK}{_BASE64}{{20,128}}){{1,200}}{_LAST})"),
)
"""What a text must hold before it is searched, its rarest part first, and the pattern: Bearer credentials; keys of
model providers, GitLab and Slack, of Stripe, GitHub, Hugging Face and Groq, of AWS and Google; JSON Web Tokens; PEM. Every
quantifier is bounded: no text makes it slow. Looking for a part costs far less than a search by a pattern.
"""
WITHOUT_WORDS = frozenset({"int", "float", "bool", "bytes"})
"""Types of a row's fields that are not searched; bodies are searched by `Redactor.exchange`."""
OURS = frozenset({"passed"})
"""Fields of a row that hold names of our own alone."""
LONGEST_UNPACKED = DECODED_LIMIT
"""Bytes of a packed body that are searched; a body that unpacks to more is stored as it came."""


Record = TypeVar("Record", bound="DataclassInstance | NamedTuple")
Message = TypeVar("Message", Request, Response)
Rule = tuple[str, Callable[[str], object], re.Pattern[str]]
_VALUE = itemgetter(1)


class Redactor:
    """Removes credentials from text, bytes and exchanges; `more` are the user's own patterns.

    Where a pattern has a group named `secret` or `key`, only that part is removed.
    """

    def __init__(self, more: Sequence[str] = ()) -> None:
        self._texts = [(each, re.compile(hint).search, re.compile(pattern)) for each, hint, pattern in KNOWN]
        self._bytes = [re.compile(pattern.encode()) for *_, pattern in KNOWN]
        self._own = [Pattern(pattern) for pattern in more]

    def text(self, text: str) -> str:
        """The text with asterisks for likely credentials."""
        for part, hint, pattern in self._texts:
            if part in text and hint(text):
                text = pattern.sub(_stars, text)
        for own in self._own:
            text = own.masked_text(text)
        return text

    def body(self, body: bytes) -> bytes:
        """The bytes with asterisks for likely credentials; of the same length.

        b"" where a pattern of the user is found so often that the search would not end soon (see `storage.operator_pattern`).
        """
        text = body.decode("latin-1")
        for (part, hint, _), pattern in zip(self._texts, self._bytes, strict=True):
            if part in text and hint(text):
                body = pattern.sub(_byte_stars, body)
        try:
            for own in self._own:
                body = own.masked(body)
        except TooManyMatchesError:
            return b""
        return body

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange as it may be stored; a packed body in which something was found is stored unpacked."""
        if self._is_clean(exchange):
            return exchange
        request, response, failure = exchange.request, exchange.response, exchange.failure
        return exchange._replace(
            labels=exchange.labels._replace(model=self.text(exchange.labels.model), tag=self.text(exchange.labels.tag)),
            request=self._request(request),
            response=response and self._response(response),
            failure=failure and failure._replace(detail=self.text(failure.detail)),
        )

    def _is_clean(self, exchange: Exchange) -> bool:
        """Whether nothing can be found in it, as in most."""
        request, response, failure = exchange.request, exchange.response, exchange.failure
        words = [exchange.labels.model, exchange.labels.tag, request.target, *map(_VALUE, request.headers)]
        if response:
            words += [response.reason, *map(_VALUE, response.headers)]
        if failure:
            words.append(failure.detail)
        bodies = [_plain(request), _plain(response)] if response else [_plain(request)]
        return not (any(map(may_hold, bodies)) or self._suspects(words, bodies))

    def record(self, record: Record) -> Record:
        """The rows with clean texts, all the way down; their bodies are left to `exchange`."""
        words: list[str] = []
        _gather(record, words)
        return cast("Record", self._clean(record)) if self._suspects(words) else record

    def _suspects(self, words: Sequence[str], bodies: Sequence[bytes] = ()) -> bool:
        """Whether anything may be found in one of them: most hold nothing, so all are searched together first.

        The user's own patterns search each text: one may be anchored to the begin or the end of a text.
        """
        try:
            # bodies as text, since looking for bytes in bytes makes and drops an exception each time
            text = "\n".join([*words, *[body.decode("latin-1") for body in bodies]])
        except TypeError:  # because a row may break its own types, it is searched field by field
            return True
        if _holds(self._texts, text):
            return True
        searched = [*(word.encode("utf-8", "surrogatepass") for word in words), *bodies] if self._own else ()
        return any(own.is_in(each) for own in self._own for each in searched)

    def _clean(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple):
            make: Callable[[Iterable[object]], object] = getattr(value, "_make", tuple)  # a row may be a named tuple
            return make(map(self._clean, value))
        if not is_dataclass(value) or isinstance(value, type):
            return value
        return replace(value, **{field.name: self._clean(getattr(value, field.name)) for field in fields(value)})

    def _headers(self, headers: Headers) -> Headers:
        return tuple((name, self.text(value)) for name, value in headers)

    def _request(self, request: Request) -> Request:
        request = request._replace(target=self.text(request.target), headers=self._headers(request.headers))
        found = self._bare(request, ())
        return request if found is None else _with_body(request, found.body)

    def _response(self, response: Response) -> Response:
        response = response._replace(reason=self.text(response.reason), headers=self._headers(response.headers))
        found = self._bare(response, response.marks.ends.tolist())
        if found is None:
            return response
        return _with_body(response, found.body)._replace(marks=ChunkTimings(response.marks.seconds, found.ends))

    def _bare(self, message: Request | Response, ends: Sequence[int]) -> Hashed | None:
        """The body unpacked, without media and credentials, and where the ends are in it; None where none was found."""
        decoded = decode(message.headers, message.body, ends, LONGEST_UNPACKED)
        if not isinstance(decoded, DecodedBody):
            return None
        found = hashed(message.headers, decoded.body, decoded.ends)
        clean = self.body(found.body)
        return None if clean == decoded.body else Hashed(clean, found.ends)


def _holds(rules: Iterable[Rule], text: str) -> bool:
    """Whether the text holds what one of the rules requires before it is searched."""
    for part, hint, _ in rules:  # noqa: SIM110 - `any` would take as long as the search of a short text
        if part in text and hint(text):
            return True
    return False


def _plain(message: Request | Response) -> bytes:
    """The body as `Redactor.exchange` searches it; empty where it is stored as it came, unread."""
    if not codings(message.headers):
        return message.body
    decoded = decode(message.headers, message.body, (), LONGEST_UNPACKED)
    return decoded.body if isinstance(decoded, DecodedBody) else b""


def _gather(value: object, words: list[str]) -> None:
    """Every text of a record, all the way down, to the end of `words`."""
    if isinstance(value, str):
        words.append(value)
    elif type(value) is tuple:
        for part in value:
            if type(part) is str:  # as most are
                words.append(part)
            else:
                _gather(part, words)
    else:
        texts, others = _parts(cast("Hashable", type(value)))
        words += texts(value)
        for name in others:
            if part := getattr(value, name):
                _gather(part, words)


@cache
def _parts(kind: Hashable) -> tuple[Callable[[object], tuple[str, ...]], tuple[str, ...]]:
    """What gives the texts of a row, and its fields that may hold some; nothing for what is no row."""
    held = getattr(kind, "__annotations__", {})
    types = {name: str(getattr(type_, "__forward_arg__", type_)) for name, type_ in held.items()}  # a named tuple wraps them
    texts = [name for name, type_ in types.items() if type_ == "str"]
    others = [name for name, type_ in types.items() if type_ != "str" and type_.removesuffix(" | None") not in WITHOUT_WORDS]
    return _together(texts), tuple(name for name in others if name not in OURS)


def _together(names: Sequence[str]) -> Callable[[object], tuple[str, ...]]:
    """The values of these fields; one call of C where there are several."""
    return attrgetter(*names) if len(names) > 1 else lambda value: tuple(getattr(value, name) for name in names)


def _with_body(message: Message, body: bytes) -> Message:
    """The message as if it had been sent with this body, unpacked; of one that was cut, or is not kept, the size stays."""
    headers = tuple(field for field in message.headers if field[0].lower() != "content-encoding")
    size = message.size if message.truncated or not body else len(body)
    return message._replace(headers=headers, body=body, size=size)


def _stars(found: re.Match[str]) -> str:
    start, end = _span(found)
    return found[0][: start - found.start()] + "*" * (end - start) + found[0][end - found.start() :]


def _byte_stars(found: re.Match[bytes]) -> bytes:
    start, end = _span(found)
    return found[0][: start - found.start()] + b"*" * (end - start) + found[0][end - found.start() :]


def _span(found: re.Match[str] | re.Match[bytes]) -> tuple[int, int]:
    """The part to remove: the group named `secret` or `key` where the pattern has one, else all."""
    group = next((name for name in ("secret", "key") if name in found.re.groupindex and found[name] is not None), 0)
    return found.span(group)
