"""What the provider does where the reference acts: keeps the call, asks back instead, refuses, or is cut."""

from __future__ import annotations

from shadow.compare.tool_names import NO_TOOLS
from shadow.findings.comparability import choices, cut, names
from shadow.findings.finding import Finding, Signal
from shadow.findings.outcomes import incomparable, judged, unmeasured
from shadow.findings.pair import Pair
from shadow.measures import answer_action as act
from shadow.measures.ask_back import asks_back
from shadow.measures.refusal import refuses_in_words
from shadow.reading.completion import Choice

TRIGGERED = "tool_calls"


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


def finish_trigger(pair: Pair) -> Finding:
    """The vendor verifiers' trigger: `finish_reason` is "tool_calls" and nothing else counts; kept beside our own definition."""
    if not pair.request.tools:
        return unmeasured(Signal.FINISH_TRIGGER, NO_TOOLS)
    one, other = (choice.finish_reason == TRIGGERED for choice in choices(pair))
    who = names(pair)[0 if one else 1]
    first, second = (choice.finish_reason or "none" for choice in choices(pair))
    return judged(Signal.FINISH_TRIGGER, one == other, first, second, f"only {who} ends with {TRIGGERED}")


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


def refuses(choice: Choice) -> bool:
    """True when the refusal field is filled, or the text refuses by rule; an answer that calls a tool does not."""
    return not act.calls(choice) and (act.refuses(choice) or refuses_in_words(choice.text or ""))


def refusal_in_words(pair: Pair) -> Finding:
    """Whether one side alone refuses, in its refusal field or, by rule, in its words."""
    one, other = (refuses(choice) for choice in choices(pair))
    who = names(pair)[0 if one else 1]
    first, second = ("refuses" if refused else "does not refuse" for refused in (one, other))
    return judged(Signal.REFUSAL_WORDS, one == other, first, second, f"only {who} refuses, by the rule on its words")


def truncation(pair: Pair) -> Finding:
    """Whether one side alone was ended by a limit on length; both were given the same one."""
    one, other = (cut(choice) for choice in choices(pair))
    who = names(pair)[0 if one else 1]
    limit = f"max_tokens {pair.request.max_tokens}" if pair.request.max_tokens else "its own limit, as the request sets none"
    first, second = ("cut" if ended else "not cut" for ended in (one, other))
    return judged(Signal.TRUNCATION, one == other, first, second, f"only {who} is ended by a limit on length ({limit})")
