"""Signals, checks and sizes in words: every size is signed, and its words give the direction.

The words state that two servers differ, never why, and never that one of them is bad.
"""

from __future__ import annotations

from datetime import UTC, datetime

NAMES = {
    "action": "kind of answer",
    "trigger": "calls a tool or not",
    "trigger_rate": "how often it calls",
    "tool_names": "tools chosen",
    "tool_count": "number of calls",
    "args": "tool arguments",
    "arguments": "tool arguments",
    "schema": "invalid tool calls",
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
    "call_schema": "invalid tool calls",
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
}

EFFECTS = {
    "action": ("another kind of answer in {} more requests", "the reference's kind of answer in {} more requests"),
    "trigger": ("decides otherwise whether to call a tool in {} more requests", "decides as the reference in {} more requests"),
    "trigger_rate": ("calls a tool in {} fewer requests", "calls a tool in {} more requests"),
    "tool_names": ("calls other tools in {} more requests", "calls the reference's tools in {} more requests"),
    "args": ("other tool arguments in {} more requests", "the reference's tool arguments in {} more requests"),
    "schema": ("invalid tool calls in {} more requests", "invalid tool calls in {} fewer requests"),
    "finish_reason": ("another finish reason in {} more requests", "the reference's finish reason in {} more requests"),
    "finish_length": ("cut by length in {} more requests", "cut by length in {} fewer requests"),
    "refusal": ("decides otherwise whether to refuse in {} more requests", "refuses as the reference in {} more requests"),
    "refusal_rate": ("refuses in {} more requests", "refuses in {} fewer requests"),
    "text": ("texts further from the reference's in {} more requests", "texts closer to the reference's in {} more requests"),
    "prompt_tokens": ("reports more prompt tokens in {} more requests", "reports fewer prompt tokens in {} more requests"),
    "completion_tokens": ("longer answers in {} more requests", "shorter answers in {} more requests"),
    "error": ("fails in {} more requests", "fails in {} fewer requests"),
}
"""For each signal the effect of an excess above 0 and of one below; `{}` is its size."""


def named(signal: str) -> str:
    """The signal in plain words."""
    return NAMES.get(signal, signal.replace("_", " "))


def effect(signal: str, excess: float, low: float | None = None, high: float | None = None) -> str:
    """An excess (a share in -1..1) as what the provider does, with its direction: "calls a tool in 31 points fewer requests".

    `low`..`high` is its interval, printed for the size of the effect, smaller end first.
    """
    size = points(abs(excess))
    if low is not None and high is not None:
        ends = (low, high) if excess >= 0 else (-high, -low)
        size += f" [{ends[0] * 100:.0f} to {ends[1] * 100:.0f}]"
    more, less = EFFECTS.get(signal, (f"{named(signal)} in {{}} more requests", f"{named(signal)} in {{}} fewer requests"))
    return (more if excess >= 0 else less).format(size)


def points(share: float, *, sign: bool = False) -> str:
    """A difference of shares in percentage points."""
    value = share * 100
    text = f"{value:+.0f}" if sign else f"{value:.0f}"
    if 0 < abs(value) < 10 and round(value) != round(value, 1):
        text = f"{value:+.1f}" if sign else f"{value:.1f}"
    return f"{text} point{'' if text.lstrip('+-') == '1' else 's'}"


def percent(share: float | None) -> str:
    """A share in percent; a dash for what was not measured."""
    if share is None:
        return "-"
    return f"{share * 100:.1f} %" if 0 < share < 0.1 else f"{share * 100:.0f} %"


def moment(seconds: float) -> str:
    """A moment in UTC to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
