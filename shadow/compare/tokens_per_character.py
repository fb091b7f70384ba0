"""Completion tokens per character: another tokenizer and hidden billing show here."""

from __future__ import annotations

from shadow.findings.comparability import completion_of, side_names
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.findings.pair import Pair
from shadow.measures.text_similarity import ratio
from shadow.reading.parsed_response import ParsedResponse

ENOUGH = 200
"""Characters that an answer needs before tokens per character mean anything."""
ALIKE = 0.75
"""Tokens per character match from this ratio on: texts differ, so their density does a little."""


def tokens_per_character(pair: Pair) -> Finding:
    """Completion tokens per character that was sent; a match from a ratio of 0.75 on."""
    found = [density(answer) for answer in (pair.subject, pair.reference)]
    one, other = found
    if one is None or other is None:
        who = " and ".join(name for name, value in zip(side_names(pair), found, strict=True) if value is None)
        return not_measured(Signal.TOKENS_PER_CHARACTER, f"{who} sent under {ENOUGH} characters, or no count of their tokens")
    score = ratio(one, other)
    reason = f"{one:.3f} tokens per character against {other:.3f}: another tokenizer, or tokens billed that were not sent"
    return match_or_differ(Signal.TOKENS_PER_CHARACTER, score >= ALIKE, f"{one:.3f}", f"{other:.3f}", reason, score=score)


def density(answer: ParsedResponse) -> float | None:
    """Completion tokens per character of text, calls and shown reasoning; None for a short answer or one without usage.

    Reasoning tokens that are reported and whose text is not shown are taken off first.
    """
    completion = completion_of(answer)
    choice, usage = completion.first, completion.usage
    sent = len(choice.text or "") + len(choice.reasoning or "") + sum(len(c.name) + len(c.arguments) for c in choice.tool_calls)
    if usage is None or usage.completion_tokens is None or sent < ENOUGH or len(completion.choices) > 1:
        return None
    hidden = 0 if choice.reasoning else usage.reasoning_tokens or 0
    billed = usage.completion_tokens - hidden
    return billed / sent if billed > 0 else None
