"""Whether the arguments of a call are valid by the schema that the request itself declared; nothing is ever fetched for that.

A schema comes from the client's request, so it is treated as hostile: retrieval is off, patterns run on an engine of linear time,
the steps are counted before they are taken, and a schema that is absent, too costly, or that no validator can be built from,
gives `valid` with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import orjson

from shadow.findings.comparability import cut_reason, first_choices, side_names
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_comparable, not_measured, short
from shadow.findings.pair import Pair
from shadow.measures.answer_action import MOST_CALLS, too_many_calls
from shadow.measures.schema_cost import SchemaCost, TooCostlySchemaError, weight
from shadow.reading.completion import Choice, Completion, ToolCall
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse
from shadow.reading.responses_items import CLIENT_ACTIONS
from shadow.reading.responses_request import ELSEWHERE

OUTCOMES = VALID, INVALID_JSON, UNKNOWN_NAME, SCHEMA_MISMATCH = "valid", "invalid_json", "unknown_name", "schema_mismatch"
"""The classes of a call."""

_SETS = ("_toolset", "tool_search", "mcp")
"""Parts of the types of tools that bring other tools."""
KEPT = 256
"""Compiled schemas kept; an application offers the same few tools over and over."""
DESCRIBED = 100_000
"""Steps of a validation times parts of its value up to which a violation among alternatives is described in full, about 0.1 s."""
PATTERN = 256 * 1024
"""Bytes of one compiled pattern."""

CallValidity = tuple[str, str]
"""The class of a call, and why."""


class Validator(Protocol):
    """The interface of a compiled schema."""

    def is_valid(self, instance: Any) -> bool:
        """Whether it is valid, without a reason."""

    def validate(self, instance: Any) -> None:
        """Nothing when valid; jsonschema_rs.ValidationError when not."""


class CompiledSchema(NamedTuple):
    """A schema ready for validation, and what that may cost."""

    validator: Validator
    survey: SchemaCost


def call_validity(request: ParsedRequest, call: ToolCall) -> CallValidity:
    """The class of one call (valid, invalid_json, unknown_name, schema_mismatch) and why.

    `valid` with a reason means that nothing could be checked, and why.
    """
    if call.sealed:
        return VALID, f"not checked: the arguments of {short(call.name, 60)} are sealed"
    if call.invalid:
        return INVALID_JSON, f"the arguments of {short(call.name, 60)} are not JSON: {call.invalid}"
    tool = next((tool for tool in request.tools if tool.name == call.name), None)
    if tool is None and request.api == "responses" and call.name in CLIENT_ACTIONS:
        return VALID, f"not checked: {call.name} is a call that the API defines"
    if tool is None and _offers_a_set(request):
        return VALID, f"not checked: {short(call.name, 60)} may be one of a set of tools that a request does not list"
    if tool is None:
        known = ", ".join(tool.name for tool in request.tools) or "none"
        return UNKNOWN_NAME, f"{short(call.name, 60)!r} is not among the offered tools ({short(known)})"
    if tool.schema is None:
        return VALID, f"not checked: {call.name} declares no schema"
    could, why = validate(tool.schema, call.parsed)
    if could:
        return (SCHEMA_MISMATCH, short(f"{call.name}{why}", 300)) if why else (VALID, "")
    return VALID, short(f"not checked: {call.name}: {why}", 300)


def _offers_a_set(request: ParsedRequest) -> bool:
    """Whether a tool stands for several that a request need not list: a toolset, a search for tools, an MCP server.

    A request that goes on from one that the server keeps may have offered its tools there.
    """
    if any(request.sent.get(key) for key in ELSEWHERE) or request.sent.get("mcp_servers"):
        return True
    tools = request.sent.get("tools")
    kinds = [tool.get("type") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return any(isinstance(kind, str) and any(word in kind for word in _SETS) for kind in kinds)


def validate(schema: Any, value: Any) -> tuple[bool, str]:
    """A value checked against a schema: whether that could be done, and what is wrong with the value (or with the schema, if
    not).
    """
    try:
        built = _compiled(_written(schema))
        if isinstance(built, str):
            return False, built
        steps = built.survey.steps(value)
    except RecursionError:
        return False, "the schema is of no use: it is nested too deep"
    except TooCostlySchemaError as fault:
        return False, str(fault)
    return _held(built, value, steps * weight(value))


def _held(built: CompiledSchema, value: Any, dear: float) -> tuple[bool, str]:
    """`dear` is what describing a violation may cost where there are alternatives: each is described with all of its value."""
    import jsonschema_rs  # noqa: PLC0415 - 4 MiB that only calls with a schema need

    try:
        if built.survey.alternatives and dear > DESCRIBED and not built.validator.is_valid(value):
            return True, ": it does not fit (locating the fault would be too costly)"
        built.validator.validate(value)
    except jsonschema_rs.ValidationError as fault:
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault.instance_path)
        return True, short(f"{path}: {fault.message}", 300)
    except (ValueError, RecursionError) as fault:
        return False, short(f"the value cannot be validated: {fault}", 300)
    return True, ""


def _written(schema: Any) -> str:
    """One text for each schema. The quick writer takes what is no number for null, and refuses what other JSON may hold."""
    try:
        text = orjson.dumps(schema, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        text = b"null"
    return json.dumps(schema, sort_keys=True, separators=(",", ":")) if b"null" in text else text.decode()


@lru_cache(maxsize=KEPT)
def _compiled(schema: str) -> CompiledSchema | str:
    """A schema ready for use, or why it is not: pure in its text, so the bounded cache holds no visible state.

    `$schema` names the dialect, else it is 2020-12.
    """
    import jsonschema_rs  # noqa: PLC0415 - 4 MiB that only calls with a schema need

    try:
        options = jsonschema_rs.RegexOptions(size_limit=PATTERN)
        loaded = json.loads(schema)
        return CompiledSchema(jsonschema_rs.validator_for(loaded, offline=True, pattern_options=options), SchemaCost(loaded))
    except TooCostlySchemaError as fault:
        return str(fault)
    except (ValueError, RecursionError) as fault:
        return "the schema is of no use: " + short(str(fault).partition("\n")[0])


def schema(pair: Pair) -> Finding:
    """Whether the calls obey their schemas, where both answers call: only a fault that the other does not share differs."""
    one, other = first_choices(pair)
    if not (one.tool_calls and other.tool_calls):
        return _not_both(pair, one, other)
    if reason := cut_reason(pair):
        return not_comparable(Signal.VALID_CALLS, reason)
    if reason := too_many_calls(one) or too_many_calls(other):
        return not_comparable(Signal.VALID_CALLS, reason)
    mine, its = call_validities(pair.request, one), call_validities(pair.request, other)
    (first, why_first), (second, why_second) = _worst(mine), _worst(its)
    if not (_checked(mine) or _checked(its)):
        return not_measured(Signal.VALID_CALLS, why_first or why_second)
    same = (first == VALID) == (second == VALID)
    who = side_names(pair)[1 if first == VALID else 0]
    return match_or_differ(Signal.VALID_CALLS, same, first, second, f"only {who}: {why_second if first == VALID else why_first}")


def _not_both(pair: Pair, one: Choice, other: Choice) -> Finding:
    if one.tool_calls or other.tool_calls:
        return not_comparable(Signal.VALID_CALLS, f"only {side_names(pair)[0 if one.tool_calls else 1]} calls a tool")
    return not_measured(Signal.VALID_CALLS, "neither answer calls a tool")


def call_validities(request: ParsedRequest, choice: Choice) -> list[CallValidity]:
    """The class of each call, and why; those after the first `MOST_CALLS` are not checked."""
    checked = [call_validity(request, call) for call in choice.tool_calls[:MOST_CALLS]]
    rest = len(choice.tool_calls) - len(checked)
    return [*checked, *[(VALID, f"not checked: {too_many_calls(choice)}")] * rest]


def call_kinds(request: ParsedRequest, response: ParsedResponse) -> list[str]:
    """The class of each call of a response; none of one that holds no completion."""
    completion = response.completion
    if not isinstance(completion, Completion) or not completion.first.tool_calls:
        return []
    return [kind for kind, _ in call_validities(request, completion.first)]


def worst_validity(request: ParsedRequest, choice: Choice) -> tuple[str, str]:
    """The first faulty call's class and reason; else `valid`, with the reason of a call that could not be checked, if any."""
    return _worst(call_validities(request, choice))


def _worst(found: Sequence[CallValidity]) -> CallValidity:
    faults = [one for one in found if one[0] != VALID]
    return faults[0] if faults else max(found, key=lambda one: bool(one[1]), default=(VALID, ""))


def any_call_checked(request: ParsedRequest, choice: Choice) -> bool:
    """True when at least one call was found faulty, or was held to its schema and found valid."""
    return _checked(call_validities(request, choice))


def _checked(found: Sequence[CallValidity]) -> bool:
    return any(kind != VALID or not why for kind, why in found)
