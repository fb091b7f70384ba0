"""Intervals of a mean score in 0..1 that hold at few runs: for a number of runs fixed beforehand, and for one that was stopped.

Student's t and the bootstrap are not used below 30 runs: at 5 runs of a provider that is nearly always right they hold the truth
in as few as 15 of 100 studies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import log, log1p

from shadow.drift.betting_factors import log_mean
from shadow.drift.distributions import incomplete_beta

BETS = (0.1, 0.25, 0.5, 0.75, 0.95)
"""Shares of the wealth bet, in equal parts at once, against each mean that is not yet excluded."""
FINE, COARSE = 1e-7, 1e-4
LONG = 200
"""Scores beyond this number are given bounds to four digits only, to bound the time."""
NARROWEST = 1e-9


def score_interval(total: float, runs: int, alpha: float = 0.05) -> tuple[float, float]:
    """The interval of a mean of `runs` scores that sum to `total` (0 <= total <= runs), for a number of runs fixed beforehand.

    Clopper and Pearson (1934) with a sum that may be fractional: exact for scores of 0 and 1, and wider than needed for others,
    whose variance is smaller. (0, 1) for no run.
    """
    if not 0 <= total <= runs:
        raise ValueError(f"a sum of {runs} scores in 0..1 is in 0..{runs}, got {total!r}")
    low = 0.0 if total == 0 else _beta_quantile(alpha / 2, total, runs - total + 1)
    high = 1.0 if total == runs else _beta_quantile(1 - alpha / 2, total + 1, runs - total)
    return low, high


def _beta_quantile(probability: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(a, b, middle) < probability else (low, middle)
        if high - low <= 1e-15 * high:
            break
    return (low + high) / 2


def stopped_interval(scores: Sequence[float], alpha: float = 0.05) -> tuple[float, float]:
    """The interval of the mean that holds however the number of scores was chosen, looking at them as they came.

    A betting confidence sequence (Waudby-Smith and Ramdas 2024): a mean m is excluded once a bettor who starts with 1 and bets on
    means above m and below m alike owns 1/alpha or more. Its wealth is convex in m, so that what is kept is an interval.
    """
    if not scores:
        return 0.0, 1.0
    tolerance = FINE if len(scores) <= LONG else COARSE
    limit = log(1 / alpha)

    def kept(mean: float) -> bool:
        return not any(max(logs) >= limit and log_mean(logs) >= limit for logs in _wealths(scores, mean))

    middle = sum(scores) / len(scores)
    if not kept(middle):
        middle = _lowest(lambda mean: max(map(log_mean, _wealths(scores, mean))), tolerance)
    return _edge(kept, middle, 0.0, tolerance), _edge(kept, middle, 1.0, tolerance)


def _wealths(scores: Sequence[float], mean: float) -> Iterator[list[float]]:
    """The wealth of each bet against this mean after each score, as logarithms: half of them bet on more, half on less."""
    mean = min(max(mean, NARROWEST), 1 - NARROWEST)
    steps = {score: _steps(score, mean) for score in set(scores)}
    logs = [0.0] * (2 * len(BETS))
    for score in scores:
        logs = [old + step for old, step in zip(logs, steps[score], strict=True)]
        yield logs


def _steps(score: float, mean: float) -> list[float]:
    above, below = (score - mean) / mean, (mean - score) / (1 - mean)
    return [log1p(bet * above) for bet in BETS] + [log1p(bet * below) for bet in BETS]


def _lowest(function: Callable[[float], float], tolerance: float) -> float:
    """Where a convex function on 0..1 is lowest, by ternary search."""
    low, high = 0.0, 1.0
    while high - low > tolerance:
        one, other = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, other) if function(one) <= function(other) else (one, high)
    return (low + high) / 2


def _edge(kept: Callable[[float], bool], inside: float, outside: float, tolerance: float) -> float:
    """The last mean kept on the way from `inside` to `outside`; `outside` where all are, and never beyond."""
    if kept(outside):
        return outside
    while abs(outside - inside) > tolerance:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if kept(middle) else (inside, middle)
    return outside
