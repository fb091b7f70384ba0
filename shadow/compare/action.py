"""What an answer does, as labels: which tools it calls, with which arguments, or whether it writes, refuses or is cut."""

from __future__ import annotations

from shadow.compare.gate import cut
from shadow.compare.values import canonical
from shadow.reading.completion import Choice, ToolCall


def action(choice: Choice) -> str:
    """The whole of an answer's action in one label: the set of tool names, or `refusal`, `cut`, `text`, `nothing`."""
    if cut(choice):
        return "cut"
    if choice.tool_calls:
        return "tools:" + ",".join(sorted({call.name for call in choice.tool_calls}))
    if refuses(choice):
        return "refusal"
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
        return canonical(call.parsed)
    except RecursionError:
        return f"as sent: {call.arguments}"


def arguments(choice: Choice) -> tuple[tuple[str, str], ...]:
    """All calls as (name, meaning of the arguments), sorted: the order of parallel calls is no difference here."""
    return tuple(sorted((call.name, meaning(call)) for call in choice.tool_calls))
