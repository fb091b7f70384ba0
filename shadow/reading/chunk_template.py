"""Makes a template of an event: the bytes about its one string that differs, by which events like it are read together.

Beside that string may stand what carries no meaning and differs too: padding (a string of letters, or spaces), and the
event's number. A template is made of an event that was read in full, and tested by reading what it makes of another string.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from shadow.reading.sse import FixedBytes

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
LARGEST = 65_536
"""Bytes of an event up to which a template is made of it: few events follow a larger one, and its string takes long to find."""


class ChunkTemplate(NamedTuple):
    """The bytes of an event's data about its string: those before it, between it and its padding, and after both.

    `padding` is the member that holds the padding, "" for spaces; without padding, `between` is empty.
    """

    before: FixedBytes
    between: bytes
    padding: str
    after: FixedBytes

    def read(self, literals: Sequence[bytes]) -> list[str]:
        """The strings that stand between `before` and `after`, up to the first that is not plain JSON."""
        if not self.between:
            return strings(literals)
        return strings(_without_padding(literals, self.between, _LETTERS if self.padding else _SPACES))


def strings(literals: Sequence[bytes]) -> list[str]:
    """The strings that JSON literals stand for, up to the first that is not plain JSON."""
    # joined by a blank, which ends no escape, because a broken literal could be completed by the one after it
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


def _without_padding(literals: Sequence[bytes], between: bytes, padding: re.Pattern[bytes]) -> list[bytes]:
    """The string of each literal, up to the first in which anything but padding follows `between`."""
    halves = [literal.rpartition(between) for literal in literals]
    if padding.fullmatch(b"".join([pad for _, _, pad in halves])) and all(found for _, found, _ in halves):
        return [text for text, _, _ in halves]
    plain: list[bytes] = []
    for text, found, pad in halves:
        if not found or not padding.fullmatch(pad):
            break
        plain.append(text)
    return plain


def template_of(data: bytes, chunk: dict[str, Any], holder: dict[str, Any], key: str) -> ChunkTemplate | None:
    """The template of an event whose `data` are the `chunk`, about its string `holder[key]`; None where it cannot be certain."""
    text = holder.get(key)
    if len(data) > LARGEST or not isinstance(text, str):
        return None
    found = re.findall(rb'"%b"\s*:\s*"((?:[^"\\]|\\.)*)"' % key.encode(), data)
    if not text or len(found) != 1:
        return None
    at = data.index(b'"', data.index(b":", data.index(b'"%b"' % key.encode()) + len(key) + 2)) + 1
    before, rest = data[:at], data[at + len(found[0]) :]
    made = _padded(_numbered(before, chunk), rest, chunk)
    return made if _is_exact(made, chunk, holder, key) else None


def _padded(before: FixedBytes, rest: bytes, chunk: dict[str, Any]) -> ChunkTemplate:
    """The template about a string that `rest` follows; Anthropic pads with spaces before the last brace."""
    number = chunk if before.number is None else {}
    if rest.endswith(b" }"):
        start, end, name = len(rest[:-1].rstrip(b" ")), len(rest) - 1, ""
    elif any(name in chunk for name in _PADDING) and (found := _PADDED.search(rest)):
        start, end, name = *found.span(2), found[1].decode()
    else:
        return ChunkTemplate(before, b"", "", _numbered(rest, number))
    return ChunkTemplate(before, rest[:start], name, _numbered(rest[end:], number))


def _numbered(data: bytes, chunk: dict[str, Any]) -> FixedBytes:
    """Bytes of an event with its number, if they hold it."""
    number = chunk.get(_NUMBER)
    found = _NUMBERED.search(data) if type(number) is int else None
    if found is None or int(found[1]) != number:
        return FixedBytes(data)
    return FixedBytes(data[: found.start(1)], number, data[found.end(1) :])


def _is_exact(made: ChunkTemplate, chunk: dict[str, Any], holder: dict[str, Any], key: str) -> bool:
    """Whether another string, padding and number in their places are read in exactly those places."""
    padding = _OTHER if made.padding else "  "
    data = made.before.of(1) + orjson.dumps(_PROBE)[1:-1] + (made.between and made.between + padding.encode()) + made.after.of(1)
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
