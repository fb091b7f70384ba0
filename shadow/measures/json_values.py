"""Compares JSON values by meaning, not by bytes: key order, white space and 1 against 1.0 are no difference."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from shadow.findings.finding_builders import short
from shadow.measures.text_similarity import character_similarity

SHOWN = 60
"""Characters of a value in a reason."""
ABSENT = object()
"""Stands for a key or an item that one side does not have."""
_WRITER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def canonical(value: Any) -> str:
    """One text for each JSON meaning (numbers by value, keys sorted); equal texts mean equal values.

    RecursionError for a value nested deeper than the interpreter can follow.
    """
    return _WRITER.encode(_plain(value))


def same_meaning(one: Any, other: Any) -> bool:
    """Whether two values mean the same, as their canonical texts are equal; RecursionError as with `canonical`."""
    if isinstance(one, str) and isinstance(other, str) and (one.isascii() or other.isascii()):
        return one == other  # beyond ASCII, two lone surrogates are written as the one character that they would make
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return all(same_meaning(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return all(map(same_meaning, one, other))
    return canonical(one) == canonical(other)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value


def value_similarity(one: Any, other: Any) -> float:
    """1 for equal meanings, the likeness of two strings, else 0."""
    if same_meaning(one, other):
        return 1.0
    return character_similarity(one, other) if isinstance(one, str) and isinstance(other, str) else 0.0


def key_scores(one: Any, other: Any) -> list[float]:
    """A likeness for each key that either object has; a missing or an extra key is 0. Other values count as one key."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return [value_similarity(one, other)]
    keys = dict.fromkeys((*other, *one))
    return [value_similarity(one[key], other[key]) if key in one and key in other else 0.0 for key in keys] or [1.0]


def first_difference(one: Any, other: Any, path: str) -> str:
    """The first path where two values differ, with both values; "" when they mean the same."""
    return next(_differences(one, other, path), "")


def _differences(one: Any, other: Any, path: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*other, *one)):
            yield from _differences(one.get(key, ABSENT), other.get(key, ABSENT), f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list):
        for index in range(max(len(one), len(other))):
            yield from _differences(_item(one, index), _item(other, index), f"{path}[{index}]")
    elif one is ABSENT or other is ABSENT or not same_meaning(one, other):
        yield f"{path}: {shown_value(one)} against {shown_value(other)}"


def _item(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else ABSENT


def shown_value(value: Any) -> str:
    """A value in a reason: short JSON, or `absent`."""
    if isinstance(value, str):
        value = value[: SHOWN + 1]  # each character is at least one there, so what is cut off here is cut off anyway
    return "absent" if value is ABSENT else short(json.dumps(value, ensure_ascii=False), SHOWN)
