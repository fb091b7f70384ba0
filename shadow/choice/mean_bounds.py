"""mean_bounds(): an interval of a mean excess by betting, that holds whenever one looks and for any number of units.

Its ends are where BEYOND stands at the level (Waudby-Smith and Ramdas 2024). No variance is estimated: of a few hundred units
that are all 0 an estimate is too small.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import inf, log1p

from shadow.drift.betting_factors import GRID, log_mean

STEPS = 11
"""Halvings of the interval from -1 to 1: each end is a tenth of a point too far out at most."""


def against_mean(units: Mapping[float, int], bound: float) -> float:
    """The log evidence against "the mean is `bound` at most" of units in -1..1 and how often each came."""
    if bound <= -1:
        return inf
    gains = [((unit - bound) / (1 + bound), times) for unit, times in units.items()]
    return log_mean([sum(times * log1p(bet * gain) for gain, times in gains) for bet in GRID])


def mean_bounds(units: Mapping[float, int], log_threshold: float) -> tuple[float, float]:
    """The least and the largest mean against which the evidence is below `log_threshold`, in -1..1."""
    turned = {-unit: times for unit, times in units.items()}
    return _least(tuple(sorted(units.items())), log_threshold), -_least(tuple(sorted(turned.items())), log_threshold)


@lru_cache(maxsize=1_024)  # a later look at a tournament has most of its segments as they were
def _least(counted: tuple[tuple[float, int], ...], log_threshold: float) -> float:
    """The evidence falls with the bound; the result is a bound against which it reaches the threshold, or -1."""
    units = dict(counted)
    low, high = -1.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if against_mean(units, middle) >= log_threshold else (low, middle)
    return low
