"""named(), percent(), moment(), recent(): signals, shares and times in words; `drift.effect_phrases` puts an excess in words.

The words state that two servers differ, never why, and never that one is bad.
"""

from __future__ import annotations

from datetime import UTC, datetime

NAMES = {
    "answer_kind": "kind of answer",
    "calls_tool": "calls a tool or not",
    "calls_tool_rate": "how often it calls",
    "tools": "tools chosen",
    "tool_count": "number of calls",
    "arguments": "tool arguments",
    "valid_calls": "invalid tool calls",
    "finish_reason": "finish reason",
    "finish_length": "cut by length",
    "refusal": "refuses or not",
    "refusal_rate": "how often it refuses",
    "text": "text",
    "length": "length",
    "prompt_tokens": "prompt tokens",
    "completion_tokens": "completion tokens",
    "error": "errors",
    "first_chunk": "first chunk",
    "first_token": "first token",
    "inter_chunk": "gaps between chunks",
    "seconds": "whole answer",
    "total": "whole answer",
    "tokens_per_second": "tokens per second",
    "vector_cosine": "direction of vectors",
    "vector_norm": "length of vectors",
    "vector_dimension": "shape of vectors",
    "vector_exactness": "exactly equal vectors",
    "token": "seconds a token",
    "whole_token": "seconds a token, not streamed",
    "finish_contradiction": "finish contradicts body",
    "lost_space": "lost spaces",
    "empty_answer": "empty answers",
    "broken_stream": "broken streams",
    "max_tokens": "max_tokens ignored",
    "stop": "stop ignored",
    "choice_count": "n ignored",
    "logprobs": "logprobs ignored",
    "top_logprobs": "top_logprobs ignored",
    "response_format": "response_format ignored",
    "tool_choice": "tool_choice ignored",
    "parallel_calls": "parallel_tool_calls ignored",
    "stream_ignored": "stream ignored",
    "finish_vocabulary": "unknown finish_reason",
    "call_id": "call ids missing or twice",
    "template_leak": "template markers in text",
    "call_in_text": "tool calls in text",
    "reasoning_form": "reasoning out of its field",
    "reasoning_only": "reasoning and no answer",
    "usage": "usage missing or wrong",
    "stream_structure": "stream out of form",
    "echoed_model": "another model's name",
    "serving_change": "identity changed in stream",
    "context_limit": "context too small",
    "foreign_script": "foreign script",
    "broken_characters": "broken characters",
    "repetition": "repetition loops",
    "lumpy_calls": "calls in lumps",
    "applied_parameters": "other parameters applied",
}


def named(signal: str) -> str:
    """The signal in plain words."""
    return NAMES.get(signal, signal.replace("_", " "))


def percent(share: float | None) -> str:
    """A share in percent; a dash for what was not measured."""
    if share is None:
        return "-"
    return f"{share * 100:.1f} %" if 0 < share < 0.1 else f"{share * 100:.0f} %"


def moment(seconds: float) -> str:
    """A moment in UTC to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def recent(seconds: float, now: float) -> str:
    """A moment in UTC to the minute as one reads it at `now`: `14:23 UTC today`, `28 Nov 20:44 UTC`, `2025-11-28`."""
    at, today = datetime.fromtimestamp(seconds, UTC), datetime.fromtimestamp(now, UTC)
    if at.date() == today.date():
        return f"{at:%H:%M} UTC today"
    return f"{at.day} {at:%b %H:%M} UTC" if at.year == today.year else f"{at:%Y-%m-%d}"


def rfc3339(seconds: float | None) -> str | None:
    """A moment as RFC 3339 in UTC, to the millisecond; None is no moment."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
