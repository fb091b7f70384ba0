"""smallest_excess_found(): the least excess of a signal that so many pairs of a replay show as worse, in half of studies."""

from __future__ import annotations

from math import log, log1p

from shadow.drift.paired_evidence import Bets

FINE = 0.0005


def smallest_excess_found(pairs: int, floor: float, bar: float, bets: Bets) -> float | None:
    """By the best bet's mean growth, which half of the studies exceed; None where not even an excess of 1 less the floor shows.

    `floor` is how often the reference differs from itself, half of it against the candidate; `bar` the logarithm that decides.
    """
    floor = min(floor, 1.0)
    if not pairs or not _found(1 - floor, pairs, floor, bar, bets):
        return None
    low, high = 0.0, 1 - floor
    while high - low > FINE:
        middle = (low + high) / 2
        low, high = (low, middle) if _found(middle, pairs, floor, bar, bets) else (middle, high)
    return high


def _found(excess: float, pairs: int, floor: float, bar: float, bets: Bets) -> bool:
    odd, even = floor / 2 + excess, floor / 2
    growth = max(odd * log1p(bet) + even * log1p(-bet) for bet in bets)
    return pairs * growth >= bar + log(len(bets))
