"""Events of a stream that differ in one string only: the rest of their bytes, once read, need not be read again.

A mould is made from an event that was read in full, and proven by reading what it makes of another string; what does not
fit it byte for byte is read in full again. It changes how fast a stream is read, never what is read.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import orjson

from shadow.reading.parts import REASONING_FIELDS
from shadow.reading.sse import Event

_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_STRING = re.compile(rb'(?:[^"\\\x00-\x1f]|\\["\\/bfnrtu])*')
_PROBE = '\u2603 another " string \\'
CHUNK = "chat.completion.chunk"


class Grown(NamedTuple):
    """What grows by each event: a `field` of the delta of a choice (None: its index is no number), or a call's arguments."""

    choice: int | None
    field: str
    call: int


class Mould(NamedTuple):
    """The bytes before and after the string, and the event's name."""

    before: bytes
    after: bytes
    name: str
    grown: Grown

    def text(self, event: Event) -> str | None:
        """The string of this event; None when it is not of this mould, or must be read with more patience."""
        data, name, _ = event
        before, after = self.before, self.after
        start, end = len(before), len(data) - len(after)
        if data[:start] != before or data[end:] != after or end < start or name != self.name:
            return None
        try:
            if _PLAIN.fullmatch(data, start, end):
                return data[start:end].decode()
            if _STRING.fullmatch(data, start, end):
                return str(orjson.loads(data[start - 1 : end + 1]))
        except ValueError:
            pass
        return None


def mould(event: Event, chunk: dict[str, Any]) -> Mould | None:
    """The mould of an event that was read as `chunk`, if nothing in it but one string can matter when it comes again."""
    held = _holder(chunk)
    if held is None or event.event == "error":
        return None
    holder, key, grown = held
    text = holder[key]
    found = re.findall(rb'"%b"\s*:\s*"((?:[^"\\]|\\.)*)"' % key.encode(), event.data)
    if not text or len(found) != 1:
        return None
    at = event.data.index(b'"', event.data.index(b":", event.data.index(b'"%b"' % key.encode()) + len(key) + 2)) + 1
    made = Mould(event.data[:at], event.data[at + len(found[0]) :], event.event, grown)
    return made if _proven(made, chunk, holder, key) else None


def _proven(made: Mould, chunk: dict[str, Any], holder: dict[str, Any], key: str) -> bool:
    """Whether another string in the mould is read as another string in just that place."""
    was, holder[key] = holder[key], _PROBE
    try:
        return bool(orjson.loads(made.before + orjson.dumps(_PROBE)[1:-1] + made.after) == chunk)
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
    if type(choice) is not dict or choice.get("finish_reason") or choice.get("logprobs") is not None or "usage" in choice:
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
