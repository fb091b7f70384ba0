"""Whether a response has content: text, a tool call, a refusal, or reasoning alone."""

from __future__ import annotations

import re

from shadow.checks.prompts.prompt_text import message_text
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured, short
from shadow.measures.answer_action import fills_refusal
from shadow.reading.completion import Choice, Completion
from shadow.reading.parsed_request import ParsedRequest

_EMPTY_ANSWER = Signal.EMPTY_ANSWER
_REASONING_ONLY = Signal.REASONING_ONLY
_NOTHING = re.compile(r"\b(?:blank|empty|nothing|whitespace|leer|nichts)", re.IGNORECASE)
"""Words of a request that may call for an empty answer."""


def empty_answer(request: ParsedRequest, completion: Completion) -> Finding:
    """A response that ends normally has content: text, a call, a refusal, or reasoning, which `reasoning_only` judges."""
    first = completion.first
    if _has_content(first):
        return match_or_differ(_EMPTY_ANSWER, True, "", "", "")
    if reason := _ended(first):
        return not_measured(_EMPTY_ANSWER, reason)
    if first.reasoning:
        return not_measured(_EMPTY_ANSWER, "only reasoning came")
    if first.other:
        return not_measured(_EMPTY_ANSWER, f"what came is not read: {short(', '.join(first.other), 120)}")
    if _NOTHING.search(message_text(request)):
        return not_measured(_EMPTY_ANSWER, "the answer is empty, and the request may call for that")
    reason = "the answer has no text, tool call or refusal"
    return match_or_differ(_EMPTY_ANSWER, False, reason, "", reason)


def reasoning_only(_request: ParsedRequest, completion: Completion) -> Finding:
    """Reasoning is followed by an answer: alone, it is useless to the application."""
    first = completion.first
    if not first.reasoning:
        return not_measured(_REASONING_ONLY, "the answer shows no reasoning")
    if _has_content(first):
        return match_or_differ(_REASONING_ONLY, True, "", "", "")
    if reason := _ended(first):
        return not_measured(_REASONING_ONLY, reason)
    if first.other:
        return not_measured(_REASONING_ONLY, f"what else came is not read: {short(', '.join(first.other), 120)}")
    reason = f"only {len(first.reasoning)} characters of reasoning came"
    return match_or_differ(_REASONING_ONLY, False, reason, "", reason)


def _has_content(first: Choice) -> bool:
    return bool((first.text and not first.text.isspace()) or first.tool_calls) or fills_refusal(first)


def _ended(first: Choice) -> str:
    """Why a response without content is excused: something ended it before it had any."""
    if first.withheld:
        return f"a filter on content withheld the answer ({', '.join(first.filtered) or first.finish_reason})"
    if first.ended == "length":
        return f"the answer was ended by {first.finish_reason} before it had any content"
    return ""
