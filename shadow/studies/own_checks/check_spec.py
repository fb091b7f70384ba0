"""`CheckSpec`: one check of a task file or a checks file, read from its table; everything wrong with it is one sentence each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from storage.operator_pattern import checked


class CheckKind(StrEnum):
    """What a check looks at."""

    REGEX = "regex"
    CONTAINS = "contains"
    WORDS = "words"
    MAX_CHARACTERS = "max_characters"
    JSON_SCHEMA = "json_schema"
    LINES = "lines"
    TOOL_ARGUMENTS = "tool_arguments"
    END_STATE = "end_state"
    COMMAND = "command"


class CheckSpecError(Exception):
    """A check that cannot be used; `faults` are sentences for the user."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSpec:
    """One check: all of its `points` where the answer is as it says, else none. Members that the kind does not use are at their
    default.

    `equals`, `at_least`, `at_most` bound a count: of words, lines, characters or calls. `absent` turns the check around. `schema`
    is a JSON schema; `expected` the files of an end state by path, each the text or the JSON value that must be there, with the
    members `without` left out of both. `fences` accepts a JSON answer inside a Markdown fence; "json" one so labelled alone.
    """

    kind: CheckKind
    name: str
    points: float = 1.0
    absent: bool = False
    pattern: str = ""
    text: str = ""
    ignore_case: bool = False
    equals: int | None = None
    at_least: int | None = None
    at_most: int | None = None
    each_at_most: int | None = None
    sorted: bool = False
    numbered: bool = False
    schema: object = None
    fences: bool | str = True
    tool: str = ""
    every: bool = False
    expected: Mapping[str, object] = field(default_factory=dict)
    unchanged: bool = False
    without: tuple[str, ...] = ()
    argv: tuple[str, ...] = ()
    timeout: float = 20.0


_COUNT = frozenset({"equals", "at_least", "at_most"})
_COMMON = frozenset({"kind", "name", "points"})
MEMBERS: Mapping[CheckKind, frozenset[str]] = {
    CheckKind.REGEX: frozenset({"pattern", "absent"}),
    CheckKind.CONTAINS: frozenset({"text", "ignore_case", "absent"}),
    CheckKind.WORDS: _COUNT,
    CheckKind.MAX_CHARACTERS: frozenset({"at_most"}),
    CheckKind.JSON_SCHEMA: frozenset({"schema", "fences"}),
    CheckKind.LINES: _COUNT | {"each_at_most", "sorted", "numbered"},
    CheckKind.TOOL_ARGUMENTS: frozenset({"tool", "schema", "every", "absent"}) | _COUNT,
    CheckKind.END_STATE: frozenset({"expected", "unchanged", "without"}),
    CheckKind.COMMAND: frozenset({"argv", "timeout"}),
}
"""The members of each kind, besides kind, name and points."""

_NEEDS: Mapping[CheckKind, tuple[tuple[str, ...], ...]] = {
    CheckKind.REGEX: (("pattern",),),
    CheckKind.CONTAINS: (("text",),),
    CheckKind.WORDS: (("equals", "at_least", "at_most"),),
    CheckKind.MAX_CHARACTERS: (("at_most",),),
    CheckKind.JSON_SCHEMA: (("schema",),),
    CheckKind.LINES: (("equals", "at_least", "at_most", "each_at_most", "sorted", "numbered"),),
    CheckKind.TOOL_ARGUMENTS: (("tool",),),
    CheckKind.END_STATE: (("expected", "unchanged"),),
    CheckKind.COMMAND: (("argv",),),
}
"""For each kind the members of which one of each group must be there."""


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9


def _texts(value: object) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(item, str) for item in value)


_TYPES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "name": (lambda value: isinstance(value, str), "a text"),
    "points": (_number, "a number above 0"),
    "absent": (lambda value: isinstance(value, bool), "true or false"),
    "pattern": (lambda value: isinstance(value, str), "a regular expression"),
    "text": (lambda value: isinstance(value, str) and value != "", "a text that is not empty"),
    "ignore_case": (lambda value: isinstance(value, bool), "true or false"),
    "equals": (_whole, "a whole number from 0"),
    "at_least": (_whole, "a whole number from 0"),
    "at_most": (_whole, "a whole number from 0"),
    "each_at_most": (_whole, "a whole number from 0"),
    "sorted": (lambda value: value is True, "true"),
    "numbered": (lambda value: value is True, "true"),
    "schema": (lambda value: isinstance(value, dict | bool), "a JSON schema, which is a table"),
    "fences": (lambda value: isinstance(value, bool) or value == "json", 'true, false or "json"'),
    "tool": (lambda value: isinstance(value, str) and value != "", "the name of a tool"),
    "every": (lambda value: isinstance(value, bool), "true or false"),
    "expected": (lambda value: isinstance(value, dict) and bool(value), "a table of files"),
    "unchanged": (lambda value: value is True, "true"),
    "without": (_texts, "a list of member names"),
    "argv": (_texts, "a list of texts: the command and its arguments"),
    "timeout": (_number, "a number of seconds above 0"),
}


def read_check(table: Mapping[str, object]) -> CheckSpec:
    """The check of one table; CheckSpecError with all of its faults."""
    named = table.get("kind")
    kinds = [kind.value for kind in CheckKind]
    if named not in kinds:
        raise CheckSpecError([f"kind {named!r} is not a check; the kinds are {', '.join(kinds)}{_meant(named, kinds)}"])
    kind = CheckKind(str(named))
    faults = [*_unknown(kind, table), *_missing(kind, table), *_wrong(table)]
    if faults:
        raise CheckSpecError(faults)
    values = {name: _frozen(value) for name, value in table.items() if name not in {"kind", "name", "schema", "expected"}}
    whole = {name: table[name] for name in ("schema", "expected") if name in table}
    return CheckSpec(kind=kind, name=str(table.get("name") or _plain_name(kind, table)), **values, **whole)  # type: ignore[arg-type] # _TYPES held each value to its type


def check_table(spec: CheckSpec) -> dict[str, object]:
    """The table that `read_check` reads as this check; it can be written as JSON."""
    plain = CheckSpec(kind=spec.kind, name=spec.name)
    members = {name: getattr(spec, name) for name in (*sorted(MEMBERS[spec.kind]), "points")}
    changed = {name: value for name, value in members.items() if value != getattr(plain, name)}
    listed = {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}
    return {"kind": spec.kind.value, "name": spec.name, **listed}


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _unknown(kind: CheckKind, table: Mapping[str, object]) -> list[str]:
    known = sorted(MEMBERS[kind] | _COMMON)
    return [
        f"{kind}: {name!r} is not a member of this check; it has {', '.join(known)}{_meant(name, known)}"
        for name in table
        if name not in known
    ]


def _missing(kind: CheckKind, table: Mapping[str, object]) -> list[str]:
    return [f"{kind}: {' or '.join(group)} is missing" for group in _NEEDS[kind] if not any(name in table for name in group)]


def _wrong(table: Mapping[str, object]) -> list[str]:
    found = [
        f"{table['kind']}: {name} is {_TYPES[name][1]}, got {value!r}"
        for name, value in table.items()
        if name in _TYPES and not _TYPES[name][0](value)
    ]
    pattern = table.get("pattern")
    if isinstance(pattern, str):
        try:
            checked(pattern)
        except ValueError as fault:
            found.append(f"{table['kind']}: {fault}")
    return found


def _meant(name: object, known: Sequence[str]) -> str:
    close = get_close_matches(str(name), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _plain_name(kind: CheckKind, table: Mapping[str, object]) -> str:
    """What a check is called that has no name: its kind, with what it counts to or looks for."""
    parts = [f"{name} {table[name]}" for name in ("equals", "at_least", "at_most", "each_at_most") if name in table]
    parts += [name for name in ("sorted", "numbered", "unchanged") if name in table]
    parts += [repr(table[name]) for name in ("text", "pattern", "tool") if name in table]
    return " ".join((kind.value, *parts))
