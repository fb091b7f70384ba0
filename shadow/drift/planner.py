"""How many pairs it takes to find a drift of a given size, and which size could have been found in the pairs there were.

From the growth of the best bet of the grid, for a drift that was there from the first pair; good to about a fifth (the
simulations of `bench/drift.py` are the measure). A drift that begins later takes about a quarter more.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, log, log1p

from shadow.drift.bets import GRID
from shadow.drift.stakes import PROVIDER, WEIGHTS, Stakes, tolerance

LATER = 1.25
FINEST = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What finding a drift takes: `pairs`, at `calls` reference calls each, `days` long, for `cost` in all; infinite days
    where no drift of this size is ever found.
    """

    drop: float
    pairs: float
    calls: float
    days: float
    cost: float


def pairs_to_find(drop: float, floor: float, stakes: Stakes, signal: str = "trigger") -> float:
    """Pairs until an excess of `drop` alarms, in a signal whose floor is `floor` (both shares); infinite within tolerance."""
    tau = tolerance(signal)
    if drop <= tau:
        return inf
    odd, even = min(floor / 2 + drop, 1.0), floor / 2
    bar = log(stakes.bar / stakes.head_start / WEIGHTS[signal, PROVIDER]) + log(len(GRID))
    growth = max(odd * log1p(bet) + even * log1p(-bet) for bet in GRID)
    none = 1 - odd - even
    gate = log(100)  # what its own restarts add makes up for the grid
    beyond = max(_tolerant(bet, odd, even, none, tau) for bet in GRID)
    return LATER * max(bar / growth if growth > 0 else inf, gate / beyond if beyond > 0 else inf)


def _tolerant(bet: float, odd: float, even: float, none: float, tau: float) -> float:
    """The growth of one bet on an excess beyond the tolerance."""
    share = bet / (1 + tau)
    return odd * log1p(share * (1 - tau)) + even * log1p(share * (-1 - tau)) + none * log1p(-share * tau)


def smallest_found(pairs: int, floor: float, stakes: Stakes, signal: str = "trigger") -> float:
    """The smallest excess that so many pairs would have shown, to a tenth of a point; infinite where none would."""
    low, high = tolerance(signal), 1.0
    if pairs_to_find(high, floor, stakes, signal) > pairs:
        return inf
    while high - low > FINEST:
        middle = (low + high) / 2
        low, high = (low, middle) if pairs_to_find(middle, floor, stakes, signal) <= pairs else (middle, high)
    return high


def plan(
    drop: float, *, per_day: float, sample_rate: float, floor: float, control_fraction: float, price: float, stakes: Stakes
) -> Plan:
    """`per_day` requests of the route, `sample_rate` of them compared, `price` of one call to the reference."""
    pairs = pairs_to_find(drop, floor, stakes)
    calls = 1 + control_fraction + (1 - control_fraction) * min(floor + drop, 1.0)
    compared = per_day * sample_rate
    days = pairs / compared if compared > 0 else inf
    return Plan(drop=drop, pairs=pairs, calls=calls, days=days, cost=pairs * calls * price)


def sample_rate_for(drop: float, *, per_day: float, days: float, floor: float, stakes: Stakes) -> float:
    """The share of requests to compare so that a drift is found within `days`, in whole tenths of a percent; above 1: never."""
    pairs = pairs_to_find(drop, floor, stakes)
    return inf if pairs == inf or per_day * days <= 0 else ceil(pairs / per_day / days * 1_000) / 1_000
