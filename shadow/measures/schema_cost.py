"""Survey.steps(): the most steps that a validator takes for a value, counted before it runs; pure, and itself bounded.

A schema of 2 KB whose references double from level to level keeps any validator busy for hours. Its paths are many but its
subschemas are few, so the paths are counted without walking them: once for each pair of a subschema and a part of the value. A
validation that would take too many steps, or whose steps cannot be counted, does not run. Keywords are those of JSON Schema
2020-12 and before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

STEPS = 2_000_000
"""Steps of a validation; a tenth of a second at the most."""
PLACES = 30_000
"""Pairs of a subschema and a part of a value that are looked at to count them."""
SUBSCHEMAS = 10_000
"""Subschemas of one schema."""
DEEPEST = 150
"""Levels of subschemas within one another, references among them."""
CHARACTERS = 16
"""Characters of a text that are one step of a pattern's one state."""
MARKING = 100
"""Steps that a step under `unevaluatedProperties` or `unevaluatedItems` counts as, because it records what was evaluated."""
TOO_COSTLY = "the schema is too costly"
_COUNTED_UP = ("$dynamicRef", "$recursiveRef", "$id")
"""What makes the target of a reference depend on the way to it."""


class TooCostlySchemaError(Exception):
    """More steps than the limit, or too many to count; its text is the reason."""


class _Node:
    """A subschema: the steps that it takes itself, and the subschemas that it holds a value, or parts of it, to."""

    __slots__ = ("first", "here", "items", "marks", "names", "own", "patterns", "props", "rest", "texts", "unique")

    def __init__(self) -> None:
        self.own, self.texts = 1, 0
        self.unique = self.marks = False
        self.here: list[_Node] = []
        self.props: dict[str, _Node] = {}
        self.patterns: list[_Node] = []
        self.rest: list[_Node] = []
        self.names: list[_Node] = []
        self.first: list[_Node] = []
        self.items: list[_Node] = []

    def below(self) -> Iterator[_Node]:
        """Every subschema that it leads to."""
        for held in (self.here, self.patterns, self.rest, self.names, self.first, self.items):
            yield from held
        yield from self.props.values()


class SchemaCost:
    """What a schema may cost; TooCostlyError where that cannot be known."""

    def __init__(self, schema: Any) -> None:
        self._root = schema
        self._known: dict[int, _Node] = {}
        self._waiting: list[tuple[_Node, dict[str, Any]]] = []
        self.alternatives = False
        """True where an error may be reported once for each alternative."""
        self._factor = 1
        first = self._node(schema)
        while self._waiting:
            self._fill(*self._waiting.pop())
        self._first = first
        self._expanded: dict[int, float] = {}
        self._marks: dict[int, float] = {}
        self._size = self._expand(first, 0) * self._factor

    def steps(self, value: Any) -> float:
        """The steps that validating `value` takes at most; TooCostlyError beyond `STEPS`."""
        simple = self._size * weight(value)
        return simple if simple <= STEPS else _Walk(STEPS / self._factor).visit(self._first, value, 0) * self._factor

    def _node(self, schema: Any) -> _Node:
        known = self._known.get(id(schema))
        if known is None:
            known = _Node()
            self._known[id(schema)] = known
            if len(self._known) > SUBSCHEMAS:
                raise TooCostlySchemaError(f"{TOO_COSTLY}: more than {SUBSCHEMAS} subschemas")
            if isinstance(schema, dict):
                self._waiting.append((known, schema))
        return known

    def _fill(self, node: _Node, schema: dict[str, Any]) -> None:
        if any(isinstance(schema.get(name), str) for name in _COUNTED_UP if name != "$id" or schema is not self._root):
            raise TooCostlySchemaError(f"{TOO_COSTLY} to count: its references depend on the path to them")
        self._weigh(node, schema)
        if "$ref" in schema:
            node.here.append(self._node(self._target(schema["$ref"])))
        for name in ("allOf", "anyOf", "oneOf"):
            node.here += map(self._node, _list(schema.get(name)))
        for name in ("not", "if", "then", "else"):
            node.here += [self._node(schema[name])] if name in schema else []
        for name in ("dependentSchemas", "dependencies"):
            node.here += [self._node(each) for each in _map(schema.get(name)).values() if not isinstance(each, list)]
        node.props = {name: self._node(each) for name, each in _map(schema.get("properties")).items()}
        node.patterns = [self._node(each) for each in _map(schema.get("patternProperties")).values()]
        node.rest = [self._node(schema[name]) for name in ("additionalProperties", "unevaluatedProperties") if name in schema]
        node.names = [self._node(schema["propertyNames"])] if "propertyNames" in schema else []
        node.first = [self._node(each) for each in _list(schema.get("prefixItems")) or _list(schema.get("items"))]
        for name in ("items", "additionalItems", "unevaluatedItems", "contains"):
            node.items += [self._node(schema[name])] if isinstance(schema.get(name), (dict, bool)) else []

    def _weigh(self, node: _Node, schema: dict[str, Any]) -> None:
        self.alternatives |= "anyOf" in schema or "oneOf" in schema
        node.marks = "unevaluatedProperties" in schema or "unevaluatedItems" in schema
        self._factor = MARKING if node.marks else self._factor
        node.unique = schema.get("uniqueItems") is True
        node.own += len(_list(schema.get("required"))) + weight(schema.get("enum")) + weight(schema.get("const"))
        node.own += weight(schema.get("dependentRequired")) + weight(schema.get("dependencies"))
        patterns = [schema.get("pattern"), *_map(schema.get("patternProperties"))]
        node.own += sum(len(pattern) for pattern in patterns if isinstance(pattern, str))
        node.texts = 1 + sum(states(pattern) for pattern in patterns if isinstance(pattern, str))

    def _target(self, reference: Any) -> Any:
        """The target of a reference within the schema; the validator refuses one that leads elsewhere, or nowhere."""
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            raise TooCostlySchemaError(f"{TOO_COSTLY} to count: a reference other than #/...")
        at = self._root
        for step in unquote(reference[2:]).split("/") if reference != "#" else ():
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(at, list):
                at = at[int(name)] if name.isdecimal() and int(name) < len(at) else None
            else:
                at = at.get(name) if isinstance(at, dict) else None
        return at

    def _expand(self, node: _Node, depth: int) -> float:
        """The steps of a value of one part: each subschema as often as there are ways to it, inf where one holds itself."""
        known = self._expanded.get(id(node))
        if known is None:
            _not_too_deep(depth)
            self._expanded[id(node)] = float("inf")
            known = node.own + node.texts + sum(self._expand(below, depth + 1) for below in node.below())
            if node.marks:
                known += sum(self._marked(below, depth + 1) for below in node.here)
            self._expanded[id(node)] = known
        return known

    def _marked(self, node: _Node, depth: int) -> float:
        """The steps of finding what one of the subschemas here has evaluated: each is run, with its own subschemas again."""
        known = self._marks.get(id(node))
        if known is None:
            _not_too_deep(depth)
            self._marks[id(node)] = float("inf")
            known = self._expand(node, depth) + sum(self._marked(below, depth + 1) for below in node.here)
            self._marks[id(node)] = known
        return known


class _Walk:
    """Counts the steps for one value, pair by pair."""

    def __init__(self, most: float) -> None:
        self._most = most
        self._left = PLACES
        self._known: dict[tuple[int, int], float] = {}
        self._marks: dict[tuple[int, int], float] = {}
        self._weights: dict[int, int] = {}

    def visit(self, node: _Node, value: Any, depth: int) -> float:
        """The steps of checking `value` against a subschema."""
        key = (id(node), id(value))
        known = self._known.get(key)
        if known is None:
            _not_too_deep(depth)
            self._take(1 + len(node.here))
            self._known[key] = float("inf")
            known = self._own(node, value) + sum(self.visit(here, value, depth + 1) for here in node.here)
            known += sum(self.visit(below, part, depth + 1) for below, part in self._parts(node, value))
            if node.marks:
                known += sum(self._marked(here, value, depth + 1) for here in node.here)
            self._known[key] = known
        if known > self._most:
            raise TooCostlySchemaError(f"{TOO_COSTLY}: more than {STEPS:,} steps")
        return known

    def _marked(self, node: _Node, value: Any, depth: int) -> float:
        key = (id(node), id(value))
        if key not in self._marks:
            _not_too_deep(depth)
            self._take(1 + len(node.here))
            below = sum(self._marked(here, value, depth + 1) for here in node.here)
            self._marks[key] = self.visit(node, value, depth) + below
        return self._marks[key]

    def _own(self, node: _Node, value: Any) -> float:
        if isinstance(value, str):
            return node.own + node.texts * (len(value) // CHARACTERS)
        if isinstance(value, dict):
            return node.own + len(value) + node.texts * sum(len(name) // CHARACTERS + 1 for name in value if node.patterns)
        return node.own + (self._weight(value) if isinstance(value, list) and (node.unique or node.own > 1) else 0)

    def _weight(self, value: Any) -> int:
        if id(value) not in self._weights:
            self._weights[id(value)] = weight(value)
            self._take(self._weights[id(value)])
        return self._weights[id(value)]

    def _parts(self, node: _Node, value: Any) -> Iterator[tuple[_Node, Any]]:
        """Each part of a value, with each subschema that it is checked against."""
        if isinstance(value, dict) and (node.props or node.patterns or node.rest or node.names):
            self._take(len(value) * (1 + len(node.rest) + len(node.patterns) + len(node.names)))
            for name, part in value.items():
                held = [node.props[name]] if name in node.props else node.rest
                yield from ((each, part) for each in (*held, *node.patterns))
                yield from ((each, name) for each in node.names)
        elif isinstance(value, list) and (node.first or node.items):
            self._take(len(value) * (1 + len(node.items)))
            for place, part in enumerate(value):
                held = [node.first[place]] if place < len(node.first) else []
                yield from ((each, part) for each in (*held, *node.items))

    def _take(self, places: int) -> None:
        self._left -= places
        if self._left < 0:
            raise TooCostlySchemaError(f"{TOO_COSTLY} to count: more than {PLACES:,} places")


def weight(value: Any) -> int:
    """The parts of a value, and its characters by `CHARACTERS`; 0 for None."""
    total, waiting = 0, [value] if value is not None else []
    while waiting:
        part = waiting.pop()
        total += 1
        if isinstance(part, str):
            total += len(part) // CHARACTERS
        elif isinstance(part, dict):
            total += sum(len(name) // CHARACTERS for name in part)
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return total


def states(pattern: str) -> int:
    """About the number of states of a pattern's automaton: its characters times the counts of its repetitions."""
    found = len(pattern)
    for piece in pattern.split("{")[1:]:
        counts = [int(count) for count in piece.partition("}")[0].split(",") if count.isascii() and count.isdecimal()]
        found *= max(1, *counts) if counts else 1
        if found > STEPS:
            return STEPS
    return found


def _not_too_deep(depth: int) -> None:
    if depth > DEEPEST:
        raise TooCostlySchemaError(f"{TOO_COSTLY}: more than {DEEPEST} levels")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
