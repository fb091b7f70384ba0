"""Latency: the times of a response, each compared by one rule, which is coarse because single pairs vary several fold.

A time differs when it is beyond 2x and beyond 50 ms of the other; a rate when it is beyond 2x. The score is the smaller
over the larger. These measure how fast a provider is, never what it serves.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from shadow.findings.comparability import completion_of, side_names
from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_comparable, not_measured
from shadow.findings.pair import Pair
from shadow.measures.text_similarity import ratio

MARGIN = 0.05
"""Seconds by which two times may differ whatever their ratio."""
STALL = 2.0
"""Seconds of silence within a stream that a reader notices."""
ENOUGH_GAPS = 100
EARLY = frozenset({Signal.FIRST_CHUNK, Signal.FIRST_TOKEN, Signal.FIRST_CONTENT})
"""Times that a cached prompt shortens: left out where one side alone had it cached."""


def first_chunk(pair: Pair) -> Finding:
    """Seconds to the first byte of the body."""
    return _time(pair, Signal.FIRST_CHUNK, (pair.subject.timing.first_chunk, pair.reference.timing.first_chunk))


def first_token(pair: Pair) -> Finding:
    """Seconds to the first event with content; streams only."""
    return _time(pair, Signal.FIRST_TOKEN, (pair.subject.timing.first_token, pair.reference.timing.first_token))


def first_content(pair: Pair) -> Finding:
    """Seconds to the first event with more than reasoning; measured where one of the answers reasons before it."""
    timings = (pair.subject.timing, pair.reference.timing)
    if all(timing.first_content == timing.first_token for timing in timings):
        return not_measured(Signal.FIRST_CONTENT, "neither answer shows reasoning before its content: see first_token")
    return _time(pair, Signal.FIRST_CONTENT, (timings[0].first_content, timings[1].first_content))


def inter_chunk(pair: Pair) -> Finding:
    """The median gap between arrivals that carried content; streams only."""
    one, other = pair.gaps
    return _time(pair, Signal.INTER_CHUNK, (_median(one), _median(other)))


def _median(ordered: Sequence[float]) -> float | None:
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def inter_chunk_p99(pair: Pair) -> Finding:
    """The gap between arrivals that 99 of 100 stay under; streams of 100 gaps or more."""
    one, other = pair.gaps
    return _time(pair, Signal.INTER_CHUNK_P99, (_p99(one), _p99(other)))


def _p99(ordered: Sequence[float]) -> float | None:
    return ordered[math.ceil(0.99 * len(ordered)) - 1] if len(ordered) >= ENOUGH_GAPS else None


def stalls(pair: Pair) -> Finding:
    """How many gaps between arrivals last 2 seconds or more: differs where one side alone stalls."""
    if not all(pair.gaps):
        return _missing(pair, Signal.STALLS, tuple(map(_median, pair.gaps)))
    one, other = (len(ordered) - bisect_left(ordered, STALL) for ordered in pair.gaps)
    shown = f"{one} stalls of {STALL:.0f} s or more against {other}"
    return match_or_differ(Signal.STALLS, (one > 0) == (other > 0), one, other, shown, score=ratio(one, other))


def cached_tokens(pair: Pair) -> Finding:
    """Whether a part of the prompt came from a cache on one side alone, which makes its first token early."""
    counts = [
        usage.cached_tokens if (usage := completion_of(answer).usage) else None for answer in (pair.subject, pair.reference)
    ]
    if counts[0] is None or counts[1] is None:
        who = " and ".join(name for name, count in zip(side_names(pair), counts, strict=True) if count is None)
        return not_measured(Signal.CACHED_TOKENS, f"{who} reports no cached_tokens")
    one, other = counts[0], counts[1]
    reason = f"{one} prompt tokens from a cache against {other}: times to the first token are not alike"
    return match_or_differ(Signal.CACHED_TOKENS, (one > 0) == (other > 0), one, other, reason, score=ratio(one, other))


def total(pair: Pair) -> Finding:
    """Seconds to the end."""
    return _time(pair, Signal.TOTAL, (pair.subject.timing.total, pair.reference.timing.total))


def tokens_per_second(pair: Pair) -> Finding:
    """Completion tokens per second of generation; a match within 2x."""
    one, other = pair.subject.timing.rate, pair.reference.timing.rate
    if one is None or other is None:
        return _missing(pair, Signal.RATE, (one, other))
    score = ratio(one, other)
    reason = f"{one:.1f} tokens per second against {other:.1f}: beyond 2x"
    return match_or_differ(Signal.RATE, score >= 0.5, f"{one:.1f}/s", f"{other:.1f}/s", reason, score=score)


def _time(pair: Pair, signal: Signal, seconds: tuple[float | None, float | None]) -> Finding:
    one, other = seconds
    if one is None or other is None:
        return _missing(pair, signal, seconds)
    if signal is not Signal.TOTAL and completion_of(pair.subject).stream != completion_of(pair.reference).stream:
        return not_comparable(signal, "one answer is a stream and the other is not", _ms(one), _ms(other))
    if signal in EARLY and (who := _served_from_cache(pair)):
        return not_comparable(signal, f"{who} took a part of the prompt from a cache", _ms(one), _ms(other))
    score = ratio(one, other)
    same = score >= 0.5 or abs(one - other) <= MARGIN
    first, second = _ms(one), _ms(other)
    return match_or_differ(signal, same, first, second, f"{first} against {second}: beyond 2x and 50 ms", score=score)


def _served_from_cache(pair: Pair) -> str:
    """The side that alone read some of the prompt from a cache; "" when both or neither did, or it is not reported."""
    hits = [
        bool(usage.cached_tokens) if (usage := completion_of(answer).usage) else False
        for answer in (pair.subject, pair.reference)
    ]
    return "" if hits[0] == hits[1] else side_names(pair)[0 if hits[0] else 1]


def _missing(pair: Pair, signal: Signal, values: Sequence[float | None]) -> Finding:
    who = " and ".join(name for name, value in zip(side_names(pair), values, strict=True) if value is None)
    return not_measured(signal, f"{who} left nothing to time (not a stream, no usage, or one arrival only)")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
