"""How the responses ended: by finish_reason, by the trigger of the vendor verifiers, or by a limit on length."""

from __future__ import annotations

from shadow.compare.tool_calls import NO_TOOLS
from shadow.findings.comparability import cut_reason, first_choices, is_cut, side_names
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_comparable, not_measured
from shadow.findings.pair import Pair
from shadow.measures import answer_action as act


def finish_reason(pair: Pair) -> Finding:
    """How the answers ended, by the meaning of their words; a word outside the API is reported by `finish_vocabulary`.

    Left out where a limit cut one of them, and where a forced tool makes `stop` a convention.
    """
    one, other = first_choices(pair)
    for name, choice in zip(side_names(pair), (one, other), strict=True):
        if choice.finish_reason is None:
            return not_measured(Signal.FINISH, f"{name} gives no finish_reason")
    if reason := cut_reason(pair):
        return not_comparable(Signal.FINISH, reason, one.finish_reason, other.finish_reason)
    same = one.ended == other.ended
    if not same and act.calls_tool(one) and act.calls_tool(other) and act.forces_call(pair.request.tool_choice):
        reason = "tool_choice forces a call: servers then end with `stop` or with `tool_calls`, both by convention"
        return not_comparable(Signal.FINISH, reason, one.finish_reason, other.finish_reason)
    reason = f"{one.finish_reason} against {other.finish_reason}"
    return match_or_differ(Signal.FINISH, same, one.finish_reason, other.finish_reason, reason)


TRIGGERED = "tool_calls"


def finish_trigger(pair: Pair) -> Finding:
    """The vendor verifiers' trigger: `finish_reason` is "tool_calls" and nothing else counts; kept beside our own definition."""
    if not pair.request.tools:
        return not_measured(Signal.FINISH_TRIGGER, NO_TOOLS)
    one, other = (choice.finish_reason == TRIGGERED for choice in first_choices(pair))
    who = side_names(pair)[0 if one else 1]
    first, second = (choice.finish_reason or "none" for choice in first_choices(pair))
    return match_or_differ(Signal.FINISH_TRIGGER, one == other, first, second, f"only {who} ends with {TRIGGERED}")


def truncation(pair: Pair) -> Finding:
    """Whether one side alone was ended by a limit on length; both were given the same one."""
    one, other = (is_cut(choice) for choice in first_choices(pair))
    who = side_names(pair)[0 if one else 1]
    limit = f"max_tokens {pair.request.max_tokens}" if pair.request.max_tokens else "its own limit, as the request sets none"
    first, second = ("cut" if ended else "not cut" for ended in (one, other))
    return match_or_differ(Signal.TRUNCATION, one == other, first, second, f"only {who} is ended by a limit on length ({limit})")
