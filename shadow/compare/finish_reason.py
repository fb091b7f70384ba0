"""How the responses ended: by finish_reason, by the trigger of the vendor verifiers, or by a limit on length."""

from __future__ import annotations

from shadow.compare.tool_calls import NO_TOOLS
from shadow.findings.comparability import choices, cut, names, why_cut
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import incomparable, judged, unmeasured
from shadow.findings.pair import Pair
from shadow.measures import answer_action as act


def finish_reason(pair: Pair) -> Finding:
    """How the answers ended, by what their words mean; that a word is none of the API is for `finish_vocabulary` to find.

    Left out where a limit cut one of them, and where a forced tool makes `stop` a convention.
    """
    one, other = choices(pair)
    for name, choice in zip(names(pair), (one, other), strict=True):
        if choice.finish_reason is None:
            return unmeasured(Signal.FINISH, f"{name} gives no finish_reason")
    if reason := why_cut(pair):
        return incomparable(Signal.FINISH, reason, one.finish_reason, other.finish_reason)
    same = one.ended == other.ended
    if not same and act.calls(one) and act.calls(other) and act.forced(pair.request.tool_choice):
        reason = "tool_choice forces a call: servers then end with `stop` or with `tool_calls`, both by convention"
        return incomparable(Signal.FINISH, reason, one.finish_reason, other.finish_reason)
    reason = f"{one.finish_reason} against {other.finish_reason}"
    return judged(Signal.FINISH, same, one.finish_reason, other.finish_reason, reason)


TRIGGERED = "tool_calls"


def finish_trigger(pair: Pair) -> Finding:
    """The vendor verifiers' trigger: `finish_reason` is "tool_calls" and nothing else counts; kept beside our own definition."""
    if not pair.request.tools:
        return unmeasured(Signal.FINISH_TRIGGER, NO_TOOLS)
    one, other = (choice.finish_reason == TRIGGERED for choice in choices(pair))
    who = names(pair)[0 if one else 1]
    first, second = (choice.finish_reason or "none" for choice in choices(pair))
    return judged(Signal.FINISH_TRIGGER, one == other, first, second, f"only {who} ends with {TRIGGERED}")


def truncation(pair: Pair) -> Finding:
    """Whether one side alone was ended by a limit on length; both were given the same one."""
    one, other = (cut(choice) for choice in choices(pair))
    who = names(pair)[0 if one else 1]
    limit = f"max_tokens {pair.request.max_tokens}" if pair.request.max_tokens else "its own limit, as the request sets none"
    first, second = ("cut" if ended else "not cut" for ended in (one, other))
    return judged(Signal.TRUNCATION, one == other, first, second, f"only {who} is ended by a limit on length ({limit})")
