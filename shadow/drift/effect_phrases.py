"""effect(): an excess in words that state its direction (more or fewer), so that its size has no sign."""

from __future__ import annotations

from shadow.drift.alarm_budget import PROVIDER
from shadow.drift.drift_signals import AGREEMENT, DriftSignal

MORE, FEWER, FURTHER, CLOSER = "more", "fewer", "further", "closer"
LABELS = (MORE, FEWER, FURTHER, CLOSER)
"""Values of the label `direction`: what the provider does more or fewer of than its reference; or, where two answers are alike or
not, whether it is further from the reference than that is from itself, or closer.
"""

EFFECTS = {
    "answer_kind": ("another kind of answer in {} more requests", "the reference's kind of answer in {} more requests"),
    "calls_tool": (
        "decides otherwise whether to call a tool in {} more requests",
        "decides as the reference in {} more requests",
    ),
    "calls_tool_rate": ("calls a tool in {} fewer requests", "calls a tool in {} more requests"),
    "tools": ("calls other tools in {} more requests", "calls the reference's tools in {} more requests"),
    "arguments": ("other tool arguments in {} more requests", "the reference's tool arguments in {} more requests"),
    "valid_calls": ("invalid tool calls in {} more requests", "invalid tool calls in {} fewer requests"),
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


def leans(signal: str, direction: int) -> str:
    """The direction of a test, one of `LABELS`: in the rate of tool calls, +1 is fewer."""
    if signal in AGREEMENT:
        return FURTHER if direction == PROVIDER else CLOSER
    return MORE if (direction == PROVIDER) != (signal == DriftSignal.CALLS_TOOL_RATE) else FEWER


def effect(signal: str, excess: float, low: float | None = None, high: float | None = None) -> str:
    """An excess (a share in -1..1) as what the provider does more or less often: "calls a tool in 31 points fewer requests".

    `low`..`high` is its interval, printed for the size of the effect, smaller end first.
    """
    size = points(abs(excess))
    if low is not None and high is not None:
        ends = (low, high) if excess >= 0 else (-high, -low)
        size += f" [{ends[0] * 100:.0f} to {ends[1] * 100:.0f}]"
    plain = signal.replace("_", " ")
    more, less = EFFECTS.get(signal, (f"{plain} in {{}} more requests", f"{plain} in {{}} fewer requests"))
    return (more if excess >= 0 else less).format(size)


def points(share: float, *, sign: bool = False) -> str:
    """A difference of shares in percentage points."""
    value = share * 100
    text = f"{value:+.0f}" if sign else f"{value:.0f}"
    if 0 < abs(value) < 10 and round(value) != round(value, 1):
        text = f"{value:+.1f}" if sign else f"{value:.1f}"
    return f"{text} point{'' if text.lstrip('+-') == '1' else 's'}"
