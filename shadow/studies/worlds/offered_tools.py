"""Converts the tools of MCP servers to the `tools` member of a chat request, and reports each alteration.

Every provider gets the same bytes. Rules of OpenAI's function tools: an object schema has `properties`; at most 128 tools.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shadow.studies.worlds.tool_names import ToolKey, function_names

MOST = 128
"""Tools that OpenAI's API accepts in one request; others accept more or fewer."""
_CHOICES = ("anyOf", "oneOf", "allOf")
_Changed = tuple[str, str, str]
"""A server, its tool, and what was changed of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTool:
    """One tool as its server lists it. `read_only` is the server's hint; `task` means that it can only be called as a task."""

    server: str
    name: str
    description: str
    schema: Mapping[str, object]
    read_only: bool
    task: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedTools:
    """The tools of a study: `functions` for the request, the server's tool of each function name, and what was altered."""

    functions: tuple[dict[str, object], ...]
    origins: Mapping[str, ToolKey]
    alterations: tuple[str, ...]


def offered_tools(
    listed: Sequence[ListedTool], *, hide: Mapping[str, Sequence[str]], inject: Mapping[str, Mapping[str, object]]
) -> OfferedTools:
    """The tools to offer. `hide` and `inject` are by server: tools left out, and arguments that the model does not see."""
    changed: list[_Changed] = []
    kept = _kept(listed, hide, changed)
    names = function_names((tool.server, tool.name) for tool in kept)
    changed += [(server, tool, f"is offered as {name!r}") for (server, tool), name in names.items() if name != tool]
    functions: list[dict[str, object]] = []
    for tool in kept:
        parameters, changes = request_schema(tool.schema, without=frozenset(inject.get(tool.server, {})))
        changed += [(tool.server, tool.name, change) for change in changes]
        function = {"name": names[tool.server, tool.name], "description": tool.description, "parameters": parameters}
        functions.append({"type": "function", "function": function})
    return OfferedTools(
        functions=tuple(functions),
        origins={name: key for key, name in names.items()},
        alterations=(*_sentences(changed), *_too_many(len(functions))),
    )


def _too_many(count: int) -> tuple[str, ...]:
    return (f"{count} tools are offered: some APIs accept {MOST} at most",) if count > MOST else ()


def _sentences(changed: Sequence[_Changed]) -> tuple[str, ...]:
    """One sentence for each change of a server's tools, in the order in which they were first made."""
    tools: dict[tuple[str, str], list[str]] = {}
    for server, tool, change in changed:
        tools.setdefault((server, change), []).append(tool)
    return tuple(f"{server}: {_named(names)}: {change}" for (server, change), names in tools.items())


def _named(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) if len(names) <= 3 else f"{len(names)} tools"


def _kept(listed: Sequence[ListedTool], hide: Mapping[str, Sequence[str]], changed: list[_Changed]) -> list[ListedTool]:
    seen: dict[ToolKey, ListedTool] = {}
    for tool in listed:
        if tool.name in hide.get(tool.server, ()):
            changed.append((tool.server, tool.name, "hidden by the task"))
        elif tool.task:
            changed.append((tool.server, tool.name, "hidden: it can only be called as a task"))
        elif (tool.server, tool.name) in seen:
            changed.append((tool.server, tool.name, "listed twice; the first is offered"))
        else:
            seen[tool.server, tool.name] = tool
    return list(seen.values())


def request_schema(schema: Mapping[str, object], *, without: frozenset[str] = frozenset()) -> tuple[dict[str, object], list[str]]:
    """A tool's input schema as `parameters`, without the members that the study fills in, and a phrase for each alteration."""
    made = dict(schema)
    changes: list[str] = []
    if made.pop("$schema", None) is not None:
        changes.append("$schema left out")
    if made.get("type") != "object":
        made = {**made, "type": "object"}
        changes.append('its schema gets "type": "object"')
    if not isinstance(made.get("properties"), Mapping):
        made = {**made, "properties": {}}
        changes.append('its schema gets "properties": {}')
    changes += [f"{choice} at the top of its schema kept: some APIs refuse it" for choice in _CHOICES if choice in made]
    return _without(made, without, changes), changes


def _without(schema: dict[str, object], names: frozenset[str], changes: list[str]) -> dict[str, object]:
    properties, required = schema["properties"], schema.get("required")
    assert isinstance(properties, Mapping)
    hidden = sorted(names & properties.keys())
    if not hidden:
        return schema
    changes += [f"argument {name!r} filled in by the study" for name in hidden]
    made = {**schema, "properties": {name: value for name, value in properties.items() if name not in names}}
    if isinstance(required, list):
        made["required"] = [name for name in required if name not in names]
    return made
