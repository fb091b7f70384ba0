"""compare(pair): the gate first, then every comparator in order; each signal says one of four things, never nothing."""

from __future__ import annotations

from collections.abc import Callable

from shadow.compare import latency, shape, text, tools
from shadow.compare.finding import Aspect, Comparison, Finding
from shadow.compare.gate import why_not_comparable
from shadow.compare.pair import Pair
from shadow.compare.saying import incomparable, storable
from shadow.compare.schema import schema

__all__ = ["COMPARATORS", "Comparator", "Comparison", "compare"]

Comparator = Callable[[Pair], Finding]
"""One signal: takes a pair that passed the gate, gives the finding of its own aspect, and never raises."""

COMPARATORS: tuple[tuple[Aspect, Comparator], ...] = (
    (Aspect.ACTION, tools.action),
    (Aspect.TRIGGER, tools.trigger),
    (Aspect.TOOL_NAMES, tools.tool_names),
    (Aspect.TOOL_COUNT, tools.tool_count),
    (Aspect.ARGUMENTS, tools.arguments),
    (Aspect.SCHEMA, schema),
    (Aspect.FINISH, shape.finish_reason),
    (Aspect.REFUSAL, text.refusal),
    (Aspect.TEXT, text.text),
    (Aspect.LENGTH, text.length),
    (Aspect.PROMPT_TOKENS, shape.prompt_tokens),
    (Aspect.COMPLETION_TOKENS, shape.completion_tokens),
    (Aspect.FIRST_CHUNK, latency.first_chunk),
    (Aspect.FIRST_TOKEN, latency.first_token),
    (Aspect.INTER_CHUNK, latency.inter_chunk),
    (Aspect.TOTAL, latency.total),
    (Aspect.RATE, latency.rate),
)


def compare(pair: Pair) -> Comparison:
    """One comparison of a pair: a finding for `error` and for every comparator, in their order."""
    reason = storable(why_not_comparable(pair))
    findings = [shape.error(pair)]
    findings += [incomparable(aspect, reason) if reason else judge(pair) for aspect, judge in COMPARATORS]
    return Comparison(kind=pair.kind, comparable=reason, findings=tuple(findings))
