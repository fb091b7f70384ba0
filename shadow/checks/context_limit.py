"""Whether the whole request reaches the model. A context window that is too small refuses it, or cuts it without an error."""

from __future__ import annotations

import re

from shadow.checks.prompts.prompt_text import content_text
from shadow.findings.error_classes import ErrorClass, classify_error
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured, short
from shadow.reading.completion import Completion, Unread
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse

_CONTEXT_LIMIT = Signal.CONTEXT_LIMIT
SHORTENED = "compaction"
"""The kind of a block or an item that stands for what came before it."""
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)|\[THINK\].*?(?:\[/THINK\]|\Z)", re.DOTALL)
FEWEST = 64
"""Words of a request below which the check does not apply: a short request is never cut."""
_COUNT = re.compile(r"\d[\d,_.']{2,}")


def context_limit(request: ParsedRequest, answer: ParsedResponse) -> Finding:
    """No refusal for its length, and at least one prompt token for each word of the messages' contents.

    No tokenizer in use joins two words in one token, so fewer tokens than words prove that the prompt was cut. Some servers count
    the cached tokens apart, so they are added.
    """
    if request.unread is not None:
        return not_measured(_CONTEXT_LIMIT, f"the request could not be read: {request.unread.detail}")
    if answer.error is not None and classify_error(answer.error) is ErrorClass.CONTEXT_OVERFLOW:
        message = answer.error.message
        sizes = " and ".join(_COUNT.findall(message)[:4])
        refused = f"refused as too long{f' ({sizes})' if sizes else ''}"
        return match_or_differ(_CONTEXT_LIMIT, False, refused, "", f"{refused}: {short(message, 160)}")
    counts = answer.completion.usage if isinstance(answer.completion, Completion) else None
    if counts is None or not counts.prompt_tokens:
        return not_measured(_CONTEXT_LIMIT, "the answer reports no prompt_tokens")
    text, tokens = content_text(request), counts.prompt_tokens + (counts.cached_tokens or 0)
    words = text.count(" ") + text.count("\n") + 1  # at most so many: quick, and enough for nearly every answer
    if words < FEWEST:
        return not_measured(_CONTEXT_LIMIT, f"the messages hold fewer than {FEWEST} words")
    if tokens < words:
        words = len(_reaching(text).split())
    if tokens < words and (why := _may_be_cut(request, answer.completion)):
        return not_measured(_CONTEXT_LIMIT, why)
    reason = f"{tokens} prompt tokens for {words} words: a part of the request did not reach the model"
    return match_or_differ(_CONTEXT_LIMIT, tokens >= words, tokens, words, reason)


def _may_be_cut(request: ParsedRequest, completion: Completion | Unread) -> str:
    """Why a part of this request need not reach the model: the request allows that, or stands for more than it holds."""
    if request.body.get("truncation") == "auto":
        return "the request allows that it be cut (truncation auto)"
    if request.sent.get("context_management") or (isinstance(completion, Completion) and SHORTENED in completion.first.other):
        return "the request allows that it be shortened (context_management)"
    parts = [request.sent.get("input"), *(message.get("content") for message in request.messages)]
    kinds = (part.get("type") for listed in parts if isinstance(listed, list) for part in listed if isinstance(part, dict))
    return "the request holds a compaction of what came before" if any(kind == SHORTENED for kind in kinds) else ""


def _reaching(text: str) -> str:
    """The text without earlier thoughts in tags: many templates drop them."""
    return _THOUGHT.sub("", text) if "<think" in text or "[THINK]" in text else text
