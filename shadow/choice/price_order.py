"""price_choice(): the cheapest proven candidate, its ties, and what is cheaper and not yet proven, as it holds at any look.

The statistic is the mean logarithm of the ratio of two costs of the same requests, with an interval that may be looked at at any
time; while it holds 0 the two are a tie. A choice by price among proven candidates needs no correction: their claims hold
together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

from shadow.drift.distributions import always_reach

FEWEST_COSTS = 30
"""Conversations with both costs below which no order is said."""

SMALLEST = 1e-8
"""The variance of a log ratio below which it is taken as this much: two price lists that differ by a constant factor."""

Costs = Mapping[str, tuple[str, float]]
"""(conversation, money) of one candidate by the live request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRatio:
    """How many times as much one candidate costs as another on the same `requests`, with its always-valid 95 % interval."""

    requests: int
    ratio: float
    low: float
    high: float

    @property
    def cheaper(self) -> bool:
        """Whether the first is cheaper."""
        return self.high < 1

    @property
    def dearer(self) -> bool:
        """Whether the first costs more."""
        return self.low > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChoice:
    """The `cheapest` of the proven candidates, those that `tie` with it, and cheaper ones that are not proven yet; "" is none.
    The prices of `apart` are not compared with it, because no request was answered by both.
    """

    cheapest: str
    tie: tuple[str, ...]
    cheaper_undecided: tuple[str, ...]
    apart: tuple[str, ...] = ()


def price_ratio(one: Costs, other: Costs) -> PriceRatio | None:
    """The ratio on the requests that both answered at a cost above 0; None for fewer than 30 conversations of them."""
    logs: dict[str, list[float]] = defaultdict(list)
    for request in one.keys() & other.keys():
        (conversation, money), (_, other_money) = one[request], other[request]
        if money > 0 and other_money > 0:
            logs[conversation or request].append(log(money / other_money))
    if len(logs) < FEWEST_COSTS:
        return None
    return _ratio(list(logs.values()))


def _ratio(conversations: Sequence[Sequence[float]]) -> PriceRatio:
    requests = sum(map(len, conversations))
    mean = sum(map(sum, conversations)) / requests
    spread = sum((sum(found) - len(found) * mean) ** 2 for found in conversations) / requests
    reach = _scaled_reach(requests, spread)
    return PriceRatio(requests=requests, ratio=exp(mean), low=exp(mean - reach), high=exp(mean + reach))


def _scaled_reach(requests: int, variance: float) -> float:
    """`always_reach` for values of any size: its added unit of variance is that of a payoff, far above the spread of costs."""
    return sqrt(max(variance, SMALLEST)) * always_reach(requests, 1.0)


def price_choice(proven: Iterable[str], undecided: Iterable[str], costs: Mapping[str, Costs]) -> PriceChoice:
    """The cheapest of the `proven` candidates by the costs of each, with its ties."""
    known = sorted((name for name in proven if costs.get(name)), key=lambda name: (_mean(costs[name]), name))
    if not known:
        return PriceChoice(cheapest="", tie=(), cheaper_undecided=())
    first = known[0]
    for name in known[1:]:
        if (ratio := price_ratio(costs[name], costs[first])) and ratio.cheaper:
            first = name
    apart = tuple(name for name in known if not costs[name].keys() & costs[first].keys())
    tie = tuple(name for name in known if name not in {first, *apart} and not _is_dearer(costs[name], costs[first]))
    cheaper = tuple(sorted(name for name in undecided if costs.get(name) and _is_cheaper(costs[name], costs[first])))
    return PriceChoice(cheapest=first, tie=tie, cheaper_undecided=cheaper, apart=apart)


def _mean(costs: Costs) -> float:
    return sum(money for _, money in costs.values()) / len(costs)


def _is_dearer(one: Costs, other: Costs) -> bool:
    found = price_ratio(one, other)
    return found is not None and found.dearer


def _is_cheaper(one: Costs, other: Costs) -> bool:
    found = price_ratio(one, other)
    return found is not None and found.cheaper
