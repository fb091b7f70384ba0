"""Events of a stream that differ in one string only: the rest of their bytes, once read, need not be read again.

A mould is made from an event that was read in full, and proven by reading what it makes of another string; what does not
fit it byte for byte is read in full again. It changes how fast a stream is read, never what is read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from shadow.reading.parts import REASONING_FIELDS
from shadow.reading.sse import Event

_STRING = re.compile(rb'[^"\\\x00-\x1f]*(?:\\["\\/bfnrtu][^"\\\x00-\x1f]*)*')
_PROBE = '\u2603 another " string \\'
CHUNK = "chat.completion.chunk"
_RARE = frozenset({"usage", "error", "message"})
"""Members of a choice beside its delta that are read."""
LARGEST = 65_536
"""Bytes of an event beyond which no mould is made of it: few such follow, and its string takes long to find."""


class Grown(NamedTuple):
    """What grows by each event: a `field` of the delta of a choice (None: its index is no number), or a call's arguments."""

    choice: int | None
    field: str
    call: int


class Mould(NamedTuple):
    """The bytes of an event's data before and after the string."""

    before: bytes
    after: bytes
    grown: Grown


def strings(literals: Sequence[bytes]) -> list[str]:
    """The strings that JSON writes so, up to the first literal that is none or must be read with more patience."""
    # joined by what no escape ends in, so that none is mended by the one after it
    if literals and _STRING.fullmatch(b" ".join(literals)):
        with suppress(ValueError):
            texts: list[str] = orjson.loads(b'["%b"]' % b'","'.join(literals))
            return texts
    found: list[str] = []
    for literal in literals:
        if (text := _string(literal)) is None:
            break
        found.append(text)
    return found


def _string(literal: bytes) -> str | None:
    try:
        return str(orjson.loads(b'"%b"' % literal)) if _STRING.fullmatch(literal) else None
    except ValueError:
        return None


def saying(texts: list[str], ends: list[int]) -> tuple[list[str], list[int]]:
    """The strings that say something, with the ends of their events."""
    if all(texts):
        return texts, ends
    told = [(text, end) for text, end in zip(texts, ends, strict=True) if text]
    return [text for text, _ in told], [end for _, end in told]


def mould(event: Event, chunk: dict[str, Any]) -> Mould | None:
    """The mould of an event that was read as `chunk`, if nothing in it but one string can matter when it comes again."""
    held = _holder(chunk)
    if held is None or event.event == "error":
        return None
    holder, key, grown = held
    halves = around(event, chunk, holder, key)
    return Mould(*halves, grown) if halves else None


def around(event: Event, chunk: dict[str, Any], holder: dict[str, Any], key: str) -> tuple[bytes, bytes] | None:
    """The bytes of an event before and after the one string `holder[key]` of its `chunk`; None where that cannot be told."""
    text = holder[key]
    if len(event.data) > LARGEST:
        return None
    found = re.findall(rb'"%b"\s*:\s*"((?:[^"\\]|\\.)*)"' % key.encode(), event.data)
    if not text or len(found) != 1:
        return None
    at = event.data.index(b'"', event.data.index(b":", event.data.index(b'"%b"' % key.encode()) + len(key) + 2)) + 1
    before, after = event.data[:at], event.data[at + len(found[0]) :]
    return (before, after) if _proven(before, after, chunk, holder, key) else None


def _proven(before: bytes, after: bytes, chunk: dict[str, Any], holder: dict[str, Any], key: str) -> bool:
    """Whether another string between the two is read as another string in just that place."""
    was, holder[key] = holder[key], _PROBE
    try:
        return bool(orjson.loads(before + orjson.dumps(_PROBE)[1:-1] + after) == chunk)
    except ValueError:
        return False
    finally:
        holder[key] = was


def _holder(chunk: dict[str, Any]) -> tuple[dict[str, Any], str, Grown] | None:
    """Where the one string stands; None when the event says anything else that counts."""
    choices = chunk.get("choices")
    if chunk.get("object") != CHUNK or chunk.get("usage") or "x_groq" in chunk or "error" in chunk or len(choices or ()) != 1:
        return None
    choice = choices[0] if isinstance(choices, list) else None
    if (
        type(choice) is not dict
        or choice.get("finish_reason")
        or choice.get("logprobs") is not None
        or not _RARE.isdisjoint(choice)
    ):
        return None
    delta, index = choice.get("delta"), choice.get("index")
    said = {key: value for key, value in delta.items() if value is not None} if type(delta) is dict else {}
    place = index if type(index) is int else None
    if len(said) != 1:
        return None
    ((key, value),) = said.items()
    if type(delta) is dict and type(value) is str and (key == "content" or key in REASONING_FIELDS):
        return delta, key, Grown(place, key, 0)
    if key == "tool_calls" and (entry := _growing_call(value)):
        return entry["function"], "arguments", Grown(place, key, entry["index"])
    return None


def _growing_call(entries: Any) -> dict[str, Any] | None:
    """The one entry, if it holds more arguments of a call that has begun, and no more."""
    entry = entries[0] if type(entries) is list and len(entries) == 1 else None
    if (
        type(entry) is not dict
        or type(entry.get("index")) is not int
        or not {"index", "function", "type", "id"}.issuperset(entry)
    ):
        return None
    function = entry.get("function")
    if entry.get("id") or type(function) is not dict or not {"arguments", "name"}.issuperset(function) or function.get("name"):
        return None
    return entry if type(function.get("arguments")) is str else None
