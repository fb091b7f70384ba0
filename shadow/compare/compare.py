"""compare(pair): the gate first, then every comparator in order; each signal says one of four things, never nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from shadow.compare import acting, failing, latency, sameness, shape, text, thinking, tokens, tools, vectors
from shadow.compare.finding import Aspect, Comparison, Finding
from shadow.compare.fitting import why_unfit
from shadow.compare.gate import why_not_comparable
from shadow.compare.pair import Pair
from shadow.compare.saying import incomparable, storable, unmeasured
from shadow.compare.schema import schema

__all__ = ["COMPARATORS", "UNGATED", "Comparator", "Comparison", "compare"]

Comparator = Callable[[Pair], Finding]
"""One signal: takes a pair that passed the gate, gives the finding of its own aspect, and never raises."""

UNGATED: tuple[tuple[Aspect, Comparator], ...] = (
    (Aspect.ERROR, shape.error),
    (Aspect.ERROR_CLASS, failing.error_kind),
    (Aspect.PARAMETERS, failing.parameters),
)
"""What is measured where an answer failed too; these take any pair."""

BOTH_WHOLE = (shape.BOTH_WHOLE, failing.BOTH_ANSWER, failing.BOTH_TAKE)
"""What these say of a pair that passed the gate."""

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
    (Aspect.CALL_KEPT, acting.call_kept),
    (Aspect.FINISH_TRIGGER, acting.finish_trigger),
    (Aspect.ASK_BACK, acting.ask_back),
    (Aspect.REFUSAL_WORDS, acting.refusal_in_words),
    (Aspect.TRUNCATION, acting.truncation),
    (Aspect.REASONING_FIELD, thinking.reasoning_field),
    (Aspect.REASONING_LENGTH, thinking.reasoning_length),
    (Aspect.FIRST_DIVERGENCE, sameness.first_divergence),
    (Aspect.SEED, sameness.seed),
    (Aspect.TOKENS_PER_CHARACTER, tokens.tokens_per_character),
    (Aspect.LOGPROB, tokens.logprob),
    (Aspect.TEMPLATE_INPUT, tokens.template_input),
    (Aspect.FIRST_CHUNK, latency.first_chunk),
    (Aspect.FIRST_TOKEN, latency.first_token),
    (Aspect.FIRST_CONTENT, latency.first_content),
    (Aspect.INTER_CHUNK, latency.inter_chunk),
    (Aspect.INTER_CHUNK_P99, latency.slow_chunk),
    (Aspect.STALLS, latency.stalls),
    (Aspect.CACHED_TOKENS, latency.cached),
    (Aspect.TOTAL, latency.total),
    (Aspect.RATE, latency.rate),
    (Aspect.VECTOR_DIMENSION, vectors.dimension),
    (Aspect.VECTOR_COSINE, vectors.cosine),
    (Aspect.VECTOR_NORM, vectors.norm),
    (Aspect.VECTOR_EXACTNESS, vectors.exactness),
)


def compare(pair: Pair) -> Comparison:
    """One comparison of a pair: a finding for every comparator, in their order, those before the gate first."""
    if reason := storable(why_not_comparable(pair)):
        findings = [judge(pair) for _, judge in UNGATED]
        findings += [incomparable(aspect, reason) for aspect, _ in COMPARATORS]
    else:
        findings = [*BOTH_WHOLE, *(unfit or judge(pair) for judge, unfit in _fitting(pair.ask.api))]
    return Comparison(kind=pair.kind, comparable=reason, findings=tuple(findings))


@lru_cache(maxsize=16)
def _fitting(api: str) -> tuple[tuple[Comparator, Finding | None], ...]:
    """The comparators, each with what stands in its place where the API cannot show such a thing."""
    unfit = [(aspect, why_unfit(aspect, api)) for aspect, _ in COMPARATORS]
    instead = [unmeasured(aspect, why) if why else None for aspect, why in unfit]
    return tuple((judge, found) for (_, judge), found in zip(COMPARATORS, instead, strict=True))
