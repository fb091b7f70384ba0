"""Redactor: what looks like a credential is taken out of whatever is stored, logged or shown, by patterns; pure.

The forwarder has already removed the credentials that it knew (`proxy.credentials`); these patterns find the ones that stand in a
prompt or an answer. A match gives way to as many asterisks, so lengths, chunk ends and JSON stay; comparison happened before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar

from proxy.exchange import Exchange, Headers, Mark, Response
from shadow.reading.body import Decoded, codings, decode

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_BREAK, _BASE64 = r"(?:\s|\\[nr]){0,8}", r"[A-Za-z0-9+/=]"
_LAST = rf"(?:{_BREAK}{_BASE64}{{1,64}}(?={_BREAK}-----END))?"
_BEARER = r"(?i:\bbearer\s+)(?P<secret>[A-Za-z0-9._~+/=-]{8,4096})"
_GIT = r"gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{30,255}"
KNOWN: tuple[tuple[str, str], ...] = (
    (r"earer\s", _BEARER),
    (r"EARER\s", _BEARER),
    (
        r"-(?:(?<=[srp]k-)|(?<=glpat-)|(?<=xox[abeoprs]-))[A-Za-z0-9_-]{10}",
        r"\b(?:(?:sk|rk|pk)-[A-Za-z0-9_-]{16,512}|glpat-[A-Za-z0-9_-]{20,64}|xox[abeoprs]-[A-Za-z0-9-]{10,255})",
    ),
    (
        r"_(?:(?<=[srp]k_)(?:live|test)_|(?<=gh[pousr]_)|(?<=github_pat_)|(?<=hf_)|(?<=gsk_))[A-Za-z0-9_]{16}",
        rf"\b(?:(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{{16,128}}|{_GIT}|(?:hf_[A-Za-z0-9]{{30,64}}|gsk_[A-Za-z0-9]{{30,128}})\b)",
    ),
    (r"A(?:KIA|SIA|ROA|IDA|Iza)[A-Za-z0-9_-]{16}", r"\b(?:(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35})\b"),
    (r"J(?<=eyJ)[A-Za-z0-9_-]{8}", r"\beyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{0,4096}"),
    (r"PRIVATE KEY-----", rf"PRIVATE KEY-----(?P<key>(?:{_BREAK}{_BASE64}{{20,128}}){{1,200}}{_LAST})"),
)
"""What a text must hold before it is searched, and the pattern: Bearer credentials; keys of model providers, GitLab and Slack,
of Stripe, GitHub, Hugging Face and Groq, of AWS and Google; JSON Web Tokens; PEM. Every quantifier is bounded: no text makes it
slow. The first begins with a letter or mark that is rare, which a search leaps to: most texts are searched for that alone.
"""
WITHOUT_WORDS = frozenset({"int", "float", "bool", "bytes"})
"""Types of a row's fields that are not looked into; bodies are `Redactor.exchange`'s."""
LONGEST_UNPACKED = 8 * 1024 * 1024
"""Bytes of a packed body that are looked through; a body that unpacks to more is stored as it came."""


Record = TypeVar("Record", bound="DataclassInstance")


class Redactor:
    """Takes credentials out of text, bytes and exchanges; `more` are the user's own patterns.

    Where a pattern has a group named `secret` or `key`, only that part is taken out.
    """

    def __init__(self, more: Sequence[str] = ()) -> None:
        rules = [*KNOWN, *(("", pattern) for pattern in more)]
        self._texts = [(re.compile(hint), re.compile(pattern)) for hint, pattern in rules]
        self._bytes = [(re.compile(hint.encode()), re.compile(pattern.encode())) for hint, pattern in rules]

    def text(self, text: str) -> str:
        """The text with asterisks for what looks like a credential."""
        for hint, pattern in self._texts:
            if hint.search(text):
                text = pattern.sub(_stars, text)
        return text

    def body(self, body: bytes) -> bytes:
        """The bytes with asterisks for what looks like a credential; of the same length."""
        for hint, pattern in self._bytes:
            if hint.search(body):
                body = pattern.sub(_byte_stars, body)
        return body

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange as it may be stored; a packed answer in which something was found is stored unpacked."""
        if self._is_clean(exchange):
            return exchange
        request, response, failure = exchange.request, exchange.response, exchange.failure
        return replace(
            exchange,
            model=self.text(exchange.model),
            tag=self.text(exchange.tag),
            request=replace(
                request, target=self.text(request.target), headers=self._headers(request.headers), body=self.body(request.body)
            ),
            response=response and self._response(response),
            failure=failure and replace(failure, detail=self.text(failure.detail)),
        )

    def _is_clean(self, exchange: Exchange) -> bool:
        """Whether nothing can be found in it, as in most; a packed answer is never said to be."""
        request, response, failure = exchange.request, exchange.response, exchange.failure
        headers = (*request.headers, *(response.headers if response else ()))
        if response and codings(response.headers):
            return False
        words = [exchange.model, exchange.tag, request.target, *map(itemgetter(1), headers)]
        words += [response.reason if response else "", failure.detail if failure else ""]
        bodies = (request.body, response.body if response else b"")
        return not self._suspects("\n".join(words)) and not any(hint.search(body) for body in bodies for hint, _ in self._bytes)

    def record(self, record: Record) -> Record:
        """The rows with clean texts, all the way down; their bodies are left to `exchange`."""
        # most records hold nothing: one look at all their words together, instead of one at each
        return self._record(record) if self._suspects("\n".join(_words(record))) else record

    def _suspects(self, text: str) -> bool:
        return any(hint.search(text) for hint, _ in self._texts)

    def _record(self, record: Record) -> Record:
        changed = {field.name: self._clean(getattr(record, field.name)) for field in fields(record)}
        return replace(record, **changed)

    def _clean(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple):
            return tuple(map(self._clean, value))
        return self._record(value) if is_dataclass(value) and not isinstance(value, type) else value

    def _headers(self, headers: Headers) -> Headers:
        return tuple((name, self.text(value)) for name, value in headers)

    def _response(self, response: Response) -> Response:
        response = replace(response, reason=self.text(response.reason), headers=self._headers(response.headers))
        if not codings(response.headers):
            return replace(response, body=self.body(response.body))
        decoded = decode(response.headers, response.body, [mark.end for mark in response.marks], LONGEST_UNPACKED)
        if not isinstance(decoded, Decoded) or (clean := self.body(decoded.body)) == decoded.body:
            return response
        return _unpacked(response, clean, decoded.ends)


def _words(value: object) -> list[str]:
    """Every text of a record, all the way down."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [word for part in value for word in _words(part)]
    if not is_dataclass(value) or isinstance(value, type):
        return []
    texts, others = _names(type(value))
    words = [text for name in texts if isinstance(text := getattr(value, name), str)]
    for name in others:
        words += _words(getattr(value, name))
    return words


@cache
def _names(kind: type[DataclassInstance]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields of a row that are texts, and those that may hold some."""
    types = {field.name: str(field.type).removesuffix(" | None") for field in fields(kind)}
    texts = tuple(field.name for field in fields(kind) if field.type == "str")
    return texts, tuple(name for name in types if name not in texts and types[name] not in WITHOUT_WORDS)


def _unpacked(response: Response, body: bytes, ends: Iterable[int]) -> Response:
    kept = tuple(field for field in response.headers if field[0].lower() != "content-encoding")
    marks = tuple(Mark(seconds=mark.seconds, end=end) for mark, end in zip(response.marks, ends, strict=True))
    size = len(body) + (response.size - len(response.body))
    return replace(response, headers=kept, body=body, size=size, marks=marks)


def _stars(found: re.Match[str]) -> str:
    start, end = _span(found)
    return found[0][: start - found.start()] + "*" * (end - start) + found[0][end - found.start() :]


def _byte_stars(found: re.Match[bytes]) -> bytes:
    start, end = _span(found)
    return found[0][: start - found.start()] + b"*" * (end - start) + found[0][end - found.start() :]


def _span(found: re.Match[str] | re.Match[bytes]) -> tuple[int, int]:
    """The part that goes: the group named `secret` or `key` where the pattern has one, else all."""
    group = next((name for name in ("secret", "key") if name in found.re.groupindex and found[name] is not None), 0)
    return found.span(group)
