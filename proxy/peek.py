"""The two things that the proxy ever reads of a body: the model asked for, and whether a stream is wanted.

Total: any bytes, any depth, any prefix of a body; what is not there, or not understood, is the empty answer. A whole body is
read by orjson, twenty times as fast as anything written here; a prefix, or what orjson refuses, is walked through. Either runs in
the event loop, for some milliseconds at most: of a body that would take longer only the beginning is looked at.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple
from urllib.parse import quote, unquote_plus

import orjson

BOM = b"\xef\xbb\xbf"
"""The UTF-8 byte order mark, which some clients write before a body (RFC 8259 8.1 lets a reader ignore it)."""
_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*+\{")
_MEMBER = re.compile(
    rb'[ \t\r\n]*+("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*+:[ \t\r\n]*+'
    rb'("[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]|[^",\[\]{}\s]++(?=[,}\s]))[ \t\r\n]*+(,?)',
    re.DOTALL,
)
"""A key with its value, whole or (for a nested one) its bracket, and the comma after it."""
_COMMA = re.compile(rb"[ \t\r\n]*+,")
_FLAT = rb'[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_NESTED = _FLAT
for _ in range(3):
    _NESTED = _FLAT + rb"|[\[{](?:" + _NESTED + rb")*+[\]}]"
_TO_BRACKET = re.compile(rb"(?:" + _NESTED + rb")*+([\[\]{}])", re.DOTALL)
"""All up to the next bracket that does not belong to a value of at most three levels."""
_MOST_MEMBERS, _MOST_BRACKETS = 500, 2_000
"""Members and brackets at which a walk gives up: 2 ms and 1 ms, which no body of a real client comes near."""
_SMALL = 64 * 1024
"""Bytes that are looked at whatever stands in them."""
_DEAREST = 3_000.0
"""Microseconds, as estimated, that the reading of more bytes than that may take."""
_QUERY_MODEL = re.compile(r"(?<=[?&])model=([^&#]*)")
_LONGEST_MODEL = 512
_NAMES = {b'"model"': "model", b'"stream"': "stream"}


class Peek(NamedTuple):
    """What a body says at its top level; "" for no model, or none that is a text of at most 512 bytes of JSON."""

    model: str = ""
    stream: bool = False


def peek(body: bytes) -> Peek:
    """Read `model` and `stream` of the JSON object that `body` is, or begins; of a repeated key the last counts."""
    looked_at = affordable(body)
    try:
        asked = orjson.loads(looked_at)
    except orjson.JSONDecodeError:
        members = _walk(looked_at)
        return Peek(model=_model(body, members.get("model")), stream=_literal(body, members.get("stream")) == b"true")
    if not isinstance(asked, dict):
        return Peek()
    model = asked.get("model")
    if not isinstance(model, str) or len(model) > _LONGEST_MODEL - 2:
        model = ""
    return Peek(model=model, stream=asked.get("stream") is True)


def query_model(target: str) -> str:
    """The `model` of a target's query; "" for none, or one of more than 512 characters."""
    found = _QUERY_MODEL.search(target)
    model = unquote_plus(found[1]) if found else ""
    return model if len(model) <= _LONGEST_MODEL else ""


def renamed_query(target: str, name: str) -> str:
    """The same target with `name` as its query's `model`; unchanged where there is none."""
    return _QUERY_MODEL.sub(lambda found: target[found.start() : found.start(1)] + quote(name, safe=""), target)


def settled(beginning: bytes) -> bool:
    """True when no more of a body need be awaited to route it: its `beginning` tells a model, or is not that of a JSON object."""
    if _OPENING.match(beginning):
        return bool(peek(beginning).model)
    return bool(beginning.strip(b" \t\r\n"))


def affordable(body: bytes) -> bytes:
    """As much of `body` as is looked at: all of it, or the beginning where its members, objects and texts are very many."""
    return body if len(body) <= _SMALL or cost(body) <= _DEAREST else body[:_SMALL]


def cost(body: bytes) -> float:
    """Microseconds that the reading of `body` takes at most, by what is dear: members, objects, lists, texts (measured)."""
    members = body.count(b'":') - body.count(b'\\":')
    objects = body.count(b"{") - body.count(b'{\\"')
    texts = body.count(b'"') - body.count(b'\\"')
    lists = body.count(b"[")
    return 0.17 * members + 0.07 * objects + 0.06 * lists + 0.02 * texts


def renamed(body: bytes, name: str) -> bytes:
    """The same bytes with `name` as the model, a text before; unchanged where there is none."""
    span = _walk(affordable(body)).get("model")
    if not _model(body, span) or span is None:
        return body
    return body[: span[0]] + json.dumps(name).encode() + body[span[1] :]


def _walk(body: bytes) -> dict[str, tuple[int, int]]:
    """Where the values of `model` and `stream` stand; a nested value counts as its bracket."""
    found: dict[str, tuple[int, int]] = {}
    comma = _OPENING.match(body)
    brackets = _MOST_BRACKETS
    for _ in range(_MOST_MEMBERS):
        member = _MEMBER.match(body, comma.end()) if comma else None
        if member is None:
            break
        key, value = member[1], member[2]
        if value in {b"{", b"["}:
            end, brackets = _nested_end(body, member.end(2), brackets)
            if end is None:
                break
            comma = _COMMA.match(body, end)
        else:
            comma = member if member[3] else None
        name = _text(key) if b"\\" in key else _NAMES.get(key, "")
        if name in {"model", "stream"}:
            found[name] = member.span(2)
    return found


def _literal(body: bytes, span: tuple[int, int] | None) -> bytes:
    return b"" if span is None else body[span[0] : span[1]]


def _model(body: bytes, span: tuple[int, int] | None) -> str:
    literal = _literal(body, span)
    return _text(literal) if literal[:1] == b'"' and 2 < len(literal) <= _LONGEST_MODEL else ""


def _nested_end(body: bytes, at: int, brackets: int) -> tuple[int | None, int]:
    """Where the value ends whose bracket stands before `at`, and how many of `brackets` are left; None when it does not end in
    this body, or not before they are used up.
    """
    depth = 1
    while depth and brackets:
        match = _TO_BRACKET.match(body, at)
        if match is None:
            return None, brackets
        at = match.end()
        brackets -= 1
        depth += 1 if match[1] in {b"{", b"["} else -1
    return (None if depth else at), brackets


def _text(literal: bytes) -> str:
    """The text of a JSON string; lone surrogates and bad bytes become marks, so that the text can be written anywhere."""
    if b"\\" not in literal:
        return literal[1:-1].decode(errors="replace")
    try:
        text = json.loads(literal.decode(errors="replace"), strict=False)
    except ValueError:
        return ""
    return str(text).encode(errors="replace").decode()
