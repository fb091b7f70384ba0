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
_HIDING = re.compile(rb"[A-Za-z0-9+/=_-]*")
_HIDDEN = re.compile(rb'"obfuscation"\s*:\s*"([A-Za-z0-9+/=_-]*)"')
_PROBE = '\u2603 another " string \\'
_OTHER = "another"
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


class Around(NamedTuple):
    """The bytes of an event's data about its string; `seam` are those from its end to a second string that says nothing.

    The second is the `obfuscation` of OpenAI, of another length in each event; without one, `seam` is empty.
    """

    before: bytes
    seam: bytes
    after: bytes

    def read(self, literals: Sequence[bytes]) -> list[str]:
        """The strings that stand between `before` and `after`, up to the first that must be read with more patience."""
        return strings(_parted(literals, self.seam) if self.seam else literals)


class Mould(NamedTuple):
    """What stands about the string of an event, and what grows by it."""

    around: Around
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


def _parted(literals: Sequence[bytes], seam: bytes) -> list[bytes]:
    """The first string of each, as far as a second of plain letters follows behind the seam."""
    halves = [literal.partition(seam) for literal in literals]
    if _HIDING.fullmatch(b"".join([hiding for _, _, hiding in halves])) and all(found for _, found, _ in halves):
        return [text for text, _, _ in halves]
    plain: list[bytes] = []
    for text, found, hiding in halves:
        if not found or not _HIDING.fullmatch(hiding):
            break
        plain.append(text)
    return plain


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
    about = around(event, chunk, holder, key)
    return Mould(about, grown) if about else None


def around(event: Event, chunk: dict[str, Any], holder: dict[str, Any], key: str) -> Around | None:
    """What stands about the one string `holder[key]` of the `chunk` that an event is; None where that cannot be told."""
    text = holder[key]
    if len(event.data) > LARGEST:
        return None
    found = re.findall(rb'"%b"\s*:\s*"((?:[^"\\]|\\.)*)"' % key.encode(), event.data)
    if not text or len(found) != 1:
        return None
    at = event.data.index(b'"', event.data.index(b":", event.data.index(b'"%b"' % key.encode()) + len(key) + 2)) + 1
    before, rest = event.data[:at], event.data[at + len(found[0]) :]
    hidden = _HIDDEN.search(rest) if "obfuscation" in chunk else None
    made = Around(before, rest[: hidden.start(1)], rest[hidden.end(1) :]) if hidden else Around(before, b"", rest)
    return made if _proven(made, chunk, holder, key) else None


def _proven(made: Around, chunk: dict[str, Any], holder: dict[str, Any], key: str) -> bool:
    """Whether other strings in its places are read as other strings in just those places."""
    probed = {**chunk, "obfuscation": _OTHER} if made.seam else chunk
    seam = made.seam + _OTHER.encode() if made.seam else b""
    was, holder[key] = holder[key], _PROBE
    try:
        return bool(orjson.loads(made.before + orjson.dumps(_PROBE)[1:-1] + seam + made.after) == probed)
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
