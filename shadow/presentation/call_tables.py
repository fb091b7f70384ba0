"""Lays out the tool calls of two or three answers as tables: a table per call, a line per path of its arguments; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shadow.presentation.alignment import ValueChange, differences, leaves, match_calls
from shadow.presentation.exchange_view import ExchangeView
from shadow.reading.completion import ToolCall

REFERENCE = 1
"""The reference's column: after the provider's, before the control's."""
CALLS = 32
VALUE = 2_000
NOTHING = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCell:
    """One value as JSON text. `change` is how it differs from the reference, "" when it does not."""

    text: str
    change: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """One path of the arguments with one cell per column."""

    path: str
    cells: tuple[CallCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHead:
    """One column's call: its name, its id and its schema class."""

    name: str
    id: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTable:
    """One call across the columns; a head is None where a column has no such call."""

    heads: tuple[CallHead | None, ...]
    lines: tuple[CallLine, ...]


def call_tables(answers: Sequence[ExchangeView]) -> tuple[tuple[CallTable, ...], str]:
    """The tables, and a note when not all calls are shown ("" otherwise)."""
    rows = _rows([[(call.name, _value(call)) for call in answer.calls[:CALLS]] for answer in answers])
    most = max(len(answer.calls) for answer in answers)
    note = f"the first {CALLS} of {most:,} calls are shown" if most > CALLS else ""
    return tuple(_table(answers, row) for row in rows), note


def _rows(calls: Sequence[Sequence[tuple[str, object]]]) -> list[list[int | None]]:
    """Positions of matching calls per column, in the reference's order; then the calls that only one column has."""
    width = len(calls)
    rows: list[list[int | None]] = [[None] * width for _ in calls[REFERENCE]]
    for column, own in enumerate(calls):
        for position, matched in match_calls(own, calls[REFERENCE]):
            if matched is not None:
                rows[matched][column] = position
            else:
                rows.append([position if place == column else None for place in range(width)])
    return rows


def _table(answers: Sequence[ExchangeView], row: Sequence[int | None]) -> CallTable:
    calls = [None if place is None else answer.calls[place] for answer, place in zip(answers, row, strict=True)]
    outcomes = [_outcome(answer, place) for answer, place in zip(answers, row, strict=True)]
    heads = tuple(_head(call, outcome) for call, outcome in zip(calls, outcomes, strict=True))
    return CallTable(heads=heads, lines=(*_as_sent(calls), *_lines([_value(call) for call in calls])))


def _outcome(view: ExchangeView, place: int | None) -> str:
    return view.outcomes[place] if place is not None and place < len(view.outcomes) else ""


def _head(call: ToolCall | None, outcome: str) -> CallHead | None:
    return None if call is None else CallHead(name=call.name, id=call.id, outcome=outcome)


def _value(call: ToolCall | None) -> object:
    """The arguments as a JSON value; `NOTHING` without a call or with invalid JSON."""
    return NOTHING if call is None or call.invalid else call.parsed


def _as_sent(calls: Sequence[ToolCall | None]) -> Iterator[CallLine]:
    """A line with the raw arguments, where those of any column are invalid JSON."""
    if any(call is not None and call.invalid for call in calls):
        yield CallLine(path="as sent", cells=tuple(_sent(call) for call in calls))


def _sent(call: ToolCall | None) -> CallCell:
    if call is None or not call.invalid:
        return CallCell(text="", absent=True)
    return CallCell(text=cut(call.arguments), change=f"invalid JSON: {call.invalid}")


def _lines(values: Sequence[object]) -> tuple[CallLine, ...]:
    reference = values[REFERENCE]
    changes = [
        {} if value is NOTHING or reference is NOTHING else {gap.path: gap.change for gap in differences(value, reference)}
        for value in values
    ]
    # where the types differ, both values are shown whole, because their members cannot be compared
    whole = {path for column in changes for path, change in column.items() if change is ValueChange.TYPE}
    found = [{} if value is NOTHING else dict(leaves(value, whole)) for value in values]
    paths = dict.fromkeys(path for column in (found[REFERENCE], *found) for path in column)
    return tuple(
        CallLine(
            path=path or "(all)",
            cells=tuple(_cell(column, path, changed) for column, changed in zip(found, changes, strict=True)),
        )
        for path in paths
    )


def _cell(column: dict[str, object], path: str, changes: dict[str, ValueChange]) -> CallCell:
    change = next((change for at, change in changes.items() if _under(path, at)), "")
    if path not in column:
        return CallCell(text="", change=change, absent=True)
    return CallCell(text=json_text(column[path]), change=change)


def _under(path: str, at: str) -> bool:
    return path == at or not at or path.startswith((f"{at}.", f"{at}["))


def json_text(value: object) -> str:
    """A JSON value as text, at most `VALUE` characters."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (RecursionError, ValueError, TypeError):
        return "(too deep to show)"
    return cut(text)


def cut(text: str) -> str:
    """At most `VALUE` characters of a text, and how many it has."""
    return text if len(text) <= VALUE else f"{text[:VALUE]} … ({len(text):,} characters)"
