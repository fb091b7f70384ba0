"""plan(): how many pairs, days and how much money it takes to find a drift of a given size, and which size so many pairs find.

For a drift that begins after many good pairs: in half of the cases, and in nine of ten. From the growth of the best bet of the
grid, fitted to the detector in the simulations of `bench/plan.py`, and within a third of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, log, log1p, log2

from shadow.drift.alarm_budget import PROVIDER, WEIGHTS, AlertBudget, tolerance
from shadow.drift.betting_factors import GRID

HALF, NINE_OF_TEN = 0.5, 0.9
"""The shares of cases that a number of pairs can be given for."""
RESTART_FACTOR = 1.25
"""Factor on the pairs that growth alone needs to the threshold, because the evidence restarts."""
AT = 2_862
"""Pairs, in the mean of one test without a restart, at which `AT_SHARE` of the mean passes the threshold of the tolerance."""
AT_SHARE = 0.93
PER_DOUBLING = 0.11
"""What each doubling of the mean takes off that share, because more restarts try to pass it."""
LEAST = 0.5
"""The least share of the mean."""
LONGEST = 1.25
"""In nine of ten cases a drift far beyond the tolerance takes so many times as long as in half of them."""
NEAR = 1.1
"""What this factor grows by, times tolerance / drift: a drift close to the tolerance takes longer."""
FINEST = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePlan:
    """What finding a drift takes: `pairs` in half of the cases and `most` in nine of ten, at `calls` reference calls each; so
    many `days` and so much `cost` for these, and `most_days` for those; infinite where no drift of this size is ever found.
    """

    drop: float
    pairs: float
    most: float
    calls: float
    days: float
    most_days: float
    cost: float


def pairs_to_find(drop: float, floor: float, budget: AlertBudget, signal: str = "calls_tool", *, share: float = HALF) -> float:
    """Pairs until an excess of `drop` alarms in a `share` of the cases, HALF or NINE_OF_TEN, in a signal whose floor is `floor`
    (both shares); infinite within tolerance.
    """
    tau = tolerance(signal)
    if drop <= tau:
        return inf
    odd, even = min(floor / 2 + drop, 1.0), floor / 2
    threshold = log(budget.threshold / budget.head_start / WEIGHTS[signal, PROVIDER]) + log(len(GRID))
    growth = max(odd * log1p(bet) + even * log1p(-bet) for bet in GRID)
    none = 1 - odd - even
    tolerance_threshold = log(100)  # because the restarts make up for the share of the grid
    beyond = max(_tolerant(bet, odd, even, none, tau) for bet in GRID)
    seen = RESTART_FACTOR * threshold / growth if growth > 0 else inf
    believed = _passed(tolerance_threshold / beyond) if beyond > 0 else inf
    half = max(seen, believed)
    return half if share == HALF else half * (LONGEST + NEAR * tau / drop)


def _passed(mean: float) -> float:
    """Pairs in half of the cases until the threshold of the tolerance is passed; `mean` is that of one test without restarts."""
    return mean * min(1.0, max(LEAST, AT_SHARE - PER_DOUBLING * log2(mean / AT)))


def _tolerant(bet: float, odd: float, even: float, none: float, tau: float) -> float:
    """The growth of one bet on an excess beyond the tolerance."""
    share = bet / (1 + tau)
    return odd * log1p(share * (1 - tau)) + even * log1p(share * (-1 - tau)) + none * log1p(-share * tau)


def smallest_found(pairs: int, floor: float, budget: AlertBudget, signal: str = "calls_tool", *, share: float = HALF) -> float:
    """The smallest excess that so many pairs would have shown in a `share` of the cases, to a tenth of a point; infinite where
    none would.
    """
    low, high = tolerance(signal), 1.0
    if pairs_to_find(high, floor, budget, signal, share=share) > pairs:
        return inf
    while high - low > FINEST:
        middle = (low + high) / 2
        low, high = (low, middle) if pairs_to_find(middle, floor, budget, signal, share=share) <= pairs else (middle, high)
    return high


def plan(
    drop: float, *, per_day: float, sample_rate: float, floor: float, control_fraction: float, price: float, budget: AlertBudget
) -> SamplePlan:
    """The plan for `per_day` requests of the route, `sample_rate` of them compared, at `price` for one call to the reference."""
    pairs = pairs_to_find(drop, floor, budget)
    calls = 1 + control_fraction + (1 - control_fraction) * min(floor + drop, 1.0)
    most = pairs_to_find(drop, floor, budget, share=NINE_OF_TEN)
    compared = per_day * sample_rate
    days, most_days = (count / compared if compared > 0 else inf for count in (pairs, most))
    return SamplePlan(drop=drop, pairs=pairs, most=most, calls=calls, days=days, most_days=most_days, cost=pairs * calls * price)


def sample_rate_for(drop: float, *, per_day: float, days: float, floor: float, budget: AlertBudget) -> float:
    """The share of requests to compare so that a drift is found within `days` in nine of ten cases, in whole tenths of a percent;
    above 1: never.
    """
    pairs = pairs_to_find(drop, floor, budget, share=NINE_OF_TEN)
    return inf if pairs == inf or per_day * days <= 0 else ceil(pairs / per_day / days * 1_000) / 1_000
