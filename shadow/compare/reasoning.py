"""Reasoning: whether and under which name it is shown, and how long it is at the requested effort."""

from __future__ import annotations

from shadow.findings.comparability import completion_of
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured, short
from shadow.findings.pair import Pair
from shadow.measures.text_similarity import ratio
from shadow.reading.choice_builder import SEALED_KINDS
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse

NONE, HIDDEN, IN_TEXT, SEALED = "none", "billed, not shown", "in the text", "sealed"
MARGIN = 100
"""Tokens (or four times as many characters) by which two lengths of reasoning may differ whatever their ratio."""
PER_TOKEN = 4


def reasoning_place(answer: ParsedResponse) -> str:
    """Where the reasoning stands: the name of its field, `in the text`, `sealed`, `billed, not shown`, or `none`."""
    completion = completion_of(answer)
    if (completion.first.reasoning or "").strip():
        return completion.first.reasoning_field or "reasoning"
    if (completion.first.text or "").lstrip().startswith(("<think>", "<thinking>")):
        return IN_TEXT
    if SEALED_KINDS.intersection(completion.first.other):
        return SEALED
    hidden = completion.usage is not None and bool(completion.usage.reasoning_tokens)
    return HIDDEN if hidden else NONE


def reasoning_field(pair: Pair) -> Finding:
    """Whether reasoning is shown on both sides and under one name; another name alone scores one half."""
    one, other = reasoning_place(pair.subject), reasoning_place(pair.reference)
    if one == other == NONE:
        return not_measured(Signal.REASONING_FIELD, "neither answer shows or bills any reasoning")
    if SEALED in {one, other}:
        return not_measured(Signal.REASONING_FIELD, "the reasoning of an answer is sealed")
    shown = {NONE, HIDDEN, IN_TEXT}.isdisjoint({one, other})
    score = 1.0 if one == other else 0.5 if shown else 0.0
    reason = f"under another name: {one} against {other}" if shown else f"reasoning: {one} against {other}"
    return match_or_differ(Signal.REASONING_FIELD, one == other, one, other, reason, score=score)


def reasoning_length(pair: Pair) -> Finding:
    """The ratio of the reasoning's lengths: tokens where both report them, else characters; differs beyond 2x and 100 tokens.

    A single pair means little: it is the mean log-ratio over many, by effort, that shows an effort which is not obeyed.
    """
    counts = _counts(pair)
    if counts is None:
        return not_measured(Signal.REASONING_LENGTH, "not both answers report or show any reasoning")
    one, other, unit, margin = counts
    requested = effort(pair.request)
    score = ratio(one, other)
    reason = f"{one} {unit} of reasoning against {other} at {requested}: beyond 2x and {margin} {unit}"
    first, second = (f"{count} {unit} at {requested}" for count in (one, other))
    return match_or_differ(
        Signal.REASONING_LENGTH, score >= 0.5 or abs(one - other) <= margin, first, second, reason, score=score
    )


def effort(request: ParsedRequest) -> str:
    """The reasoning effort that a request sets, as `effort high`, or `no stated effort`."""
    nested = request.body.get("reasoning")
    requested = request.body.get("reasoning_effort") or (nested.get("effort") if isinstance(nested, dict) else None)
    return f"effort {short(requested, 20)}" if isinstance(requested, str) and requested else "no stated effort"


def _counts(pair: Pair) -> tuple[int, int, str, int] | None:
    """Both lengths, their unit, and the margin in it."""
    answers = (pair.subject, pair.reference)
    tokens = [usage.reasoning_tokens if (usage := completion_of(answer).usage) else None for answer in answers]
    if tokens[0] is not None and tokens[1] is not None and any(tokens):
        return tokens[0], tokens[1], "tokens", MARGIN
    characters = [len(completion_of(answer).first.reasoning or "") for answer in answers]
    return (characters[0], characters[1], "characters", MARGIN * PER_TOKEN) if all(characters) else None
