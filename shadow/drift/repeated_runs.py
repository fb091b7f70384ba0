"""Statistics of repeated runs of one task: pass^k, exact tests of two providers, and the runs needed to distinguish two rates."""

from __future__ import annotations

from functools import lru_cache
from math import comb, exp, inf, lgamma, log, log1p
from statistics import NormalDist

MOST_RUNS = 300
"""Runs of each up to which the number that separates two rates is searched for."""
POWER = 0.8
EQUAL = 1 + 1e-7
"""Two tables closer than this are equally likely; sums of logarithms differ in their last digits."""


def passes_all(successes: int, runs: int, times: int) -> float:
    """pass^k: the chance that `times` runs, drawn from these `runs` without putting back, all succeeded. 1 <= times <= runs."""
    _check(successes, runs, times)
    return comb(successes, times) / comb(runs, times)


def _check(successes: int, runs: int, times: int) -> None:
    if not (0 <= successes <= runs and 1 <= times <= runs):
        raise ValueError(f"{times} of {runs} runs, {successes} of them successful, cannot be drawn")


def fisher(successes: int, runs: int, other_successes: int, other_runs: int) -> float:
    """Fisher's exact two-sided p: the chance of all tables with these margins that are no likelier than this one."""
    total = successes + other_successes
    first, last = max(0, total - other_runs), min(runs, total)
    chances = [_hypergeometric(k, runs, other_runs, total) for k in range(first, last + 1)]
    seen = chances[successes - first] * EQUAL
    return min(1.0, sum(chance for chance in chances if chance <= seen))


def _hypergeometric(k: int, runs: int, other_runs: int, total: int) -> float:
    return exp(_log_comb(runs, k) + _log_comb(other_runs, total - k) - _log_comb(runs + other_runs, total))


def _log_comb(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def fisher_power(rate: float, other_rate: float, runs: int, alpha: float = 0.05) -> float:
    """The chance that so many runs of each give Fisher's p <= alpha, where the two succeed at these rates: the exact sum."""
    ones, others = _binomial(runs, rate), _binomial(runs, other_rate)
    return sum(ones[one] * others[other] for one, other in _separating(runs, alpha))


@lru_cache(maxsize=64)
def _separating(runs: int, alpha: float) -> tuple[tuple[int, int], ...]:
    """The counts of successes (one, other) whose p is at most alpha, of so many runs each."""
    found = []
    for total in range(2 * runs + 1):
        first, last = max(0, total - runs), min(runs, total)
        chances = [_hypergeometric(k, runs, runs, total) for k in range(first, last + 1)]
        reached = 0.0
        for chance in sorted(chances):
            tied = sum(each for each in chances if each <= chance * EQUAL)
            if tied > alpha:
                break
            reached = chance
        found += [(first + place, total - first - place) for place, chance in enumerate(chances) if chance <= reached]
    return tuple(found)


def _binomial(runs: int, rate: float) -> list[float]:
    if rate <= 0 or rate >= 1:
        return [float(k == (runs if rate >= 1 else 0)) for k in range(runs + 1)]
    return [exp(_log_comb(runs, k) + k * log(rate) + (runs - k) * log1p(-rate)) for k in range(runs + 1)]


@lru_cache(maxsize=256)
def runs_to_separate(rate: float, other_rate: float, *, power: float = POWER, alpha: float = 0.05) -> int | None:
    """The fewest runs of each for which Fisher's test distinguishes two rates in a share of `power` of studies; None beyond 300.

    With a number fixed beforehand: .95 and .05 take 5, .9 and .3 take 12, .9 and .5 take 23, .8 and .6 take 90.
    """
    guess = _normal_guess(rate, other_rate, power, alpha)
    if guess > MOST_RUNS:
        return None
    start = max(2, int(guess))
    return next((runs for runs in range(start, MOST_RUNS + 1) if fisher_power(rate, other_rate, runs, alpha) >= power), None)


def _normal_guess(rate: float, other_rate: float, power: float, alpha: float) -> float:
    """Runs by the normal form without a correction, which is below the exact number."""
    if rate == other_rate:
        return inf
    reach = NormalDist().inv_cdf(1 - alpha / 2) + NormalDist().inv_cdf(power)
    spread = rate * (1 - rate) + other_rate * (1 - other_rate)
    return float(reach**2 * spread / (rate - other_rate) ** 2)


def fewest_to_separate(alpha: float = 0.05) -> int:
    """Runs of each below which not even total opposites (all against none) have a p <= alpha: 4 at 5 %."""
    return next(runs for runs in range(1, MOST_RUNS) if fisher(runs, runs, 0, runs) <= alpha)
