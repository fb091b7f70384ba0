"""The two things that the proxy ever reads of a body: the model asked for, and whether a stream is wanted.

Total: any bytes, any depth, any prefix of a body; what is not there, or not understood, is the empty answer.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_LITERAL = re.compile(rb"[^,}\]\s]*+")
_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
_MOST_BRACKETS = 50_000
"""Brackets looked at before the peek gives up: some milliseconds, which no body of a real client comes near."""
_LONGEST_MODEL = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Peek:
    """What a body says at its top level; `model_span` is the place of the model's JSON string, quotes included."""

    model: str = ""
    stream: bool = False
    model_span: tuple[int, int] | None = None


def peek(body: bytes) -> Peek:
    """Read `model` and `stream` of the JSON object that `body` is, or begins; later keys than these two are not read."""
    found: dict[str, tuple[int, int]] = {}
    at = _space(body, 0)
    if body[at : at + 1] != b"{":
        return Peek()
    at = _space(body, at + 1)
    while len(found) < 2 and (key := _STRING.match(body, at)):
        start = _space(body, key.end())
        if body[start : start + 1] != b":":
            break
        start = _space(body, start + 1)
        end = _value_end(body, start)
        if end is None:
            break
        name = _text(body[key.start() : key.end()])
        if name in {"model", "stream"}:
            found[name] = (start, end)
        at = _space(body, end)
        if body[at : at + 1] != b",":
            break
        at = _space(body, at + 1)
    return _peek(body, found)


def renamed(body: bytes, span: tuple[int, int], name: str) -> bytes:
    """The same bytes with the JSON string at `span` replaced by `name`."""
    return body[: span[0]] + json.dumps(name).encode() + body[span[1] :]


def _peek(body: bytes, found: dict[str, tuple[int, int]]) -> Peek:
    start, end = found.get("stream", (0, 0))
    stream = body[start:end] == b"true"
    start, end = found.get("model", (0, 0))
    if body[start : start + 1] != b'"' or end - start > _LONGEST_MODEL:
        return Peek(stream=stream)
    model = _text(body[start:end])
    return Peek(model=model, stream=stream, model_span=(start, end) if model else None)


def _space(body: bytes, at: int) -> int:
    match = _SPACE.match(body, at)
    return match.end() if match else at


def _value_end(body: bytes, at: int) -> int | None:
    """Where the JSON value that starts at `at` ends; None when it does not end in this body."""
    first = body[at : at + 1]
    if first == b'"':
        match = _STRING.match(body, at)
        return match.end() if match else None
    if first in {b"{", b"["}:
        return _nested_end(body, at)
    match = _LITERAL.match(body, at)
    return match.end() if match and match.end() < len(body) else None


def _nested_end(body: bytes, at: int) -> int | None:
    depth = 0
    for _ in range(_MOST_BRACKETS):
        match = _TO_BRACKET.match(body, at)
        at = match.end() if match else at
        bracket = body[at : at + 1]
        if bracket in {b"", b'"'}:
            return None
        depth += 1 if bracket in {b"{", b"["} else -1
        at += 1
        if depth == 0:
            return at
    return None


def _text(literal: bytes) -> str:
    """The text of a JSON string; lone surrogates and bad bytes become marks, so that the text can be written anywhere."""
    try:
        text = json.loads(literal.decode(errors="replace"), strict=False)
    except ValueError:
        return ""
    return str(text).encode(errors="replace").decode()
