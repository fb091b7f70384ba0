"""Prompt tokens and completion tokens as the usage of both responses reports them."""

from __future__ import annotations

from shadow.findings.comparability import completion_of, cut_reason, side_names
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_comparable, not_measured
from shadow.findings.pair import Pair
from shadow.measures.text_similarity import ratio

MARGIN = 50
"""Tokens by which two answers may differ whatever their ratio."""


def prompt_tokens(pair: Pair) -> Finding:
    """The same request must count the same: any difference counts, the score is its size."""
    counts = _counts(pair, "prompt_tokens")
    if isinstance(counts, str):
        return not_measured(Signal.PROMPT_TOKENS, counts)
    one, other = counts
    reason = f"{one} prompt tokens against {other} for the same request"
    return match_or_differ(Signal.PROMPT_TOKENS, one == other, one, other, reason, score=ratio(one, other))


def completion_tokens(pair: Pair) -> Finding:
    """The ratio of the completion tokens: the score is what counts; the state differs beyond 2x and 50 tokens."""
    counts = _counts(pair, "completion_tokens")
    if isinstance(counts, str):
        return not_measured(Signal.COMPLETION_TOKENS, counts)
    one, other = counts
    if reason := cut_reason(pair):
        return not_comparable(Signal.COMPLETION_TOKENS, reason, one, other)
    score = ratio(one, other)
    reason = f"{one} completion tokens against {other}: beyond 2x and {MARGIN} tokens"
    return match_or_differ(Signal.COMPLETION_TOKENS, score >= 0.5 or abs(one - other) <= MARGIN, one, other, reason, score=score)


def _counts(pair: Pair, field: str) -> tuple[int, int] | str:
    """Both counts, or a sentence about the one that is missing."""
    found: list[int] = []
    for name, answer in zip(side_names(pair), (pair.subject, pair.reference), strict=True):
        count = getattr(completion_of(answer).usage, field, None)
        if count is None:
            return f"{name} reports no {field}"
        found.append(count)
    return found[0], found[1]
