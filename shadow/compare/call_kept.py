"""Whether the provider calls a tool where the reference does, or puts a question to the user instead."""

from __future__ import annotations

from shadow.compare.refusals import refuses
from shadow.compare.tool_calls import NO_TOOLS
from shadow.findings.comparability import first_choices, is_cut, side_names
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_comparable, not_measured
from shadow.findings.pair import Pair
from shadow.measures import answer_action as act
from shadow.measures.ask_back import asks_back
from shadow.reading.completion import Choice


def call_kept(pair: Pair) -> Finding:
    """Of the requests where the reference calls a tool, whether the provider does: the strongest one-sided tool signal."""
    one, other = first_choices(pair)
    if not act.calls_tool(other):
        return not_measured(Signal.CALL_KEPT, "the reference calls no tool" if pair.request.tools else NO_TOOLS)
    if is_cut(one) and not act.calls_tool(one):
        return not_comparable(Signal.CALL_KEPT, f"{side_names(pair)[0]} ended by a limit on length before any call")
    wanted = ", ".join(act.called_tools(other))
    reason = f"{side_names(pair)[1]} calls {wanted}, {side_names(pair)[0]} gives {act.action_label(one)}"
    return match_or_differ(Signal.CALL_KEPT, act.calls_tool(one), act.action_label(one), act.action_label(other), reason)


def ask_back(pair: Pair) -> Finding:
    """Whether one response asks the user back where the other one calls a tool: tools are offered, and at least one side calls
    one.
    """
    one, other = first_choices(pair)
    if not pair.request.tools:
        return not_measured(Signal.ASK_BACK, NO_TOOLS)
    if not (act.calls_tool(one) or act.calls_tool(other)):
        return not_measured(Signal.ASK_BACK, "neither answer calls a tool")
    asks = [_asks_back(choice) for choice in (one, other)]
    who = side_names(pair)[0 if asks[0] else 1]
    return match_or_differ(
        Signal.ASK_BACK, not any(asks), _step(one), _step(other), f"{who} asks back, the other answer calls a tool"
    )


def _asks_back(choice: Choice) -> bool:
    return not act.calls_tool(choice) and not is_cut(choice) and asks_back(choice.text or "")


def _step(choice: Choice) -> str:
    """What the answer does next, in one word."""
    if act.calls_tool(choice):
        return "acts"
    if is_cut(choice):
        return "is cut"
    if refuses(choice):
        return "refuses"
    if choice.withheld:
        return "is filtered"
    return "asks back" if _asks_back(choice) else "answers"
