"""flip_test(): the p of payoffs that lean to one side, where those of one conversation may share one cause.

As long as the provider serves what the reference serves, the two may be swapped in a whole conversation: its payoffs change
their sign together. So the test compares the sum of all payoffs with its distribution under independent flips of the sign of
each conversation's total. Where every conversation has one pair that is the sign test. It makes no assumption about the requests,
or about how payoffs of one conversation depend on each other (Fisher's randomization test, 1935).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import cosh, erfc, exp, gcd, log, log1p, pi, sinh, sqrt, tanh

from shadow.drift.distributions import sign_test

EXACT = 300
"""Conversations that lean to a side up to which all flips are counted; beyond, Lugannani and Rice's formula is good to 2 %."""
STEPS = 200


def flip_test(totals: Iterable[int]) -> float:
    """The two-sided p of the totals of conversations (the sum of payoffs of each); 1 where none leans to a side."""
    leaning = [total for total in totals if total]
    if not leaning:
        return 1.0
    unit = gcd(*leaning)
    sizes = Counter(abs(total) // unit for total in leaning)
    if len(sizes) == 1:
        plus = sum(total > 0 for total in leaning)
        return sign_test(plus, len(leaning) - plus)
    reached = abs(sum(leaning)) // unit
    tail = _counted if len(leaning) <= EXACT else _saddlepoint
    return min(1.0, 2 * tail(sizes, reached)) if reached else 1.0


def _counted(sizes: Mapping[int, int], reached: int) -> float:
    """P(sum >= reached), by counting every flip: the number of ways to each sum is one digit of a long integer."""
    many = sum(sizes.values())
    width = many + 1
    ways = 1
    for size, count in sizes.items():
        for _ in range(count):
            ways += ways << (size * width)
    least = (reached + sum(size * count for size, count in sizes.items())) // 2
    return (ways >> (least * width)) % ((1 << width) - 1) / (1 << many)


def _saddlepoint(sizes: Mapping[int, int], reached: int) -> float:
    """P(sum >= reached) by the saddlepoint of a sum on a lattice of span 2 (Daniels 1987, second continuity correction)."""
    at = reached - 1
    if at <= 0:
        return 0.5
    s = _saddle(sizes, at)
    curvature = sum(count * (size / cosh(min(size * s, 350.0))) ** 2 for size, count in sizes.items())
    w = sqrt(max(2 * (s * at - sum(count * _log_cosh(size * s) for size, count in sizes.items())), 0.0))
    u = sinh(s) * sqrt(curvature)
    if w < 1e-4:
        return 0.5
    beyond, density = erfc(w / sqrt(2)) / 2, exp(-w * w / 2) / sqrt(2 * pi)
    return min(max(beyond + density * (1 / u - 1 / w), 0.0), 1.0)


def _saddle(sizes: Mapping[int, int], at: int) -> float:
    """The s with K'(s) = at, by bisection: K' grows from 0 to the sum of all sizes, which is beyond `at`."""
    low, high = 0.0, 50.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        slope = sum(count * size * tanh(size * middle) for size, count in sizes.items())
        low, high = (middle, high) if slope < at else (low, middle)
        if high - low <= 1e-12 * high:
            break
    return (low + high) / 2


def _log_cosh(x: float) -> float:
    return x + log1p(exp(-2 * x)) - log(2)
