"""Tokens against characters: another tokenizer, hidden billing, dropped input and other probabilities show here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from statistics import fmean

import orjson

from shadow.findings.comparability import choices, names, said
from shadow.findings.finding import Finding, Signal
from shadow.findings.outcomes import judged, unmeasured
from shadow.findings.pair import Pair
from shadow.measures.text_similarity import ratio
from shadow.reading.completion import Logprob
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse

ENOUGH = 200
"""Characters that an answer needs before tokens per character mean anything."""
ALIKE = 0.75
"""Tokens per character match from this ratio on: texts differ, so their density does a little."""
NEAR = 0.1
"""Nats by which the log probabilities of the same chosen tokens may part in the mean: other kernels part by less."""
FEWEST = 8
"""Missing tokens below which no input is said to be dropped."""
_REASONING = ("reasoning_content", "reasoning", "thinking")
_REASONS = frozenset(_REASONING)
KEPT, LONG = 64, 64_000
"""Sizes of tools that are kept, and the longest of them in bytes: an application offers the same ones over and over."""
_WRITER = json.JSONEncoder(ensure_ascii=False)


def tokens_per_character(pair: Pair) -> Finding:
    """Completion tokens per character that was sent; a match from a ratio of 0.75 on."""
    found = [density(leg) for leg in (pair.subject, pair.reference)]
    one, other = found
    if one is None or other is None:
        who = " and ".join(name for name, value in zip(names(pair), found, strict=True) if value is None)
        return unmeasured(Signal.TOKENS_PER_CHARACTER, f"{who} sent under {ENOUGH} characters, or no count of their tokens")
    score = ratio(one, other)
    reason = f"{one:.3f} tokens per character against {other:.3f}: another tokenizer, or tokens billed that were not sent"
    return judged(Signal.TOKENS_PER_CHARACTER, score >= ALIKE, f"{one:.3f}", f"{other:.3f}", reason, score=score)


def density(answer: ParsedResponse) -> float | None:
    """Completion tokens per character of text, calls and shown reasoning; None for a short answer or one without usage.

    Reasoning tokens that are reported and whose text is not shown are taken off first.
    """
    completion = said(answer)
    choice, usage = completion.first, completion.usage
    sent = len(choice.text or "") + len(choice.reasoning or "") + sum(len(c.name) + len(c.arguments) for c in choice.tool_calls)
    if usage is None or usage.completion_tokens is None or sent < ENOUGH or len(completion.choices) > 1:
        return None
    hidden = 0 if choice.reasoning else usage.reasoning_tokens or 0
    billed = usage.completion_tokens - hidden
    return billed / sent if billed > 0 else None


def logprob(pair: Pair) -> Finding:
    """The mean distance of the log probabilities over the tokens that both chose, from the first one on; a match within 0.1."""
    one, other = (choice.logprobs for choice in choices(pair))
    if not one or not other:
        return unmeasured(Signal.LOGPROB, "not both answers carry log probabilities")
    distances = _distances(one, other)
    if not distances:
        return unmeasured(Signal.LOGPROB, "the two answers part at the first token")
    mean = fmean(distances)
    reason = f"{mean:.3f} nats apart over the {len(distances)} tokens that both begin with: beyond {NEAR}"
    first, second = (f"{fmean(p.logprob for p in leg[: len(distances)]):.4f}" for leg in (one, other))
    return judged(Signal.LOGPROB, mean <= NEAR, first, second, reason, score=math.exp(-mean))


def _distances(one: tuple[Logprob, ...], other: tuple[Logprob, ...]) -> list[float]:
    """Distances while the chosen tokens are the same: beyond the first other token the contexts are two."""
    found: list[float] = []
    for mine, theirs in zip(one, other, strict=False):
        if mine.token != theirs.token:
            break
        found.append(abs(mine.logprob - theirs.logprob))
    return found


def template_input(pair: Pair) -> Finding:
    """Whether tools or earlier reasoning reach the model: the prompt tokens lack about as many as that input must cost.

    What an input costs is estimated by the reference's own tokens per character of this request.
    """
    inputs = droppable(pair.request)
    if not inputs:
        return unmeasured(Signal.TEMPLATE_INPUT, "the request carries no tools and no earlier reasoning")
    counts = [usage.prompt_tokens if (usage := said(leg).usage) else None for leg in (pair.subject, pair.reference)]
    one, other = counts
    if not one or not other:
        who = " and ".join(name for name, count in zip(names(pair), counts, strict=True) if not count)
        return unmeasured(Signal.TEMPLATE_INPUT, f"{who} reports no prompt_tokens")
    missing, who = abs(one - other), names(pair)[0 if one < other else 1]
    if missing < FEWEST:
        return judged(Signal.TEMPLATE_INPUT, True, one, other, "")
    whole = max(inputs.get("tools", 0) + message_characters(pair.request), 1)
    costs = {name: size * max(one, other) / whole for name, size in inputs.items()}
    name = min(costs, key=lambda key: abs(costs[key] - missing))
    same = missing < costs[name] / 2
    reason = f"{who} counts {missing} prompt tokens fewer: the {name} (about {costs[name]:.0f} tokens) may not reach its model"
    return judged(Signal.TEMPLATE_INPUT, same, one, other, reason)


def droppable(request: ParsedRequest) -> dict[str, int]:
    """Characters of the inputs that a template may leave out: tools, and reasoning in the history."""
    sizes = {"tools": tool_characters(request), "earlier reasoning": sum(earlier_reasoning(request))}
    return {name: size for name, size in sizes.items() if size}


def tool_characters(request: ParsedRequest) -> int:
    """Characters of the offered tools as JSON; 0 where there are none."""
    if not request.tools:
        return 0
    tools = request.body.get("tools") or request.body.get("functions") or []
    try:
        text = orjson.dumps(tools)
    except TypeError:
        return _size(tools)
    # the quick writer takes what is no number for null
    return _size(tools) if b"null" in text or len(text) > LONG else _kept_size(text)


def schema_characters(request: ParsedRequest) -> int:
    """Characters of the parameters of the offered tools as JSON, without their names and descriptions."""
    schemas = [tool.schema for tool in request.tools if tool.schema is not None]
    if not schemas:
        return 0
    try:
        text = orjson.dumps(schemas)
    except TypeError:
        return _size(schemas)
    return _size(schemas) if b"null" in text or len(text) > LONG else _kept_size(text)


@lru_cache(maxsize=KEPT)
def _kept_size(text: bytes) -> int:
    return _size(json.loads(text))


def earlier_reasoning(request: ParsedRequest) -> list[int]:
    """Characters of the reasoning that each earlier turn carries, turns without any left out."""
    carrying = (message for message in request.messages if not _REASONS.isdisjoint(message))
    found = (message.get(field) for message in carrying for field in _REASONING)
    return [len(value) for value in found if isinstance(value, str) and value]


def characters(request: ParsedRequest) -> int:
    """Characters of all that a template may put into the prompt."""
    return tool_characters(request) + message_characters(request)


def message_characters(request: ParsedRequest) -> int:
    """Characters of all messages as JSON."""
    return sum(map(_message_size, request.messages))


def _message_size(message: Mapping[str, object]) -> int:
    """One of strings alone is written quickly: a comma and a colon then lack the space that is counted."""
    if {*map(type, message.values())} == {str}:
        with suppress(TypeError):
            return len(orjson.dumps(message).decode()) + 2 * len(message) - 1
    return _size(message)


def _size(value: object) -> int:
    """Characters of a value as JSON; 0 where it cannot be written."""
    try:
        return len(_WRITER.encode(value))
    except (RecursionError, TypeError, ValueError):
        return 0
