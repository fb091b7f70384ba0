"""Finds the one string by which a chat chunk adds to its choice, where the chunk holds nothing else that counts."""

from __future__ import annotations

from typing import Any, NamedTuple

from shadow.reading.message_parts import REASONING_FIELDS

CHUNK = "chat.completion.chunk"
_RARE = frozenset({"usage", "error", "message"})
"""Members of a choice beside its delta that are read."""


class GrowingString(NamedTuple):
    """The string `holder[key]` of a chunk, and what it adds to: a choice's `field`, for tool calls the one at index `call`."""

    holder: dict[str, Any]
    key: str
    choice: int
    field: str
    call: int = 0


def growing_string(chunk: dict[str, Any]) -> GrowingString | None:
    """The string by which a chunk grows; None when it holds anything else that counts. A choice without a number is the first."""
    choice = _only_choice(chunk)
    delta = None if choice is None else choice.get("delta")
    if choice is None or type(delta) is not dict:
        return None
    given = {key: value for key, value in delta.items() if value is not None}
    if len(given) != 1:
        return None
    ((key, value),) = given.items()
    index = choice.get("index")
    number = index if type(index) is int else 0
    if type(value) is str and (key == "content" or key in REASONING_FIELDS):
        return GrowingString(delta, key, number, key)
    if key == "tool_calls" and (entry := _growing_call(value)):
        return GrowingString(entry["function"], "arguments", number, key, entry["index"])
    return None


def _only_choice(chunk: dict[str, Any]) -> dict[str, Any] | None:
    """The one choice of a chunk that holds nothing beside it, if the choice holds nothing beside its delta."""
    choices = chunk.get("choices")
    if chunk.get("object") != CHUNK or chunk.get("usage") or "x_groq" in chunk or "error" in chunk or len(choices or ()) != 1:
        return None
    choice = choices[0] if isinstance(choices, list) else None
    if type(choice) is not dict or choice.get("finish_reason") or choice.get("logprobs") is not None:
        return None
    return choice if _RARE.isdisjoint(choice) else None


def _growing_call(entries: Any) -> dict[str, Any] | None:
    """The one entry, if it holds more arguments of a call that has begun, and nothing else."""
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
