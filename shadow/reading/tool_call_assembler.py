"""Assembles tool calls from their deltas; servers differ in all but the index, and each departure is noted.

Known variants: no index, or one inside `function`; every index 0; indices from 1; id and name repeated in each delta, or a fresh
id in each; whole calls in one delta; arguments as an object. The work for all pieces of a stream is linear in their size, because
a hostile stream may hold any number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from shadow.reading import response_notes
from shadow.reading.completion import ToolCall, is_sealed
from shadow.reading.lenient_json import is_too_deep, load_arguments, repaired, repaired_value

CUSTOM_OPENING, CUSTOM_CLOSING = '{"input": "', '"}'
"""Wraps the free text of a custom tool as the one argument of a function."""
_MARK = re.compile(r'["\\{}]')


def json_escaped(text: str) -> str:
    """A piece of a text as it stands inside a JSON string."""
    return json.dumps(text)[1:-1]


class _Braces:
    """Follows the braces of a JSON object that comes in pieces; a brace inside a string counts for nothing."""

    __slots__ = ("_depth", "_escaped", "_quoted")

    def __init__(self) -> None:
        self._depth = 0
        self._quoted = self._escaped = False

    def take(self, text: str) -> None:
        at = 0
        for mark in _MARK.finditer(text):
            if self._escaped:
                self._escaped = False
                if mark.start() == at:
                    continue
            self._see(mark[0])
            at = mark.end()
        if self._escaped and at < len(text):
            self._escaped = False

    def _see(self, mark: str) -> None:
        if mark == '"':
            self._quoted = not self._quoted
        elif mark == "\\":
            self._escaped = self._quoted
        elif not self._quoted:
            self._depth += 1 if mark == "{" else -1

    @property
    def closed(self) -> bool:
        return self._depth == 0 and not self._quoted


class _CallBuilder:
    """A call that is still being put together."""

    __slots__ = ("_braces", "_seen", "arguments", "custom", "id", "index", "name", "pieces", "value")

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []
        self.pieces = 0
        self.value: Any = None
        self.custom = False
        self._braces = _Braces()
        self._seen = 0

    def take(self, pieces: Sequence[str]) -> None:
        self.arguments += pieces
        self.pieces += len(pieces)

    def goes_on(self) -> bool:
        """Whether the arguments have begun and, by their braces, not ended; looks at each piece once."""
        for piece in self.arguments[self._seen :]:
            self._braces.take(piece)
        self._seen = len(self.arguments)
        return bool(self.arguments) and not (self._braces.closed and self.arguments[-1].rstrip().endswith("}"))

    def text(self) -> str:
        """The arguments as they came; those of a custom tool as the one argument of a function."""
        if self.custom:
            return CUSTOM_OPENING + json_escaped("".join(self.arguments)) + CUSTOM_CLOSING
        return "".join(self.arguments) or arguments_text(self.value)


class ToolCallAssembler:
    """The calls of one choice; `notes` collects irregularities of them."""

    __slots__ = ("_builders", "_by_id", "_latest", "_notes")

    def __init__(self, notes: dict[str, None]) -> None:
        self._notes = notes
        self._builders: list[_CallBuilder] = []
        self._latest: dict[int | None, _CallBuilder] = {}
        self._by_id: dict[tuple[int | None, str], _CallBuilder] = {}

    def add_whole(self, entries: Any) -> bool:
        """The calls of a whole message: each entry is one."""
        for entry in _objects(entries):
            self._fill(self._new(None), entry)
        return bool(self._builders)

    def add_deltas(self, entries: Any) -> bool:
        """The call pieces of one delta; True when they add content."""
        added = [self._fill(self._builder_for(entry), entry) for entry in _objects(entries)]
        return any(added)

    def add_legacy(self, function: Any, *, streamed: bool) -> bool:
        """The `function_call` of the time before tools: one call, without an id."""
        if not isinstance(function, dict) or not (function.get("name") or function.get("arguments")):
            return False
        self._notes[response_notes.FUNCTION_CALL] = None
        builder = self._builders[-1] if self._builders and streamed else self._new(None)
        self._fill(builder, {"function": function})
        return True

    def append(self, index: int, arguments: Sequence[str]) -> None:
        """Takes more arguments of the latest call at `index`, which has begun."""
        if latest := self._latest.get(index):
            latest.take(arguments)

    def replace_arguments(self, index: int, arguments: str) -> None:
        """The arguments of the latest call at `index`, if what came of them is sealed."""
        latest = self._latest.get(index)
        if latest and is_sealed("".join(latest.arguments)):
            latest.arguments = [arguments]

    def build(self, *, streamed: bool) -> tuple[ToolCall, ...]:
        """The calls by index, then by arrival, numbered from 0."""
        if not self._builders:
            return ()
        sent = [builder.index for builder in self._builders if builder.index is not None]
        if sent and sorted(sent) != list(range(len(self._builders))):
            self._notes[response_notes.CALL_INDICES] = None
        last = max(sent, default=0)
        ordered = sorted(self._builders, key=lambda builder: last if builder.index is None else builder.index)
        return tuple(self._call(position, builder, streamed=streamed) for position, builder in enumerate(ordered))

    def _new(self, index: int | None) -> _CallBuilder:
        builder = self._latest[index] = _CallBuilder(index)
        self._builders.append(builder)
        return builder

    def _builder_for(self, entry: dict[str, Any]) -> _CallBuilder:
        function = _function(entry)
        index, name = entry.get("index", function.get("index")), function.get("name")
        if type(index) is not int:
            index = None
            self._notes[response_notes.NO_CALL_INDEX] = None
        sent_id = entry.get("id") if isinstance(entry.get("id"), str) else ""
        latest = self._latest.get(index)
        if latest is None:
            return self._new(index)
        if sent_id and latest.id:
            return self._by_id.get((index, sent_id)) or self._after(latest, index, name)
        if index is None and _begins_another(latest, name):
            return self._new(None)
        return latest

    def _after(self, latest: _CallBuilder, index: int | None, name: Any) -> _CallBuilder:
        """An id that was not seen at this index: another call, or a server that makes up a fresh id for each delta."""
        if index is not None and not _begins_another(latest, name):
            self._notes[response_notes.CALL_ID_CHANGED] = None
            return latest
        if index is not None:
            self._notes[response_notes.SHARED_INDEX] = None
        return self._new(index)

    def _fill(self, builder: _CallBuilder, entry: dict[str, Any]) -> bool:
        sent_id = entry.get("id")
        if not builder.id and isinstance(sent_id, str) and sent_id:
            builder.id = sent_id
            self._by_id[builder.index, sent_id] = builder
        function = _function(entry)
        builder.custom = builder.custom or function is entry.get("custom")
        self._name(builder, function.get("name"))
        arguments = function.get("input" if builder.custom else "arguments", function.get("arguments", function.get("input")))
        if isinstance(arguments, str):
            if arguments:
                builder.take([arguments])
        elif arguments is not None:
            self._notes["arguments were sent as JSON, not as a string"] = None
            builder.value = arguments
            builder.pieces += 1
        return bool(sent_id or function.get("name") or arguments not in (None, ""))

    def _name(self, builder: _CallBuilder, name: Any) -> None:
        if not isinstance(name, str) or not name:
            return
        if not builder.name:
            builder.name = name
        elif name == builder.name:
            self._notes["the name of a tool call was sent again in later deltas"] = None
        else:
            self._notes["the name of a tool call came in pieces"] = None
            builder.name += name

    def _call(self, position: int, builder: _CallBuilder, *, streamed: bool) -> ToolCall:
        text = repaired(builder.text())
        loaded = load_arguments(text)
        self._notes.update(dict.fromkeys(loaded.departures))
        return ToolCall(
            index=position,
            id=repaired(builder.id),
            name=repaired(builder.name),
            arguments=text,
            parsed=loaded.parsed,
            invalid=loaded.invalid,
            deltas=builder.pieces if streamed else 0,
        )


def arguments_text(value: Any) -> str:
    """Arguments that came as JSON, written as the string they should have been."""
    if value is None:
        return ""
    return "<nested too deep>" if is_too_deep(value) else json.dumps(repaired_value(value), ensure_ascii=False)


def _objects(entries: Any) -> list[dict[str, Any]]:
    if isinstance(entries, dict):
        entries = [entries]
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _function(entry: dict[str, Any]) -> dict[str, Any]:
    """The name of the call; where a server sends the fields of both kinds, one of them is empty."""
    held = [entry[key] for key in ("function", "custom") if isinstance(entry.get(key), dict)]
    return next((each for each in held if any(each.values())), held[0] if held else {})


def _begins_another(builder: _CallBuilder, name: Any) -> bool:
    """Whether a delta with this name starts a call of its own after `builder`, rather than going on with it."""
    return isinstance(name, str) and bool(name) and (name != builder.name or not builder.goes_on())
