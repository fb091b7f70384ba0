"""betting_factors(): the factor by which each bet of the grid multiplies its wealth at a payoff, tabulated as logarithms.

Every factor has a mean of at most 1 under its hypothesis, whatever came before; the bound on false alarms follows from that
alone. A pair then costs sums and no products.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log, log1p

GRID = (0.02, 0.04, 0.08, 0.15, 0.28, 0.5, 0.75, 0.95)
"""Shares of the wealth that are bet, in equal parts at once: small ones find small effects, large ones find large effects soon.
"""

Gain = Callable[[float, int], float]
"""(bet, payoff) -> the gain of a bet of this share on the payoff, as a share of the wealth."""

Steps = tuple[tuple[float, ...], ...]
"""Logarithms of factors, by payoff: [0] for 0, [1] for +1, [-1] for -1; one for each bet of the grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BettingFactors:
    """The factors of one test: `even` bets that the mean payoff is above `baseline`, `tolerant` that it is beyond tolerance."""

    even: Steps
    tolerant: Steps


def betting_factors(tolerance: float, baseline: float = 0.0) -> BettingFactors:
    """The factors of one test; `tolerance` and `baseline` (an excess that an operator accepted for good) are shares >= 0."""
    bound = baseline + tolerance
    return BettingFactors(
        even=steps(lambda bet, payoff: bet / (1 + baseline) * (payoff - baseline)),
        tolerant=steps(lambda bet, payoff: bet / (1 + bound) * (payoff - bound)),
    )


def recovery(tolerance: float, size: float) -> Steps:
    """The factors against "the excess is still `size` or more"."""
    return steps(lambda bet, payoff: bet / (1 + tolerance) * (size - payoff))


def steps(gain: Gain) -> Steps:
    """log(1 + gain) of each bet, by payoff; gain is above -1 for every bet of the grid."""
    return tuple(tuple(log1p(gain(bet, payoff)) for bet in GRID) for payoff in (0, 1, -1))


def softplus(x: float) -> float:
    """log(1 + e^x), without overflow on either side."""
    return (x if x > 0 else 0.0) + log1p(exp(-abs(x)))


def log_mean(logs: Sequence[float]) -> float:
    """The logarithm of the mean of numbers given by their logarithms."""
    highest = max(logs)
    return highest + log(sum(exp(each - highest) for each in logs) / len(logs))
