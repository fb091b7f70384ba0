"""How many pairs it takes to find a drift of a given size, and which size could have been found in the pairs there were.

For a drift that begins after many good pairs: in half of the cases, and in nine of ten. From the growth of the best bet of the
grid, fitted to the detector itself in the simulations of `bench/plan.py`, and within a third of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, log, log1p, log2

from shadow.drift.alarm_budget import PROVIDER, WEIGHTS, AlertBudget, tolerance
from shadow.drift.betting_factors import GRID

HALF, NINE_OF_TEN = 0.5, 0.9
"""The shares of cases that a number of pairs can be given for."""
LATER = 1.25
"""What the bar takes more where the evidence had to be gathered anew, than its growth alone."""
GATE, PER_DOUBLING, LEAST, AT = 0.93, 0.11, 0.5, 2_862
"""What the gate of the tolerance takes of its mean: GATE at a mean of AT pairs, and PER_DOUBLING less for each doubling, not
below LEAST: the longer it takes, the more restarts try to pass it, and the luckiest does.
"""
LONGEST, NEAR = 1.25, 1.1
"""In nine of ten cases a drift far beyond the tolerance takes `LONGEST` times as long as in half, and the more the nearer it
is.
"""
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


def pairs_to_find(drop: float, floor: float, budget: AlertBudget, signal: str = "trigger", *, share: float = HALF) -> float:
    """Pairs until an excess of `drop` alarms in a `share` of the cases, HALF or NINE_OF_TEN, in a signal whose floor is `floor`
    (both shares); infinite within tolerance.
    """
    tau = tolerance(signal)
    if drop <= tau:
        return inf
    odd, even = min(floor / 2 + drop, 1.0), floor / 2
    bar = log(budget.threshold / budget.head_start / WEIGHTS[signal, PROVIDER]) + log(len(GRID))
    growth = max(odd * log1p(bet) + even * log1p(-bet) for bet in GRID)
    none = 1 - odd - even
    gate = log(100)  # what its own restarts add makes up for the grid
    beyond = max(_tolerant(bet, odd, even, none, tau) for bet in GRID)
    half = max(LATER * bar / growth if growth > 0 else inf, _passed(gate / beyond) if beyond > 0 else inf)
    return half if share == HALF else half * (LONGEST + NEAR * tau / drop)


def _passed(mean: float) -> float:
    """Pairs in half of the cases until the gate of the tolerance is passed, of the mean of one test without a restart."""
    return mean * min(1.0, max(LEAST, GATE - PER_DOUBLING * log2(mean / AT)))


def _tolerant(bet: float, odd: float, even: float, none: float, tau: float) -> float:
    """The growth of one bet on an excess beyond the tolerance."""
    share = bet / (1 + tau)
    return odd * log1p(share * (1 - tau)) + even * log1p(share * (-1 - tau)) + none * log1p(-share * tau)


def smallest_found(pairs: int, floor: float, budget: AlertBudget, signal: str = "trigger", *, share: float = HALF) -> float:
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
    """`per_day` requests of the route, `sample_rate` of them compared, `price` of one call to the reference."""
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
