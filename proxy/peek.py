"""The two things that the proxy ever reads of a body: the model asked for, and whether a stream is wanted.

Total: any bytes, any depth, any prefix of a body; what is not there, or not understood, is the empty answer.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_OPENING = re.compile(rb"[ \t\r\n]*+\{")
_MEMBER = re.compile(
    rb'[ \t\r\n]*+("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*+:[ \t\r\n]*+'
    rb'("[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]|[^",\[\]{}\s]++(?=[,}\s]))[ \t\r\n]*+(,?)',
    re.DOTALL,
)
"""A key with its value, whole or (for a nested one) its bracket, and the comma after it."""
_COMMA = re.compile(rb"[ \t\r\n]*+,")
_TO_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([\[\]{}])', re.DOTALL)
_MOST_BRACKETS = 50_000
"""Brackets looked at before the peek gives up: some milliseconds, which no body of a real client comes near."""
_LONGEST_MODEL = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Peek:
    """What a body says at its top level; `model_span` is the place of the model's JSON string, quotes included."""

    model: str = ""
    stream: bool = False
    model_span: tuple[int, int] | None = None


_NOTHING = Peek()
_STREAM = Peek(stream=True)


def peek(body: bytes) -> Peek:
    """Read `model` and `stream` of the JSON object that `body` is, or begins; later keys than these two are not read."""
    model: tuple[int, int] | None = None
    stream: bytes | None = None
    comma = _OPENING.match(body)
    while comma and (model is None or stream is None) and (member := _MEMBER.match(body, comma.end())):
        key, value = member[1], member[2]
        if value in {b"{", b"["}:
            end = _nested_end(body, member.end(2))
            if end is None:
                break
            comma = _COMMA.match(body, end)
        else:
            comma = member if member[3] else None
        if key == b'"model"' or (b"\\" in key and _text(key) == "model"):
            model = member.span(2)
        elif key == b'"stream"' or (b"\\" in key and _text(key) == "stream"):
            stream = value
    return _peek(body, model, stream == b"true")


def renamed(body: bytes, span: tuple[int, int], name: str) -> bytes:
    """The same bytes with the JSON string at `span` replaced by `name`."""
    return body[: span[0]] + json.dumps(name).encode() + body[span[1] :]


def _peek(body: bytes, span: tuple[int, int] | None, stream: bool) -> Peek:
    start, end = span or (0, 0)
    if body[start : start + 1] != b'"' or not 2 < end - start <= _LONGEST_MODEL:
        return _STREAM if stream else _NOTHING
    model = _text(body[start:end])
    return Peek(model=model, stream=stream, model_span=span if model else None)


def _nested_end(body: bytes, at: int) -> int | None:
    """Where the value ends whose bracket stands before `at`; None when it does not end in this body, or too deep in brackets."""
    depth = 1
    for _ in range(_MOST_BRACKETS):
        match = _TO_BRACKET.match(body, at)
        if match is None:
            return None
        at = match.end()
        depth += 1 if match[1] in {b"{", b"["} else -1
        if depth == 0:
            return at
    return None


def _text(literal: bytes) -> str:
    """The text of a JSON string; lone surrogates and bad bytes become marks, so that the text can be written anywhere."""
    if b"\\" not in literal:
        return literal[1:-1].decode(errors="replace")
    try:
        text = json.loads(literal.decode(errors="replace"), strict=False)
    except ValueError:
        return ""
    return str(text).encode(errors="replace").decode()
