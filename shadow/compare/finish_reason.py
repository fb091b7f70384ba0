"""The frame of an answer: whether there is one, how it ended, and what it cost in tokens."""

from __future__ import annotations

from shadow.findings.comparability import Comparability, choices, names, said, standing, why_cut
from shadow.findings.finding import Finding, Signal
from shadow.findings.outcomes import incomparable, judged, unmeasured
from shadow.findings.pair import Pair
from shadow.measures import answer_action as act
from shadow.measures.text_similarity import ratio
from shadow.reading.parsed_response import ParsedResponse

MARGIN = 50
"""Tokens by which two answers may part whatever their ratio."""

BOTH_WHOLE = judged(Signal.ERROR, True, "whole", "whole", "")
"""What `error` says of two whole answers."""


def error(pair: Pair) -> Finding:
    """Whether both legs answered: the one signal that is measured where an answer failed.

    Two failures match when both or neither are the request's fault (a status from 400 to 499). A leg barred for its key
    or its rate, or not seen whole by us, cannot be compared.
    """
    (one, how_one), (other, how_other) = standing(pair.subject), standing(pair.reference)
    for name, where, how in zip(names(pair), (one, other), (how_one, how_other), strict=True):
        if where in {Comparability.BARRED, Comparability.UNSEEN}:
            return incomparable(Signal.ERROR, f"{name} is {where.value}: {how}", how_one or "whole", how_other or "whole")
    same = one == other and (one is Comparability.WHOLE or _blames(pair.subject) == _blames(pair.reference))
    reason = f"{how_one or 'a whole answer'} against {how_other or 'a whole answer'}"
    return judged(Signal.ERROR, same, how_one or "whole", how_other or "whole", reason)


def _blames(answer: ParsedResponse) -> bool:
    """True when a failed leg says that the request is at fault."""
    return answer.exchange.failure is None and 400 <= (answer.error.status if answer.error else answer.status or 0) < 500


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


def prompt_tokens(pair: Pair) -> Finding:
    """The same request must count the same: any difference is one, the score tells its size."""
    counts = _counts(pair, "prompt_tokens")
    if isinstance(counts, str):
        return unmeasured(Signal.PROMPT_TOKENS, counts)
    one, other = counts
    reason = f"{one} prompt tokens against {other} for the same request"
    return judged(Signal.PROMPT_TOKENS, one == other, one, other, reason, score=ratio(one, other))


def completion_tokens(pair: Pair) -> Finding:
    """The ratio of the completion tokens: the score is what counts; the state differs beyond 2x and 50 tokens."""
    counts = _counts(pair, "completion_tokens")
    if isinstance(counts, str):
        return unmeasured(Signal.COMPLETION_TOKENS, counts)
    one, other = counts
    if reason := why_cut(pair):
        return incomparable(Signal.COMPLETION_TOKENS, reason, one, other)
    score = ratio(one, other)
    reason = f"{one} completion tokens against {other}: beyond 2x and {MARGIN} tokens"
    return judged(Signal.COMPLETION_TOKENS, score >= 0.5 or abs(one - other) <= MARGIN, one, other, reason, score=score)


def _counts(pair: Pair, field: str) -> tuple[int, int] | str:
    """Both counts, or a sentence about the one that is missing."""
    found: list[int] = []
    for name, answer in zip(names(pair), (pair.subject, pair.reference), strict=True):
        count = getattr(said(answer).usage, field, None)
        if count is None:
            return f"{name} reports no {field}"
        found.append(count)
    return found[0], found[1]
