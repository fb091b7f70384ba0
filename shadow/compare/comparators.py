"""Compares a pair: first whether it is comparable, then every comparator in order; each signal has one of four states."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from shadow.compare import (
    call_kept,
    embedding_vectors,
    failed_responses,
    finish_reason,
    first_divergence,
    latency,
    prompt_and_completion_tokens,
    reasoning,
    refusals,
    template_input,
    text_and_length,
    token_logprobs,
    tokens_per_character,
    tool_calls,
)
from shadow.findings.api_coverage import not_applicable_reason
from shadow.findings.comparability import not_comparable_reason
from shadow.findings.finding import Comparison, Finding, Signal
from shadow.findings.finding_builders import not_comparable, not_measured, storable
from shadow.findings.pair import Pair
from shadow.measures.schema_validation import schema

__all__ = ["COMPARATORS", "FOR_ANY_PAIR", "Comparator", "Comparison", "compare"]

Comparator = Callable[[Pair], Finding]
"""One signal: takes a comparable pair, returns the finding of its own signal, and never raises."""

FOR_ANY_PAIR: tuple[tuple[Signal, Comparator], ...] = (
    (Signal.ERROR, failed_responses.error),
    (Signal.ERROR_CLASS, failed_responses.error_class),
    (Signal.PARAMETERS, failed_responses.parameters),
)
"""What is measured where an answer failed too; these take any pair."""

BOTH_WHOLE = (failed_responses.BOTH_WHOLE, failed_responses.BOTH_ANSWER, failed_responses.BOTH_TAKE)
"""The findings of these for a comparable pair."""

COMPARATORS: tuple[tuple[Signal, Comparator], ...] = (
    (Signal.ANSWER_KIND, tool_calls.answer_kind),
    (Signal.CALLS_TOOL, tool_calls.calls_tool),
    (Signal.TOOLS, tool_calls.tools),
    (Signal.TOOL_COUNT, tool_calls.tool_count),
    (Signal.ARGUMENTS, tool_calls.arguments),
    (Signal.VALID_CALLS, schema),
    (Signal.FINISH, finish_reason.finish_reason),
    (Signal.REFUSAL, refusals.refusal),
    (Signal.TEXT, text_and_length.text),
    (Signal.LENGTH, text_and_length.length),
    (Signal.PROMPT_TOKENS, prompt_and_completion_tokens.prompt_tokens),
    (Signal.COMPLETION_TOKENS, prompt_and_completion_tokens.completion_tokens),
    (Signal.CALL_KEPT, call_kept.call_kept),
    (Signal.FINISH_TRIGGER, finish_reason.finish_trigger),
    (Signal.ASK_BACK, call_kept.ask_back),
    (Signal.REFUSAL_WORDS, refusals.refusal_in_words),
    (Signal.TRUNCATION, finish_reason.truncation),
    (Signal.REASONING_FIELD, reasoning.reasoning_field),
    (Signal.REASONING_LENGTH, reasoning.reasoning_length),
    (Signal.FIRST_DIVERGENCE, first_divergence.first_divergence),
    (Signal.SEED, first_divergence.seed),
    (Signal.TOKENS_PER_CHARACTER, tokens_per_character.tokens_per_character),
    (Signal.LOGPROB, token_logprobs.logprob),
    (Signal.TEMPLATE_INPUT, template_input.template_input),
    (Signal.FIRST_CHUNK, latency.first_chunk),
    (Signal.FIRST_TOKEN, latency.first_token),
    (Signal.FIRST_CONTENT, latency.first_content),
    (Signal.INTER_CHUNK, latency.inter_chunk),
    (Signal.INTER_CHUNK_P99, latency.inter_chunk_p99),
    (Signal.STALLS, latency.stalls),
    (Signal.CACHED_TOKENS, latency.cached_tokens),
    (Signal.TOTAL, latency.total),
    (Signal.RATE, latency.tokens_per_second),
    (Signal.VECTOR_DIMENSION, embedding_vectors.dimension),
    (Signal.VECTOR_COSINE, embedding_vectors.cosine),
    (Signal.VECTOR_NORM, embedding_vectors.norm),
    (Signal.VECTOR_EXACTNESS, embedding_vectors.exactness),
)


def compare(pair: Pair) -> Comparison:
    """One comparison of a pair: a finding for every comparator, in their order, those for any pair first."""
    if reason := storable(not_comparable_reason(pair)):
        findings = [judge(pair) for _, judge in FOR_ANY_PAIR]
        findings += [not_comparable(signal, reason) for signal, _ in COMPARATORS]
    else:
        findings = [*BOTH_WHOLE, *(unfit or judge(pair) for judge, unfit in _fitting(pair.request.api))]
    return Comparison(kind=pair.kind, comparable=reason, findings=tuple(findings))


@lru_cache(maxsize=16)
def _fitting(api: str) -> tuple[tuple[Comparator, Finding | None], ...]:
    """The comparators, each with what stands in its place where the API cannot show such a thing."""
    unfit = [(signal, not_applicable_reason(signal, api)) for signal, _ in COMPARATORS]
    instead = [not_measured(signal, why) if why else None for signal, why in unfit]
    return tuple((judge, found) for (_, judge), found in zip(COMPARATORS, instead, strict=True))
