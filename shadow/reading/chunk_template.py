"""Events of a stream that differ in one string only: the rest of their bytes, once read, need not be read again.

Beside that string may stand what says nothing and differs too: padding (a string of letters, or spaces), and the event's number.

A mould is made from an event that was read in full, and proven by reading what it makes of another string; what does not
fit it byte for byte is read in full again. It changes how fast a stream is read, never what is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from shadow.reading.message_parts import REASONING_FIELDS
from shadow.reading.sse import EventWalk, FixedBytes, SseEvent

_STRING = re.compile(rb'[^"\\\x00-\x1f]*(?:\\["\\/bfnrtu][^"\\\x00-\x1f]*)*')
_LETTERS = re.compile(rb"[A-Za-z0-9+/=_-]*")
_SPACES = re.compile(rb" *")
_PADDING = ("obfuscation", "p")
"""Members of an event that hide the length of its string, of OpenAI and of Mistral."""
_PADDED = re.compile(rb'"(obfuscation|p)"\s*:\s*"([A-Za-z0-9+/=_-]*)"')
_NUMBER = "sequence_number"
_NUMBERED = re.compile(rb'"sequence_number"\s*:\s*(\d+)')
_PROBE = '\u2603 another " string \\'
_OTHER = "another"
CHUNK = "chat.completion.chunk"
_RARE = frozenset({"usage", "error", "message"})
"""Members of a choice beside its delta that are read."""
LARGEST = 65_536
"""Bytes of an event beyond which no mould is made of it: few such follow, and its string takes long to find."""


_PATIENCE, _VAIN = 64, 8
"""Moulds made for one stream, and how many one counts that took no event: where each is of another form, it costs more."""


class GrowingField(NamedTuple):
    """What grows by each event: a `field` of the delta of a choice (None: its index is no number), or a call's arguments."""

    choice: int | None
    field: str
    call: int


class ChunkTemplate(NamedTuple):
    """The bytes of an event's data about its string; `seam` are those from its end to the padding.

    `padding` is the member that holds it, "" for spaces; without any, `seam` is empty.
    """

    before: FixedBytes
    seam: bytes
    padding: str
    after: FixedBytes

    def read(self, literals: Sequence[bytes]) -> list[str]:
        """The strings that stand between `before` and `after`, up to the first that must be read with more patience."""
        return strings(_parted(literals, self.seam, _LETTERS if self.padding else _SPACES) if self.seam else literals)


Grow = Callable[[Sequence[str]], None]
"""Takes more of what grows, piece by piece."""


class TemplateReader:
    """Takes the events of a stream that are like the one before them; the ends of those that say something go to `carried`."""

    __slots__ = ("_around", "_carried", "_grow", "_patience")

    def __init__(self, carried: list[int]) -> None:
        self._carried = carried
        self._around: ChunkTemplate | None = None
        self._grow: Grow | None = None
        self._patience = _PATIENCE

    def forget(self) -> None:
        """The next event is like none before it."""
        self._around = None

    def remember(self, event: SseEvent, chunk: dict[str, Any], place: tuple[dict[str, Any], str], grow: Grow | None) -> None:
        """Be ready for more events like this one, which was read as `chunk` and grows by the string at `place`."""
        holder, key = place
        if grow and self._patience > 0 and event.event != "error":
            self._around, self._grow = around(event, chunk, holder, key), grow

    def go_on(self, walk: EventWalk) -> None:
        """Takes the events that follow the remembered one and differ from it in that string only."""
        about, grow = self._around, self._grow
        if about is None or grow is None:
            return
        texts, ends = walk.run(about.before, about.after, about.read)
        self._patience -= 1 if ends else _VAIN
        texts, ends = saying(texts, ends)
        grow(texts)
        self._carried += ends


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


def _parted(literals: Sequence[bytes], seam: bytes, padding: re.Pattern[bytes]) -> list[bytes]:
    """The string of each, as far as nothing but padding follows behind the seam."""
    halves = [literal.rpartition(seam) for literal in literals]
    if padding.fullmatch(b"".join([pad for _, _, pad in halves])) and all(found for _, found, _ in halves):
        return [text for text, _, _ in halves]
    plain: list[bytes] = []
    for text, found, pad in halves:
        if not found or not padding.fullmatch(pad):
            break
        plain.append(text)
    return plain


def saying(texts: list[str], ends: list[int]) -> tuple[list[str], list[int]]:
    """The strings that say something, with the ends of their events."""
    if all(texts):
        return texts, ends
    told = [(text, end) for text, end in zip(texts, ends, strict=True) if text]
    return [text for text, _ in told], [end for _, end in told]


def around(event: SseEvent, chunk: dict[str, Any], holder: dict[str, Any], key: str) -> ChunkTemplate | None:
    """What stands about the one string `holder[key]` of the `chunk` that an event is; None where that cannot be told."""
    text = holder.get(key)
    if len(event.data) > LARGEST or not isinstance(text, str):
        return None
    found = re.findall(rb'"%b"\s*:\s*"((?:[^"\\]|\\.)*)"' % key.encode(), event.data)
    if not text or len(found) != 1:
        return None
    at = event.data.index(b'"', event.data.index(b":", event.data.index(b'"%b"' % key.encode()) + len(key) + 2)) + 1
    before, rest = event.data[:at], event.data[at + len(found[0]) :]
    made = _padded(_numbered(before, chunk), rest, chunk)
    return made if _proven(made, chunk, holder, key) else None


def _padded(before: FixedBytes, rest: bytes, chunk: dict[str, Any]) -> ChunkTemplate:
    """What stands about a string that `rest` follows; Anthropic pads with spaces before the last brace."""
    number = chunk if before.number is None else {}
    if rest.endswith(b" }"):
        start, end, name = len(rest[:-1].rstrip(b" ")), len(rest) - 1, ""
    elif any(name in chunk for name in _PADDING) and (found := _PADDED.search(rest)):
        start, end, name = *found.span(2), found[1].decode()
    else:
        return ChunkTemplate(before, b"", "", _numbered(rest, number))
    return ChunkTemplate(before, rest[:start], name, _numbered(rest[end:], number))


def _numbered(data: bytes, chunk: dict[str, Any]) -> FixedBytes:
    """Bytes of an event with its number, if that stands in them."""
    number = chunk.get(_NUMBER)
    found = _NUMBERED.search(data) if type(number) is int else None
    if found is None or int(found[1]) != number:
        return FixedBytes(data)
    return FixedBytes(data[: found.start(1)], number, data[found.end(1) :])


def _proven(made: ChunkTemplate, chunk: dict[str, Any], holder: dict[str, Any], key: str) -> bool:
    """Whether others in its places are read as others in just those places."""
    padding = _OTHER if made.padding else "  "
    data = made.before.of(1) + orjson.dumps(_PROBE)[1:-1] + (made.seam and made.seam + padding.encode()) + made.after.of(1)
    was, holder[key] = holder[key], _PROBE
    try:
        return bool(orjson.loads(data) == _next(made, chunk))
    except ValueError:
        return False
    finally:
        holder[key] = was


def _next(made: ChunkTemplate, chunk: dict[str, Any]) -> dict[str, Any]:
    """The chunk with another padding, and the number of the next event."""
    other = {**chunk, made.padding: _OTHER} if made.padding else chunk
    numbers = [part.number for part in (made.before, made.after) if part.number is not None]
    return {**other, _NUMBER: numbers[0] + 1} if numbers else other


def growth(chunk: dict[str, Any]) -> tuple[dict[str, Any], str, GrowingField] | None:
    """Where the one string of a chat chunk stands, and what grows by it; None when it says anything else that counts."""
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
        return delta, key, GrowingField(place, key, 0)
    if key == "tool_calls" and (entry := _growing_call(value)):
        return entry["function"], "arguments", GrowingField(place, key, entry["index"])
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
