"""Whether the provider calls a tool where the reference does, or asks back instead."""

from __future__ import annotations

from shadow.compare.refusals import refuses
from shadow.compare.tool_calls import NO_TOOLS
from shadow.findings.comparability import choices, cut, names
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import incomparable, judged, unmeasured
from shadow.findings.pair import Pair
from shadow.measures import answer_action as act
from shadow.measures.ask_back import asks_back
from shadow.reading.completion import Choice


def call_kept(pair: Pair) -> Finding:
    """Of the requests where the reference calls a tool, whether the provider does: the strongest one-sided tool signal."""
    one, other = choices(pair)
    if not act.calls(other):
        return unmeasured(Signal.CALL_KEPT, "the reference calls no tool" if pair.request.tools else NO_TOOLS)
    if cut(one) and not act.calls(one):
        return incomparable(Signal.CALL_KEPT, f"{names(pair)[0]} ended by a limit on length before any call")
    wanted = ", ".join(act.tool_names(other))
    reason = f"{names(pair)[1]} calls {wanted}, {names(pair)[0]} gives {act.action(one)}"
    return judged(Signal.CALL_KEPT, act.calls(one), act.action(one), act.action(other), reason)


def ask_back(pair: Pair) -> Finding:
    """Whether an answer asks its reader back where the other one acts: tools are offered, and at least one side calls one."""
    one, other = choices(pair)
    if not pair.request.tools:
        return unmeasured(Signal.ASK_BACK, NO_TOOLS)
    if not (act.calls(one) or act.calls(other)):
        return unmeasured(Signal.ASK_BACK, "neither answer calls a tool")
    asks = [_asks(choice) for choice in (one, other)]
    who = names(pair)[0 if asks[0] else 1]
    return judged(Signal.ASK_BACK, not any(asks), _step(one), _step(other), f"{who} asks back, the other answer calls a tool")


def _asks(choice: Choice) -> bool:
    return not act.calls(choice) and not cut(choice) and asks_back(choice.text or "")


def _step(choice: Choice) -> str:
    """What the answer does next, in one word."""
    if act.calls(choice):
        return "acts"
    if cut(choice):
        return "is cut"
    if refuses(choice):
        return "refuses"
    if choice.withheld:
        return "is filtered"
    return "asks back" if _asks(choice) else "answers"
