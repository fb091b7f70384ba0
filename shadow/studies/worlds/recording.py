"""Recorded answers of tools: which one answers a call, and what happens to a call that no recording holds.

The n-th equal call gets the n-th answer that was recorded for it, and the last one from then on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shadow.measures.json_values import canonical
from shadow.measures.text_similarity import character_similarity

MOST_MISSES = 0.10
"""Share of calls that no recording held above which a provider gets no verdict."""


class Match(StrEnum):
    """What a call must share with a recorded one."""

    ARGUMENTS = "arguments"
    SEQUENCE = "sequence"


class Unseen(StrEnum):
    """What a call gets that no recording holds: an error, the answer to the nearest call of this tool, or the end of the run."""

    ERROR = "error"
    NEAREST = "nearest"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One call by the name that the model used, its arguments as JSON, and the text that it got."""

    name: str
    arguments: str
    text: str
    is_error: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The functions that were offered, and the calls in the order in which they were made."""

    functions: tuple[dict[str, object], ...]
    calls: tuple[RecordedCall, ...]

    @property
    def names(self) -> frozenset[str]:
        """Names of the functions that were offered."""
        return frozenset(name for function in self.functions if (name := _name(function)))


def _name(function: Mapping[str, object]) -> str:
    inner = function.get("function")
    name = inner.get("name") if isinstance(inner, Mapping) else None
    return name if isinstance(name, str) else ""


def arguments_key(arguments: object) -> str:
    """One text for each meaning of a call's arguments."""
    return canonical(arguments)


class RecordedAnswers:
    """The answers of one recording to the calls of one run."""

    def __init__(self, calls: Sequence[RecordedCall], match: Match) -> None:
        self._calls = calls
        self._match = match
        self._place = 0
        self._held: dict[tuple[str, str], list[RecordedCall]] = {}
        self._asked: dict[tuple[str, str], int] = {}
        for call in calls:
            self._held.setdefault((call.name, _key_of(call)), []).append(call)

    def __repr__(self) -> str:
        return f"<RecordedAnswers {len(self._calls)} calls by {self._match}, {sum(self._asked.values())} asked>"

    def answer(self, name: str, arguments: Mapping[str, object]) -> RecordedCall | None:
        """The recorded answer to this call; None when there is none."""
        key = (name, arguments_key(dict(arguments)))
        if self._match is Match.SEQUENCE:
            return self._next(key)
        held = self._held.get(key)
        if held is None:
            return None
        times = self._asked.get(key, 0)
        self._asked[key] = times + 1
        return held[min(times, len(held) - 1)]

    def _next(self, key: tuple[str, str]) -> RecordedCall | None:
        """The call at this place of the recording, where it is the one that is made."""
        place, self._place = self._place, self._place + 1
        call = self._calls[place] if place < len(self._calls) else None
        return call if call is not None and (call.name, _key_of(call)) == key else None

    def nearest(self, name: str, arguments: Mapping[str, object]) -> RecordedCall | None:
        """The recorded call of this tool with the most similar arguments; None when it was never called."""
        own = [call for call in self._calls if call.name == name]
        text = arguments_key(dict(arguments))
        return max(own, key=lambda call: character_similarity(_key_of(call), text), default=None)


def _key_of(call: RecordedCall) -> str:
    try:
        return arguments_key(json.loads(call.arguments or "{}"))
    except (ValueError, RecursionError):
        return call.arguments


def too_many_misses(misses: int, calls: int) -> bool:
    """Whether so many calls left the recording that nothing can be concluded."""
    return misses > MOST_MISSES * calls


def recording_text(recording: Recording) -> str:
    """The recording as JSON lines: the functions first, then a line for each call."""
    head = json.dumps({"sameweights_recording": 1, "functions": list(recording.functions)}, ensure_ascii=False)
    lines = [json.dumps(_fields(call), ensure_ascii=False) for call in recording.calls]
    return "\n".join([head, *lines]) + "\n"


def _fields(call: RecordedCall) -> dict[str, object]:
    return {"name": call.name, "arguments": call.arguments, "text": call.text, "is_error": call.is_error}


def parse_recording(text: str) -> Recording:
    """The recording of a text; ValueError with the line and what is wrong with it."""
    lines = text.split("\n")
    head = _object(lines[0], 1) if lines[0] else {}
    functions = head.get("functions")
    if head.get("sameweights_recording") != 1 or not isinstance(functions, list):
        raise ValueError('line 1: is not the head of a recording, {"sameweights_recording": 1, "functions": [...]}')
    calls = tuple(_call(_object(line, number), number) for number, line in enumerate(lines[1:], start=2) if line.strip())
    return Recording(functions=tuple(function for function in functions if isinstance(function, dict)), calls=calls)


def _object(line: str, number: int) -> Mapping[str, object]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"line {number}: is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"line {number}: is not an object")  # noqa: TRY004 - a fault of the file, not of our types
    return value


def _call(fields: Mapping[str, object], number: int) -> RecordedCall:
    name, arguments, text = fields.get("name"), fields.get("arguments"), fields.get("text")
    if not isinstance(name, str) or not isinstance(arguments, str) or not isinstance(text, str):
        raise ValueError(f"line {number}: a call has a name, arguments and a text, each in quotes")  # noqa: TRY004 - as above
    return RecordedCall(name=name, arguments=arguments, text=text, is_error=fields.get("is_error") is True)


def merged(calls: Iterable[RecordedCall]) -> tuple[RecordedCall, ...]:
    """The calls without exact repeats, in the order in which they were first made."""
    return tuple(dict.fromkeys(calls))
