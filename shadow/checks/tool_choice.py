"""tool_choice and parallel_tool_calls: whether a response obeys what its request sets about calling tools."""

from __future__ import annotations

from collections.abc import Mapping

from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured, short
from shadow.measures.answer_action import fills_refusal
from shadow.reading.completion import Choice, Completion
from shadow.reading.parsed_request import ParsedRequest

_TOOL_CHOICE = Signal.TOOL_CHOICE
_PARALLEL_CALLS = Signal.PARALLEL_CALLS
PARALLEL_ALLOWED = "the request does not forbid parallel calls"
FREE = "the request leaves the choice of tools free"
_MUST = frozenset({"required", "any"})


def tool_choice(request: ParsedRequest, completion: Completion) -> Finding:
    """`none` brings no call, `required` one at least, a named tool calls of that tool, `allowed_tools` none but theirs."""
    choice, first = request.tool_choice, completion.first
    if choice is None or choice == "auto":
        return not_measured(_TOOL_CHOICE, FREE)
    named = _named(choice)
    called = [call.name for call in first.tool_calls]
    must = bool(named) or choice in _MUST if isinstance(choice, str) else bool(named) or _mode(choice) in _MUST
    allowed = frozenset({named}) if named else _allowed(choice)
    if choice != "none" and not must and not allowed:
        return not_measured(_TOOL_CHOICE, FREE)
    shown = named or (choice if isinstance(choice, str) else "allowed_tools")
    if must and not called:
        return _nothing(shown, first)
    if choice == "none" and called:
        return match_or_differ(_TOOL_CHOICE, False, short(called[0], 60), "none", f"tool_choice is none, and {_few(called)} came")
    other = [name for name in called if allowed and name not in allowed]
    reason = f"tool_choice allows {_few(sorted(allowed))}, and {_few(other)} came"
    return match_or_differ(_TOOL_CHOICE, not other, _few(called), shown, reason)


def _nothing(shown: str, first: Choice) -> Finding:
    if first.served:
        return not_measured(_TOOL_CHOICE, f"no call came, but the server ran a tool of its own ({', '.join(first.served)})")
    if first.ended in {"length", "content_filter"} or fills_refusal(first):
        return not_measured(_TOOL_CHOICE, f"no call came, but the answer was ended by {first.finish_reason or 'a refusal'}")
    return match_or_differ(_TOOL_CHOICE, False, "no call", shown, f"tool_choice is {short(shown, 60)}, and no call came")


def _named(choice: object) -> str:
    """The one tool that a request names; the older `function_call` names it without a type."""
    if not isinstance(choice, dict):
        return ""
    for inner in (choice.get("function"), choice.get("custom"), choice):
        name = inner.get("name") if isinstance(inner, dict) else None
        if isinstance(name, str) and name:
            return name
    return ""


def _mode(choice: object) -> str:
    mode = _inner(choice).get("mode")
    return mode if isinstance(mode, str) else ""


def _allowed(choice: object) -> frozenset[str]:
    tools = _inner(choice).get("tools")
    return frozenset(filter(None, map(_named, tools))) if isinstance(tools, list) else frozenset()


def _inner(choice: object) -> Mapping[str, object]:
    """What stands in `allowed_tools`, or beside its type where a server takes it flat."""
    inner = choice.get("allowed_tools", choice) if isinstance(choice, dict) else None
    return inner if isinstance(inner, dict) else {}


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(short(name, 60) for name in names[:3]) + more


def parallel_calls(request: ParsedRequest, completion: Completion) -> Finding:
    """`parallel_tool_calls: false` brings one call at most."""
    count = len(completion.first.tool_calls)
    if request.body.get("parallel_tool_calls") is not False:
        return not_measured(_PARALLEL_CALLS, PARALLEL_ALLOWED)
    if not count:
        return not_measured(_PARALLEL_CALLS, "the answer calls no tool")
    if count == 1 and completion.first.ended == "length":
        return not_measured(_PARALLEL_CALLS, "the answer was ended by length before a second call could come")
    return match_or_differ(_PARALLEL_CALLS, count == 1, count, 1, f"parallel_tool_calls is false, and {count} calls came")
