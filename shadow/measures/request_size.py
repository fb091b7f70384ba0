"""The sizes in characters of what a chat template may put into the prompt: tools, messages and earlier reasoning."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache

import orjson

from shadow.reading.parsed_request import ParsedRequest

_REASONING = ("reasoning_content", "reasoning", "thinking")


_REASONS = frozenset(_REASONING)
MEDIA_PARTS = frozenset(
    {"image", "image_url", "input_image", "audio", "input_audio", "video", "video_url", "file", "input_file", "document"}
)
"""Types of the parts of a message that are no text."""


KEPT, LONG = 64, 64_000
"""Sizes of tools that are kept, and the longest of them in bytes: an application offers the same ones over and over."""


_WRITER = json.JSONEncoder(ensure_ascii=False)


def droppable(request: ParsedRequest) -> dict[str, int]:
    """Characters of the inputs that a template may leave out: tools, and reasoning in the history."""
    sizes = {"tools": tool_characters(request), "earlier reasoning": sum(earlier_reasoning(request))}
    return {name: size for name, size in sizes.items() if size}


def tool_characters(request: ParsedRequest) -> int:
    """Characters of the offered tools as JSON; 0 where there are none."""
    if not request.tools:
        return 0
    tools = request.body.get("tools") or request.body.get("functions") or []
    try:
        text = orjson.dumps(tools)
    except TypeError:
        return _size(tools)
    # because the quick writer takes what is not a number for null
    return _size(tools) if b"null" in text or len(text) > LONG else _kept_size(text)


def schema_characters(request: ParsedRequest) -> int:
    """Characters of the parameters of the offered tools as JSON, without their names and descriptions."""
    schemas = [tool.schema for tool in request.tools if tool.schema is not None]
    if not schemas:
        return 0
    try:
        text = orjson.dumps(schemas)
    except TypeError:
        return _size(schemas)
    return _size(schemas) if b"null" in text or len(text) > LONG else _kept_size(text)


@lru_cache(maxsize=KEPT)
def _kept_size(text: bytes) -> int:
    return _size(json.loads(text))


def earlier_reasoning(request: ParsedRequest) -> list[int]:
    """Characters of the reasoning in each earlier turn, without turns that have none."""
    carrying = (message for message in request.messages if not _REASONS.isdisjoint(message))
    found = (message.get(field) for message in carrying for field in _REASONING)
    return [len(value) for value in found if isinstance(value, str) and value]


def has_media(request: ParsedRequest) -> bool:
    """Whether a message holds a picture, a recording or a file, whose tokens each server counts by its own rule."""
    return any(True for _ in _media(request))


def media_characters(request: ParsedRequest) -> int:
    """Characters of the pictures, recordings and files in messages as JSON."""
    return sum(map(_size, _media(request)))


def _media(request: ParsedRequest) -> Iterator[Mapping[str, object]]:
    for part in (part for message in request.messages for part in _parts(message)):
        yield from [part] if _is_media(part) else filter(_is_media, _parts(part))


def _parts(holder: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The parts of a message, or those of a tool's result in it."""
    content = holder.get("content")
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _is_media(part: Mapping[str, object]) -> bool:
    kind = part.get("type")
    return isinstance(kind, str) and kind in MEDIA_PARTS


def message_characters(request: ParsedRequest) -> int:
    """Characters of all messages as JSON."""
    return sum(map(_message_size, request.messages))


def _message_size(message: Mapping[str, object]) -> int:
    """One of strings alone is written quickly: a comma and a colon then lack the space that is counted."""
    if {*map(type, message.values())} == {str}:
        with suppress(TypeError):
            return len(orjson.dumps(message).decode()) + 2 * len(message) - 1
    return _size(message)


def _size(value: object) -> int:
    """Characters of a value as JSON; 0 where it cannot be written."""
    try:
        return len(_WRITER.encode(value))
    except (RecursionError, TypeError, ValueError):
        return 0
