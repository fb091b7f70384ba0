"""How often answers are faulty by themselves, beside how often the reference's are: shares with Wilson's 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from shadow.views.figures import CheckLine
from storage.rows import SignalCount

_Z = 1.959964


def check_lines(counts: Sequence[SignalCount], provider: str, model: str, reference: str) -> tuple[CheckLine, ...]:
    """Every check that some answer of the provider was put to; the reference's answers under any model name count as its own."""
    own = [
        count
        for count in counts
        if count.comparison == "check" and (count.group.provider, count.group.model) == (provider, model)
    ]
    beside = [count for count in counts if count.comparison == "check" and reference and count.group.provider == reference]
    lines = (_line(check, own, beside) for check in sorted({count.aspect for count in own}))
    return tuple(line for line in lines if line.answers)


def _line(check: str, own: Iterable[SignalCount], beside: Iterable[SignalCount]) -> CheckLine:
    faulty, answers = _faulty(check, own)
    reference_faulty, reference_answers = _faulty(check, beside)
    low, high = wilson(faulty, answers)
    reference_low, reference_high = wilson(reference_faulty, reference_answers)
    return CheckLine(
        check=check,
        answers=answers,
        faulty=faulty,
        low=low,
        high=high,
        reference_answers=reference_answers,
        reference_faulty=reference_faulty,
        reference_low=reference_low,
        reference_high=reference_high,
    )


def _faulty(check: str, counts: Iterable[SignalCount]) -> tuple[int, int]:
    """Faulty answers and checked answers; a check that could not be made is neither."""
    made = [count for count in counts if count.aspect == check and count.state in {"match", "differ"}]
    return sum(count.count for count in made if count.state == "differ"), sum(count.count for count in made)


def wilson(hits: int, trials: int, z: float = _Z) -> tuple[float, float]:
    """Wilson's score interval (Wilson 1927) of `z` standard deviations, 95 % unless told; the whole of 0..1 without a trial."""
    if not trials:
        return 0.0, 1.0
    share, spread = hits / trials, z * z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
