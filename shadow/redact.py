"""Redactor: what looks like a credential is taken out of whatever is stored, logged or shown, by patterns; pure.

The forwarder has already removed the credentials that it knew (`proxy.credentials`); these patterns find the ones that stand in a
prompt or an answer. A match gives way to as many asterisks, so lengths, chunk ends and JSON stay; comparison happened before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from proxy.exchange import Exchange, Headers, Mark, Response
from shadow.reading.body import Decoded, codings, decode

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_BREAK, _BASE64 = r"(?:\s|\\[nr]){0,8}", r"[A-Za-z0-9+/=]"
_LAST = rf"(?:{_BREAK}{_BASE64}{{1,64}}(?={_BREAK}-----END))?"
KNOWN: tuple[tuple[tuple[str, ...], str], ...] = (
    (("earer", "EARER"), r"(?i:\bbearer\s+)(?P<secret>[A-Za-z0-9._~+/=-]{8,4096})"),
    (("sk-", "rk-", "pk-"), r"\b(?:sk|rk|pk)-[A-Za-z0-9_-]{16,512}"),
    (("_live_", "_test_"), r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,128}"),
    (("AKIA", "ASIA", "AROA", "AIDA"), r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}\b"),
    (("gh", "git", "glpat-"), r"\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{30,255}|glpat-[A-Za-z0-9_-]{20,64})"),
    (("eyJ",), r"\beyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{0,4096}"),
    (("AIza", "hf_", "gsk_"), r"\b(?:AIza[A-Za-z0-9_-]{35}|hf_[A-Za-z0-9]{30,64}|gsk_[A-Za-z0-9]{30,128})\b"),
    (("xox",), r"\bxox[abeoprs]-[A-Za-z0-9-]{10,255}"),
    (("PRIVATE KEY-----",), rf"PRIVATE KEY-----(?P<key>(?:{_BREAK}{_BASE64}{{20,128}}){{1,200}}{_LAST})"),
)
"""What a text must hold before it is searched, and the pattern: Bearer credentials, keys of model providers and of Stripe, AWS,
GitHub and GitLab, JSON Web Tokens, Google, Hugging Face and Groq, Slack, PEM. Every quantifier is bounded: no text makes it slow.
"""
LONGEST_UNPACKED = 8 * 1024 * 1024
"""Bytes of a packed body that are looked through; a body that unpacks to more is stored as it came."""


Record = TypeVar("Record", bound="DataclassInstance")


class Redactor:
    """Takes credentials out of text, bytes and exchanges; `more` are the user's own patterns.

    Where a pattern has a group named `secret` or `key`, only that part is taken out.
    """

    def __init__(self, more: Sequence[str] = ()) -> None:
        rules = [*KNOWN, *(((), pattern) for pattern in more)]
        self._hint = re.compile("" if more else "|".join(hint for hints, _ in KNOWN for hint in hints))
        self._texts = [(hints, re.compile(pattern)) for hints, pattern in rules]
        self._bytes = [(tuple(map(str.encode, hints)), re.compile(pattern.encode())) for hints, pattern in rules]

    def text(self, text: str) -> str:
        """The text with asterisks for what looks like a credential."""
        if not self._hint.search(text):
            return text
        for hints, pattern in self._texts:
            if not hints or any(hint in text for hint in hints):
                text = pattern.sub(_stars, text)
        return text

    def body(self, body: bytes) -> bytes:
        """The bytes with asterisks for what looks like a credential; of the same length."""
        for hints, pattern in self._bytes:
            if not hints or any(hint in body for hint in hints):
                body = pattern.sub(_byte_stars, body)
        return body

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange as it may be stored; a packed answer in which something was found is stored unpacked."""
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

    def record(self, record: Record) -> Record:
        """The rows with clean texts, all the way down; their bodies are left to `exchange`."""
        changed = {field.name: self._clean(getattr(record, field.name)) for field in fields(record)}
        return replace(record, **changed)

    def _clean(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple):
            return tuple(map(self._clean, value))
        return self.record(value) if is_dataclass(value) and not isinstance(value, type) else value

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
