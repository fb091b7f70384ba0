"""What an answer does, as labels: which tools it calls, with which arguments, or whether it writes, refuses or is cut."""

from __future__ import annotations

from contextlib import suppress

from shadow.findings.comparability import cut
from shadow.measures import json_values
from shadow.reading.completion import Choice, ToolCall


def forced(tool_choice: object) -> bool:
    """True when the request demands a call: `required`, or a named tool."""
    return tool_choice == "required" or isinstance(tool_choice, dict)


def action(choice: Choice) -> str:
    """The whole of an answer's action in one label: the set of tool names, or `refusal`, `filtered`, `cut`, `text`, `nothing`.

    `filtered` is what a filter on content withheld: the server refuses there, not the model.
    """
    if cut(choice):
        return "cut"
    if choice.tool_calls:
        return "tools:" + ",".join(sorted({call.name for call in choice.tool_calls}))
    if refuses(choice):
        return "refusal"
    if choice.withheld:
        return "filtered"
    return "text" if (choice.text or "").strip() else "nothing"


def refuses(choice: Choice) -> bool:
    """True when the refusal field is filled; a refusal written as ordinary text is not recognised."""
    return bool((choice.refusal or "").strip())


def calls(choice: Choice) -> bool:
    """True when the answer calls at least one tool."""
    return bool(choice.tool_calls)


def tool_names(choice: Choice) -> tuple[str, ...]:
    """The tools called, in the order of their calls."""
    return tuple(call.name for call in choice.tool_calls)


def meaning(call: ToolCall) -> str:
    """The arguments of a call as one text for each meaning; as sent, when they are not JSON or nested too deep."""
    if call.invalid:
        return f"not JSON: {call.arguments}"
    try:
        return json_values.canonical(call.parsed)
    except RecursionError:
        return f"as sent: {call.arguments}"


def alike(one: ToolCall, other: ToolCall) -> bool:
    """Whether the arguments of two calls mean the same: whether they are of one `meaning`."""
    if not one.invalid and not other.invalid:
        with suppress(RecursionError):
            return json_values.alike(one.parsed, other.parsed)
    return meaning(one) == meaning(other)


def arguments(choice: Choice) -> tuple[tuple[str, str], ...]:
    """All calls as (name, meaning of the arguments), sorted: the order of parallel calls is no difference here."""
    return tuple(sorted((call.name, meaning(call)) for call in choice.tool_calls))


def same_arguments(one: Choice, other: Choice) -> bool:
    """Whether the `arguments` of two answers are equal; told without writing them where each makes one call."""
    if len(one.tool_calls) == len(other.tool_calls) == 1:
        mine, its = one.tool_calls[0], other.tool_calls[0]
        return mine.name == its.name and alike(mine, its)
    return arguments(one) == arguments(other)
