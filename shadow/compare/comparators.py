"""compare(pair): the gate first, then every comparator in order; each signal says one of four things, never nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from shadow.compare import (
    call_kept,
    embedding_vectors,
    error_kind,
    finish_reason,
    first_divergence,
    latency,
    reasoning,
    text_and_length,
    token_density,
    tool_names,
)
from shadow.findings.api_coverage import why_unfit
from shadow.findings.comparability import why_not_comparable
from shadow.findings.finding import Aspect, Comparison, Finding
from shadow.findings.outcomes import incomparable, storable, unmeasured
from shadow.findings.pair import Pair
from shadow.measures.argument_schema import schema

__all__ = ["COMPARATORS", "UNGATED", "Comparator", "Comparison", "compare"]

Comparator = Callable[[Pair], Finding]
"""One signal: takes a pair that passed the gate, gives the finding of its own aspect, and never raises."""

UNGATED: tuple[tuple[Aspect, Comparator], ...] = (
    (Aspect.ERROR, finish_reason.error),
    (Aspect.ERROR_CLASS, error_kind.error_kind),
    (Aspect.PARAMETERS, error_kind.parameters),
)
"""What is measured where an answer failed too; these take any pair."""

BOTH_WHOLE = (finish_reason.BOTH_WHOLE, error_kind.BOTH_ANSWER, error_kind.BOTH_TAKE)
"""What these say of a pair that passed the gate."""

COMPARATORS: tuple[tuple[Aspect, Comparator], ...] = (
    (Aspect.ACTION, tool_names.action),
    (Aspect.TRIGGER, tool_names.trigger),
    (Aspect.TOOL_NAMES, tool_names.tool_names),
    (Aspect.TOOL_COUNT, tool_names.tool_count),
    (Aspect.ARGUMENTS, tool_names.arguments),
    (Aspect.SCHEMA, schema),
    (Aspect.FINISH, finish_reason.finish_reason),
    (Aspect.REFUSAL, text_and_length.refusal),
    (Aspect.TEXT, text_and_length.text),
    (Aspect.LENGTH, text_and_length.length),
    (Aspect.PROMPT_TOKENS, finish_reason.prompt_tokens),
    (Aspect.COMPLETION_TOKENS, finish_reason.completion_tokens),
    (Aspect.CALL_KEPT, call_kept.call_kept),
    (Aspect.FINISH_TRIGGER, call_kept.finish_trigger),
    (Aspect.ASK_BACK, call_kept.ask_back),
    (Aspect.REFUSAL_WORDS, call_kept.refusal_in_words),
    (Aspect.TRUNCATION, call_kept.truncation),
    (Aspect.REASONING_FIELD, reasoning.reasoning_field),
    (Aspect.REASONING_LENGTH, reasoning.reasoning_length),
    (Aspect.FIRST_DIVERGENCE, first_divergence.first_divergence),
    (Aspect.SEED, first_divergence.seed),
    (Aspect.TOKENS_PER_CHARACTER, token_density.tokens_per_character),
    (Aspect.LOGPROB, token_density.logprob),
    (Aspect.TEMPLATE_INPUT, token_density.template_input),
    (Aspect.FIRST_CHUNK, latency.first_chunk),
    (Aspect.FIRST_TOKEN, latency.first_token),
    (Aspect.FIRST_CONTENT, latency.first_content),
    (Aspect.INTER_CHUNK, latency.inter_chunk),
    (Aspect.INTER_CHUNK_P99, latency.slow_chunk),
    (Aspect.STALLS, latency.stalls),
    (Aspect.CACHED_TOKENS, latency.cached),
    (Aspect.TOTAL, latency.total),
    (Aspect.RATE, latency.rate),
    (Aspect.VECTOR_DIMENSION, embedding_vectors.dimension),
    (Aspect.VECTOR_COSINE, embedding_vectors.cosine),
    (Aspect.VECTOR_NORM, embedding_vectors.norm),
    (Aspect.VECTOR_EXACTNESS, embedding_vectors.exactness),
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
