"""Lenient JSON: it raises no exception, nests no deeper than can be walked, and holds no lone surrogate."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any, NamedTuple

import orjson

from proxy.named_tuples import maker
from shadow.reading.completion import UnreadReason

MAX_DEPTH = 100
"""Deeper nesting than any request or schema in use; recursive functions over these values stay far from the stack's end."""


class LoadedJson(NamedTuple):
    """A JSON value, or why there is none; `departures` are deviations from strict JSON in UTF-8 that were read over.

    `lenient`: a strict reader refused it, so its strings may hold lone surrogates.
    """

    value: Any
    why: UnreadReason | None
    detail: str
    departures: tuple[str, ...]
    lenient: bool


_loaded = maker(LoadedJson)


class LoadedArguments(NamedTuple):
    """The arguments of a tool call as JSON; `invalid` is why they are not JSON; `departures` are what is unusual in them."""

    parsed: Any
    invalid: str
    departures: tuple[str, ...]


MOST_DIGITS = 4_300
"""Digits of an integer that are read, the first ones: Python reads and writes no more of them at once."""
EMPTY = "the arguments of a call are empty, which clients run as {}"
NOT_UTF8 = "the body holds bytes that are not UTF-8"
NOT_FINITE = "the JSON holds NaN, Infinity or a number out of range"


def load(data: bytes) -> LoadedJson:
    """A whole body, bounded in depth and free of lone surrogates."""
    loaded = load_event(data)
    if loaded.why is None and _may_be_deep(data) and is_too_deep(loaded.value):
        return _fault(UnreadReason.TOO_DEEP, f"the JSON is nested more than {MAX_DEPTH} deep")
    return loaded._replace(value=repaired_value(loaded.value)) if loaded.lenient else loaded


def _may_be_deep(data: bytes) -> bool:
    """Whether so many containers begin; taking them out finds each by memchr, where counting them looks at every byte."""
    left = len(data.replace(b"{", b"", MAX_DEPTH + 1)) + len(data.replace(b"[", b"", MAX_DEPTH + 1))
    return 2 * len(data) - left > MAX_DEPTH


def load_event(data: bytes) -> LoadedJson:
    """One event of a stream: as `load`, but half a character may stand at its end, and only its known keys may be walked."""
    try:
        return _loaded(orjson.loads(data), None, "", (), lenient=False)
    except ValueError:
        return _load_leniently(data)


def _load_leniently(data: bytes) -> LoadedJson:
    """What orjson refuses and clients accept: lone surrogates, NaN, a byte-order mark, bytes that are not UTF-8."""
    departures: set[str] = set()

    def number(text: str) -> float:
        value = float(text)
        if not math.isfinite(value):
            departures.add(NOT_FINITE)
        return value

    try:
        text = data.decode()
    except UnicodeDecodeError:
        departures.add(NOT_UTF8)
        text = data.decode("utf-8", "replace")
    try:
        value = json.loads(text.removeprefix("\ufeff"), parse_constant=number, parse_float=number, parse_int=integer)
    except RecursionError:
        return _fault(UnreadReason.TOO_DEEP, f"the JSON is nested more than {MAX_DEPTH} deep")
    except ValueError as error:
        return _fault(UnreadReason.NOT_JSON, repaired(f"not JSON: {error}"))
    return LoadedJson(value, None, "", tuple(sorted(departures)), lenient=True)


def _fault(why: UnreadReason, detail: str) -> LoadedJson:
    return LoadedJson(None, why, detail, (), lenient=True)


def load_arguments(text: str) -> LoadedArguments:
    """Arguments exactly as the tool would get them: big integers whole, no NaN, and repeated keys kept.

    Empty arguments, or `null`, count as an object without members, because clients run them as that.
    """
    twice: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            twice.extend(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        return made

    if text.strip() in {"", "null"}:
        return LoadedArguments({}, "", (EMPTY,))
    try:
        parsed = json.loads(text, object_pairs_hook=members, parse_constant=_strict, parse_float=_strict)
    except RecursionError:
        return LoadedArguments(None, f"the arguments are nested more than {MAX_DEPTH} deep", ())
    except ValueError as error:
        return LoadedArguments(None, repaired(str(error)), ())
    if is_too_deep(parsed):
        return LoadedArguments(None, f"the arguments are nested more than {MAX_DEPTH} deep", ())
    departures = tuple(
        repaired(f"the key {key[:80]!r} stands twice in the arguments of one call") for key in dict.fromkeys(twice)
    )
    return LoadedArguments(repaired_value(parsed) if "\\u" in text else parsed, "", departures)


def integer(text: str) -> int:
    """A JSON integer of any length, from its first MOST_DIGITS digits: its sign is right, and it exceeds any bound."""
    return int(text[:MOST_DIGITS])


def _strict(text: str) -> float:
    value = float(text)
    if math.isfinite(value):
        return value
    raise ValueError(f"{text[:40]} is not a JSON number that a double can hold")


def is_too_deep(value: Any) -> bool:
    """Whether containers are nested more than MAX_DEPTH deep; walks level by level, never recursively."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return False
        level = [
            inner
            for item in level
            for inner in (item.values() if isinstance(item, dict) else item)
            if isinstance(inner, (dict, list))
        ]
    return bool(level)


def repaired(text: str) -> str:
    """The text with surrogate halves joined, and those that stand alone replaced by U+FFFD, so that it can be encoded."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def repaired_value(value: Any) -> Any:
    """The same for every string of a JSON value, keys included; the value must have passed `is_too_deep`."""
    if isinstance(value, str):
        return repaired(value)
    if isinstance(value, list):
        return [repaired_value(item) for item in value]
    if isinstance(value, dict):
        return {repaired(key): repaired_value(item) for key, item in value.items()}
    return value
