"""The clock: five times of an answer, each by one rule, which is coarse on purpose: single pairs vary several fold.

A time differs when it is beyond 2x and beyond 50 ms of the other; a rate when it is beyond 2x. The score is the smaller
over the larger. These say how fast a provider is, never what it serves.
"""

from __future__ import annotations

from statistics import median

from shadow.compare.finding import Aspect, Finding
from shadow.compare.gate import names, said
from shadow.compare.likeness import ratio
from shadow.compare.pair import Pair
from shadow.compare.saying import incomparable, judged, unmeasured

MARGIN = 0.05
"""Seconds by which two times may part whatever their ratio."""


def first_chunk(pair: Pair) -> Finding:
    """Seconds to the first byte of the body."""
    return _time(pair, Aspect.FIRST_CHUNK, (pair.subject.timing.first_chunk, pair.reference.timing.first_chunk))


def first_token(pair: Pair) -> Finding:
    """Seconds to the first event that says something; streams only."""
    return _time(pair, Aspect.FIRST_TOKEN, (pair.subject.timing.first_token, pair.reference.timing.first_token))


def inter_chunk(pair: Pair) -> Finding:
    """The median gap between arrivals that said something; streams only."""
    gaps = tuple(median(leg.timing.gaps) if leg.timing.gaps else None for leg in (pair.subject, pair.reference))
    return _time(pair, Aspect.INTER_CHUNK, (gaps[0], gaps[1]))


def total(pair: Pair) -> Finding:
    """Seconds to the end."""
    return _time(pair, Aspect.TOTAL, (pair.subject.timing.total, pair.reference.timing.total))


def rate(pair: Pair) -> Finding:
    """Completion tokens per second of generation; a match within 2x."""
    one, other = pair.subject.timing.rate, pair.reference.timing.rate
    if one is None or other is None:
        return _missing(pair, Aspect.RATE, (one, other))
    score = ratio(one, other)
    reason = f"{one:.1f} tokens per second against {other:.1f}: beyond 2x"
    return judged(Aspect.RATE, score >= 0.5, f"{one:.1f}/s", f"{other:.1f}/s", reason, score=score)


def _time(pair: Pair, aspect: Aspect, seconds: tuple[float | None, float | None]) -> Finding:
    one, other = seconds
    if one is None or other is None:
        return _missing(pair, aspect, seconds)
    if aspect is not Aspect.TOTAL and said(pair.subject).stream != said(pair.reference).stream:
        return incomparable(aspect, "one answer is a stream and the other is not", _ms(one), _ms(other))
    score = ratio(one, other)
    same = score >= 0.5 or abs(one - other) <= MARGIN
    return judged(aspect, same, _ms(one), _ms(other), f"{_ms(one)} against {_ms(other)}: beyond 2x and 50 ms", score=score)


def _missing(pair: Pair, aspect: Aspect, values: tuple[float | None, float | None]) -> Finding:
    who = " and ".join(name for name, value in zip(names(pair), values, strict=True) if value is None)
    return unmeasured(aspect, f"{who} left nothing to time (not a stream, no usage, or one arrival only)")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
