"""From the figures of one provider to a verdict of one sentence: a size, an interval, and what could have been seen.

The words say that two servers differ, never why, and never that one is bad. Silence is "not measured" or "too few", never clean.
"""

from __future__ import annotations

from collections.abc import Sequence

from shadow.drift.scorecard import TOLERANCE, Verdict
from shadow.drift.signals import AGREEMENT
from shadow.views.checking import told
from shadow.views.figures import CheckLine, SignalLine, Standing

ALPHA = 0.05
"""Bound on Holm's p: among all signals of all providers in one report, one false alarm in twenty reports."""
FEWEST = 20
"""Fewer pairs than this show only the grossest difference."""
DIFFERENT = frozenset({Verdict.DIFFERS, Verdict.DRIFTS, Verdict.WITHIN})
BOTH_WAYS = frozenset({"trigger_rate", "refusal_rate", "finish_length", "completion_tokens", "prompt_tokens"})
"""Signals with a direction, of which either is a difference; of the others (errors, invalid calls) fewer is no drift."""

MORE = "differs from its reference more than the reference differs from itself"
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


def named(signal: str) -> str:
    """The signal in plain words."""
    return NAMES.get(signal, signal.replace("_", " "))


def verdict(pairs: int, signals: Sequence[SignalLine], checks: Sequence[CheckLine]) -> tuple[Standing, str]:
    """The worst that the signals and checks show, as a standing and as a sentence."""
    differing = sorted((line for line in signals if differs(line)), key=lambda line: -abs(line.excess or 0.0))
    guilty = sorted((line for line in checks if line.guilty), key=lambda line: (line.p, -line.rate))
    strong = [line for line in differing if not within(line)]
    if strong:
        faults = f"; faulty answers too: {_faults(guilty)}" if guilty else ""
        return Standing.DIFFERS, f"{MORE}: {_sizes(strong)}{faults}"
    if guilty:
        more = " more often than its reference" if any(line.worse for line in guilty) else ""
        return Standing.FAULTY, f"gives faulty answers{more}: {_faults(guilty)}"
    if differing:
        return (
            Standing.WITHIN,
            f"differs from its reference, by less than the tolerance of {points(TOLERANCE)}: {_sizes(differing)}",
        )
    return _quiet(pairs, signals)


def held(said: Verdict, p_holm: float) -> Verdict:
    """What the row of one signal says: its interval is one of many in a report, and what only that calls a difference is none."""
    return Verdict.INCONCLUSIVE if said in {*DIFFERENT, Verdict.TOO_FAITHFUL} and p_holm > ALPHA else said


def differs(line: SignalLine) -> bool:
    """Said so by the scorecard, beyond chance in the whole report, and in a direction that counts."""
    if line.verdict not in DIFFERENT or line.p_holm is None or line.p_holm > ALPHA or not line.excess:
        return False
    return line.excess > 0 or line.signal in BOTH_WAYS


def within(line: SignalLine) -> bool:
    """A difference that is there, and of no account."""
    return line.verdict == Verdict.WITHIN


def _quiet(pairs: int, signals: Sequence[SignalLine]) -> tuple[Standing, str]:
    if not pairs:
        return Standing.NOT_MEASURED, "not measured: no pair"
    measured = [line for line in signals if line.pairs]
    # the others say nothing where the reference always fails, or answers from a cache: it would be a fine one
    if not any(line.signal in AGREEMENT for line in measured):
        return Standing.NOT_MEASURED, f"not measured: of {pairs} pairs none could be compared"
    most = max(line.pairs for line in measured if line.signal in AGREEMENT)
    if most < FEWEST:
        return Standing.TOO_FEW, f"too few pairs to say ({most} of at least {FEWEST})"
    if all(line.high is not None and line.high < TOLERANCE for line in measured):
        return Standing.AGREES, f"no further from its reference than the reference is from itself{_power(measured)}"
    return Standing.NONE_SEEN, f"no difference seen beyond the reference's own noise{_power(measured)}"


def _power(lines: Sequence[SignalLine]) -> str:
    """What could have been seen, told of the broadest signal that knows it."""
    known = [line for line in lines if line.smallest is not None]
    line = next((line for line in known if line.signal == "action"), known[0] if known else None)
    if line is None or line.smallest is None:
        return f" ({max(line.pairs for line in lines)} pairs)"
    return f"; {points(line.smallest)} or more would have been seen ({named(line.signal)}, {line.pairs} pairs){_too_alike(lines)}"


def _too_alike(lines: Sequence[SignalLine]) -> str:
    alike = [named(line.signal) for line in lines if line.verdict == Verdict.TOO_FAITHFUL and (line.p_holm or 0.0) <= ALPHA]
    return f"; closer to the reference than the reference is to itself: {', '.join(alike)}" if alike else ""


def points(share: float, *, sign: bool = False) -> str:
    """A difference of shares in percentage points."""
    value = share * 100
    text = f"{value:+.0f}" if sign else f"{value:.0f}"
    if 0 < abs(value) < 10 and round(value) != round(value, 1):
        text = f"{value:+.1f}" if sign else f"{value:.1f}"
    return f"{text} point{'' if text.lstrip('+-') == '1' else 's'}"


def _sizes(lines: Sequence[SignalLine]) -> str:
    shown = ", ".join(f"{named(line.signal)} {points(line.excess or 0.0, sign=True)}{_interval(line)}" for line in lines[:3])
    return shown + (f" and {len(lines) - 3} more" if len(lines) > 3 else "")


def _interval(line: SignalLine) -> str:
    return "" if line.low is None or line.high is None else f" [{line.low * 100:.0f} to {line.high * 100:.0f}]"


def _faults(lines: Sequence[CheckLine]) -> str:
    shown = ", ".join(told(line, named(line.check)) for line in lines[:3])
    return shown + (f" and {len(lines) - 3} more" if len(lines) > 3 else "")


def percent(share: float | None) -> str:
    """A share in percent; a dash for what was not measured."""
    if share is None:
        return "-"
    return f"{share * 100:.1f} %" if 0 < share < 0.1 else f"{share * 100:.0f} %"
