"""The tools: whether one is called, which, in what order, how many, and with which arguments."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from statistics import fmean

from shadow.findings.comparability import cut_reason, first_choices, is_cut, side_names
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_comparable, not_measured
from shadow.findings.pair import Pair
from shadow.measures import answer_action as act
from shadow.measures.json_values import first_difference, key_scores, shown_value
from shadow.measures.text_similarity import character_similarity, ratio
from shadow.reading.completion import Choice, ToolCall

NO_TOOLS = "the request offers no tools"


def answer_kind(pair: Pair) -> Finding:
    """The whole action in one label: which tools, or text, refusal, cut, nothing."""
    one, other = (act.action_label(choice) for choice in first_choices(pair))
    return match_or_differ(Signal.ANSWER_KIND, one == other, one, other, f"{one} against {other}")


def calls_tool(pair: Pair) -> Finding:
    """Whether any tool is called; measured where tools are offered."""
    if not pair.request.tools:
        return not_measured(Signal.CALLS_TOOL, NO_TOOLS)
    one, other = (act.calls_tool(choice) for choice in first_choices(pair))
    unfinished = [is_cut(choice) and not act.calls_tool(choice) for choice in first_choices(pair)]
    if any(unfinished):
        cut_short = " and ".join(name for name, ended in zip(side_names(pair), unfinished, strict=True) if ended)
        return not_comparable(
            Signal.CALLS_TOOL, f"{cut_short} ended by a limit on length before any call", _yes(one), _yes(other)
        )
    who = side_names(pair)[0 if one else 1]
    return match_or_differ(Signal.CALLS_TOOL, one == other, _yes(one), _yes(other), f"only {who} calls a tool")


def _yes(called: bool) -> str:
    return "calls" if called else "does not call"


def _not_both(pair: Pair, signal: Signal) -> Finding | None:
    """The reason where not both answers call a tool."""
    one, other = (act.calls_tool(choice) for choice in first_choices(pair))
    if one and other:
        return None
    if one or other:
        return not_comparable(signal, f"only {side_names(pair)[0 if one else 1]} calls a tool")
    return not_measured(signal, "neither answer calls a tool" if pair.request.tools else NO_TOOLS)


def tools(pair: Pair) -> Finding:
    """Which tools are called, where both answers call: as a multiset, then in order; the score is the multiset's F1."""
    missing = _not_both(pair, Signal.TOOLS)
    if missing:
        return missing
    one, other = (act.called_tools(choice) for choice in first_choices(pair))
    if one == other:
        return match_or_differ(Signal.TOOLS, True, ", ".join(one), ", ".join(other), "", score=1.0)
    common = sum((Counter(one) & Counter(other)).values())
    score = 2 * common / (len(one) + len(other))
    what = "the same tools in another order" if score == 1 else "different tools"
    reason = f"{what}: {', '.join(one)} against {', '.join(other)}"
    return match_or_differ(Signal.TOOLS, False, ", ".join(one), ", ".join(other), reason, score=score)


def tool_count(pair: Pair) -> Finding:
    """How many tools are called, where both answers call; the score is the smaller count over the larger."""
    missing = _not_both(pair, Signal.TOOL_COUNT)
    if missing:
        return missing
    one, other = (len(choice.tool_calls) for choice in first_choices(pair))
    if reason := cut_reason(pair):
        return not_comparable(Signal.TOOL_COUNT, reason, one, other)
    return match_or_differ(Signal.TOOL_COUNT, one == other, one, other, f"{one} calls against {other}", score=ratio(one, other))


def arguments(pair: Pair) -> Finding:
    """The arguments, where both answers call: calls of one name are compared with each other, equal ones first, whatever their
    order.

    The score is the mean over all keys (equal meaning 1, strings by likeness, missing or otherwise different 0); a call
    without a counterpart counts as one key at 0. The reason names the first path that differs, with both values.
    """
    missing = _not_both(pair, Signal.ARGUMENTS)
    if missing:
        return missing
    one, other = first_choices(pair)
    if reason := cut_reason(pair):
        return not_comparable(Signal.ARGUMENTS, reason)
    if reason := act.too_many_calls(one) or act.too_many_calls(other):
        return not_comparable(Signal.ARGUMENTS, reason)
    if any(call.sealed for choice in (one, other) for call in choice.tool_calls):
        return not_comparable(Signal.ARGUMENTS, "the arguments of a call are sealed")
    shown_one, shown_other = (", ".join(f"{c.name}({c.arguments})" for c in choice.tool_calls) for choice in (one, other))
    held = [(mine, theirs, _same(mine, theirs)) for mine, theirs in _aligned(one, other)]
    scores = [score for mine, theirs, same in held for score in _scores(mine, theirs, same=same)]
    reason = next((_difference(mine, theirs) for mine, theirs, same in held if not same), "")
    return match_or_differ(Signal.ARGUMENTS, not reason, shown_one, shown_other, reason, score=fmean(scores))


def _aligned(one: Choice, other: Choice) -> list[tuple[ToolCall | None, ToolCall | None]]:
    """Matched calls: those of equal name and meaning first, then those of equal name in their order, then the rest."""
    exactly: list[tuple[ToolCall, ToolCall]] = []
    mine: Sequence[ToolCall] = one.tool_calls
    theirs: Sequence[ToolCall] = other.tool_calls
    if len(mine) > 1 or len(theirs) > 1:
        exactly, mine, theirs = _matched(mine, theirs, lambda call: (call.name, act.arguments_meaning(call)))
    by_name, mine, theirs = _matched(mine, theirs, lambda call: call.name)
    return [*exactly, *by_name, *((call, None) for call in mine), *((None, call) for call in theirs)]


def _matched(
    mine: Sequence[ToolCall], theirs: Sequence[ToolCall], key: Callable[[ToolCall], object]
) -> tuple[list[tuple[ToolCall, ToolCall]], list[ToolCall], list[ToolCall]]:
    """The calls of equal key, each with the first that is still free, and what is left on either side."""
    free: dict[object, deque[ToolCall]] = defaultdict(deque)
    for call in theirs:
        free[key(call)].append(call)
    found: list[tuple[ToolCall, ToolCall]] = []
    rest: list[ToolCall] = []
    for call in mine:
        same = free[key(call)]
        if same:
            found.append((call, same.popleft()))
        else:
            rest.append(call)
    return found, rest, [call for waiting in free.values() for call in waiting]


def _same(mine: ToolCall | None, theirs: ToolCall | None) -> bool:
    return mine is not None and theirs is not None and act.same_call_arguments(mine, theirs)


def _scores(mine: ToolCall | None, theirs: ToolCall | None, *, same: bool) -> list[float]:
    if mine is None or theirs is None:
        return [0.0]
    if same:
        return [1.0] * max(len(mine.parsed) if isinstance(mine.parsed, dict) else 1, 1)
    if mine.invalid or theirs.invalid:
        return [character_similarity(mine.arguments, theirs.arguments)]
    try:
        return key_scores(mine.parsed, theirs.parsed)
    except RecursionError:
        return [character_similarity(mine.arguments, theirs.arguments)]


def _difference(mine: ToolCall | None, theirs: ToolCall | None) -> str:
    if mine is None or theirs is None:
        call = mine or theirs
        assert call is not None
        return f"{call.name}: only {'the first' if mine else 'the second'} of the two answers makes this call"
    if mine.invalid or theirs.invalid:
        return f"{mine.name}: {_form(mine)} against {_form(theirs)}"
    try:
        return first_difference(mine.parsed, theirs.parsed, mine.name)
    except RecursionError:
        return f"{mine.name}: two values nested too deep to show"


def _form(call: ToolCall) -> str:
    return f"not JSON ({call.invalid}): {shown_value(call.arguments)}" if call.invalid else shown_value(call.parsed)
