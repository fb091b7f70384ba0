"""Whether tools and earlier reasoning of a request reach the model, by the prompt tokens."""

from __future__ import annotations

from shadow.findings.comparability import completion_of, side_names
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.findings.pair import Pair
from shadow.measures.request_size import droppable, message_characters

FEWEST = 8
"""Missing tokens below which no input is reported as dropped."""


def template_input(pair: Pair) -> Finding:
    """Whether tools or earlier reasoning reach the model: the prompt tokens lack about as many as that input must cost.

    What an input costs is estimated by the reference's own tokens per character of this request.
    """
    inputs = droppable(pair.request)
    if not inputs:
        return not_measured(Signal.TEMPLATE_INPUT, "the request carries no tools and no earlier reasoning")
    counts = [
        usage.prompt_tokens if (usage := completion_of(answer).usage) else None for answer in (pair.subject, pair.reference)
    ]
    one, other = counts
    if not one or not other:
        who = " and ".join(name for name, count in zip(side_names(pair), counts, strict=True) if not count)
        return not_measured(Signal.TEMPLATE_INPUT, f"{who} reports no prompt_tokens")
    missing, who = abs(one - other), side_names(pair)[0 if one < other else 1]
    if missing < FEWEST:
        return match_or_differ(Signal.TEMPLATE_INPUT, True, one, other, "")
    whole = max(inputs.get("tools", 0) + message_characters(pair.request), 1)
    costs = {name: size * max(one, other) / whole for name, size in inputs.items()}
    name = min(costs, key=lambda key: abs(costs[key] - missing))
    same = missing < costs[name] / 2
    reason = f"{who} counts {missing} prompt tokens fewer: the {name} (about {costs[name]:.0f} tokens) may not reach its model"
    return match_or_differ(Signal.TEMPLATE_INPUT, same, one, other, reason)
