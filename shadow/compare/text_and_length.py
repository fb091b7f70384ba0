"""Texts: how similar they are, and the ratio of their lengths."""

from __future__ import annotations

from shadow.findings.comparability import cut_reason, first_choices, side_names
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_comparable, not_measured
from shadow.findings.pair import Pair
from shadow.measures import answer_action as act
from shadow.measures import text_similarity

ALIKE = 0.8
"""Two texts match from this likeness on; only its rate against the reference's own rate has a meaning."""
TWICE = 0.5
"""A ratio below this is a difference."""
MARGIN = 100
"""Characters by which two lengths may differ whatever their ratio."""


def _not_both(pair: Pair, signal: Signal) -> Finding | None:
    """The reason where there are not two texts to compare; an answer that writes nothing at all is one."""
    one, other = first_choices(pair)
    empty = [not (choice.text or "").strip() for choice in (one, other)]
    if all(empty):
        return not_measured(signal, "neither answer writes any text")
    if any(empty) and any(choice.tool_calls or act.fills_refusal(choice) for choice in (one, other)):
        return not_comparable(signal, f"only {side_names(pair)[0 if empty[1] else 1]} writes text")
    return None


def text(pair: Pair) -> Finding:
    """The likeness of the texts (see `text_similarity.texts`): a match from 0.8 on."""
    missing = _not_both(pair, Signal.TEXT)
    if missing:
        return missing
    one, other = (choice.text or "" for choice in first_choices(pair))
    score = text_similarity.text_similarity(one, other)
    reason = f"similarity {score:.2f} is under {ALIKE}"
    return match_or_differ(Signal.TEXT, score >= ALIKE, _amount(one), _amount(other), reason, score=score)


def length(pair: Pair) -> Finding:
    """The ratio of the texts' lengths: they differ beyond 2x and 100 characters."""
    missing = _not_both(pair, Signal.LENGTH)
    if missing:
        return missing
    one, other = (len(choice.text or "") for choice in first_choices(pair))
    if reason := cut_reason(pair):
        return not_comparable(Signal.LENGTH, reason, one, other)
    score = text_similarity.ratio(one, other)
    same = score >= TWICE or abs(one - other) <= MARGIN
    reason = f"{one} characters against {other}: beyond 2x and {MARGIN} characters"
    return match_or_differ(Signal.LENGTH, same, one, other, reason, score=score)


def _amount(text: str) -> str:
    return f"{len(text)} characters"
