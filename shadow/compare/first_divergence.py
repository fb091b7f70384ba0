"""Where two texts diverge, and whether a seed makes a server repeat itself; only rates against the reference's own have a
meaning.
"""

from __future__ import annotations

from shadow.findings.comparability import first_choices
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.findings.pair import Pair, PairKind
from shadow.measures import answer_action as act
from shadow.reading.completion import Choice

LOOKED_AT = 20_000
"""Characters of a text within which the first difference is looked for."""


def first_divergence(pair: Pair) -> Finding:
    """The share of the longer text that both have in common from its start; a match only where the texts are the same."""
    one, other = ((choice.text or "")[:LOOKED_AT] for choice in first_choices(pair))
    if not one.strip() or not other.strip():
        return not_measured(Signal.FIRST_DIVERGENCE, "not both answers write text")
    common = common_start(one, other)
    longer = max(len(one), len(other))
    same = common == longer
    reason = f"the texts diverge after {common} characters"
    return match_or_differ(Signal.FIRST_DIVERGENCE, same, _amount(one), _amount(other), reason, score=common / longer)


def common_start(one: str, other: str) -> int:
    """Characters that two texts have in common from their start, by halving: no loop over characters."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _amount(text: str) -> str:
    return f"{len(text)} characters"


def seed(pair: Pair) -> Finding:
    """Whether a seed makes the same server answer the same; two servers are not bound by it."""
    if pair.request.seed is None:
        return not_measured(Signal.SEED, "the request carries no seed")
    if pair.kind is not PairKind.SELF:
        return not_measured(Signal.SEED, "a seed binds one server to itself, and these are two")
    one, other = first_choices(pair)
    reason = f"seed {pair.request.seed} does not make the reference repeat its answer"
    return match_or_differ(Signal.SEED, _content(one) == _content(other), act.action_label(one), act.action_label(other), reason)


def _content(choice: Choice) -> tuple[str, object]:
    return choice.text or "", act.call_arguments(choice)
