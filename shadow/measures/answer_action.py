"""What an answer does, as labels: which tools it calls, with which arguments, or whether it writes, refuses or is cut."""

from __future__ import annotations

from contextlib import suppress

from shadow.findings.comparability import is_cut
from shadow.measures import json_values
from shadow.reading.completion import Choice, ToolCall

MOST_CALLS = 256
"""Tool calls of one answer up to which their arguments are compared and validated: ten thousand took a worker seconds."""


def too_many_calls(choice: Choice) -> str:
    """Why the calls of an answer are not compared, "" where they are."""
    count = len(choice.tool_calls)
    return f"{count:,} calls in one answer: more than {MOST_CALLS} are not compared or validated" if count > MOST_CALLS else ""


def forces_call(tool_choice: object) -> bool:
    """True when the request demands a call: `required`, or a named tool."""
    return tool_choice == "required" or isinstance(tool_choice, dict)


def action_label(choice: Choice) -> str:
    """The whole of an answer's action in one label: the set of tool names, or `refusal`, `filtered`, `is_cut`, `text`, `nothing`.

    `filtered` is what a filter on content withheld: the server refuses there, not the model.
    """
    if is_cut(choice):
        return "cut"
    if choice.tool_calls:
        return "tools:" + ",".join(sorted({call.name for call in choice.tool_calls}))
    if fills_refusal(choice):
        return "refusal"
    if choice.withheld:
        return "filtered"
    return "text" if (choice.text or "").strip() else "nothing"


def fills_refusal(choice: Choice) -> bool:
    """True when the refusal field is filled; a refusal written as ordinary text is not recognised."""
    return bool((choice.refusal or "").strip())


def calls_tool(choice: Choice) -> bool:
    """True when the answer calls at least one tool."""
    return bool(choice.tool_calls)


def called_tools(choice: Choice) -> tuple[str, ...]:
    """The tools called, in the order of their calls."""
    return tuple(call.name for call in choice.tool_calls)


def arguments_meaning(call: ToolCall) -> str:
    """The arguments of a call as one text for each meaning; as sent, when they are not JSON or nested too deep."""
    if call.invalid:
        return f"not JSON: {call.arguments}"
    try:
        return json_values.canonical(call.parsed)
    except RecursionError:
        return f"as sent: {call.arguments}"


def same_call_arguments(one: ToolCall, other: ToolCall) -> bool:
    """Whether the arguments of two calls mean the same: whether they are of one `arguments_meaning`."""
    if not one.invalid and not other.invalid:
        with suppress(RecursionError):
            return json_values.same_meaning(one.parsed, other.parsed)
    return arguments_meaning(one) == arguments_meaning(other)


def call_arguments(choice: Choice) -> tuple[tuple[str, str], ...]:
    """All calls as (name, meaning of the arguments), sorted: the order of parallel calls is no difference here."""
    return tuple(sorted((call.name, arguments_meaning(call)) for call in choice.tool_calls))


def same_arguments(one: Choice, other: Choice) -> bool:
    """Whether the `call_arguments` of two answers are equal; without serialising them where each makes one call, or one makes
    more.
    """
    if len(one.tool_calls) != len(other.tool_calls):
        return False
    if len(one.tool_calls) == 1:
        mine, its = one.tool_calls[0], other.tool_calls[0]
        return mine.name == its.name and same_call_arguments(mine, its)
    return call_arguments(one) == call_arguments(other)
