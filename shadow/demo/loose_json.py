"""Typed access to untrusted JSON: each function returns a value of its type, an empty one where the JSON has another type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Object: TypeAlias = "dict[str, Json]"


def mapping(value: Json) -> Object:
    """The object itself, or an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """The array itself, or an empty one."""
    return value if isinstance(value, list) else []


def objects(value: Json) -> list[Object]:
    """The members of an array that are objects."""
    return [member for member in items(value) if isinstance(member, dict)]


def string(value: Json) -> str:
    """The string itself, or an empty one."""
    return value if isinstance(value, str) else ""


def number(value: Json, default: float) -> float:
    """The number itself, or `default`; a boolean is not a number."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else default


def strings(value: Json) -> list[str]:
    """One string or an array of strings, as a list without the empty ones."""
    members: Iterable[Json] = [value] if isinstance(value, str) else items(value)
    return [member for member in members if isinstance(member, str) and member]


def content(message: Object) -> str:
    """The text of a message, whether sent as one string or in parts."""
    whole = message.get("content")
    if isinstance(whole, str):
        return whole
    return "\n".join(string(part.get("text")) for part in objects(whole))
