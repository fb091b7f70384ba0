"""effect(): an excess in words that state its direction (more or less often), so that its size has no sign."""

from __future__ import annotations

from shadow.drift.alarm_budget import PROVIDER
from shadow.drift.drift_signals import AGREEMENT, DriftSignal

MORE, FEWER, FURTHER, CLOSER = "more", "fewer", "further", "closer"
LABELS = (MORE, FEWER, FURTHER, CLOSER)
"""Values of the label `direction`: what the provider does more or fewer of than its reference; or, where two answers are alike or
not, whether it is further from the reference than that is from itself, or closer.
"""

EFFECTS = {
    "answer_kind": ("gives a different kind of answer {} more often", "gives the reference's kind of answer {} more often"),
    "calls_tool": ("disagrees on whether to call a tool {} more often", "agrees on whether to call a tool {} more often"),
    "calls_tool_rate": ("calls a tool {} less often", "calls a tool {} more often"),
    "tools": ("calls different tools {} more often", "calls the reference's tools {} more often"),
    "arguments": ("sends different tool arguments {} more often", "sends the reference's tool arguments {} more often"),
    "valid_calls": ("makes invalid tool calls {} more often", "makes invalid tool calls {} less often"),
    "finish_reason": ("gives a different finish reason {} more often", "gives the reference's finish reason {} more often"),
    "finish_length": ("is cut by length {} more often", "is cut by length {} less often"),
    "refusal": ("disagrees on whether to refuse {} more often", "agrees on whether to refuse {} more often"),
    "refusal_rate": ("refuses {} more often", "refuses {} less often"),
    "text": ("writes texts further from the reference's, {} more often", "writes texts closer to the reference's, {} more often"),
    "prompt_tokens": ("reports more prompt tokens {} more often", "reports fewer prompt tokens {} more often"),
    "completion_tokens": ("gives longer answers {} more often", "gives shorter answers {} more often"),
    "error": ("fails {} more often", "fails {} less often"),
}
"""For each signal the effect of an excess above 0 and of one below; `{}` is its size."""


def leans(signal: str, direction: int) -> str:
    """The direction of a test, one of `LABELS`: in the rate of tool calls, +1 is fewer."""
    if signal in AGREEMENT:
        return FURTHER if direction == PROVIDER else CLOSER
    return MORE if (direction == PROVIDER) != (signal == DriftSignal.CALLS_TOOL_RATE) else FEWER


def effect(signal: str, excess: float, low: float | None = None, high: float | None = None) -> str:
    """An excess (a share in -1..1) as what the provider does more or less often: "calls a tool 31 points less often".

    `low`..`high` is its interval, printed for the size of the effect, smaller end first.
    """
    size = points(abs(excess))
    if low is not None and high is not None:
        ends = (low, high) if excess >= 0 else (-high, -low)
        size += f" [{ends[0] * 100:.0f} to {ends[1] * 100:.0f}]"
    plain = signal.replace("_", " ")
    more, less = EFFECTS.get(signal, (f"{plain} {{}} more often", f"{plain} {{}} less often"))
    return (more if excess >= 0 else less).format(size)


def points(share: float, *, sign: bool = False) -> str:
    """A difference of shares in percentage points."""
    value = share * 100
    text = f"{value:+.0f}" if sign else f"{value:.0f}"
    if abs(value) < 10 and round(value) != round(value, 1):
        text = f"{value:+.1f}" if sign else f"{value:.1f}"
    return f"{text} point{'' if text.lstrip('+-') == '1' else 's'}"
