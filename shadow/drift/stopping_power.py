"""How soon a sequential study decides, computed exactly for scores of 0 and 1.

The evidence after n pairs depends on how many drops were +1 and -1 alone, so that all studies with these counts are one state: a
sum over states replaces a simulation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from math import exp, log, log1p

from shadow.drift.betting_factors import log_mean
from shadow.drift.paired_evidence import PASS_BETS, SCORE_BETS, Bets, beyond_gain, within_gain

FINE = 0.005
POWER = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppingRule:
    """One e-process that decides at 1 / `alpha`: `within` the allowed drop (PASS) or beyond it (FAIL; 0 allowed is "worse")."""

    allowed: float = 0.0
    within: bool = False
    alpha: float = 0.05

    @property
    def bets(self) -> Bets:
        """The bets of this e-process."""
        return PASS_BETS if self.within else SCORE_BETS

    def gain(self, drop: int) -> float:
        """The gain of the bet on a drop of -1, 0 or +1, per share of wealth."""
        return (within_gain if self.within else beyond_gain)(drop, self.allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppingChance:
    """The share of studies that decide within `most` pairs, and the mean of pairs taken, those counted that never decide."""

    decided: float
    pairs: float


def stopping_chance(rule: StoppingRule, *, rate: float, other_rate: float, most: int) -> StoppingChance:
    """For a reference that succeeds at `rate` and a candidate at `other_rate`, independently; `most` pairs at the most."""
    plus, minus = rate * (1 - other_rate), (1 - rate) * other_rate
    decides = _decides(rule)
    states, decided, pairs = {(0, 0): 1.0}, 0.0, 0.0
    for n in range(1, most + 1):
        pairs += sum(states.values())
        grown: dict[tuple[int, int], float] = {}
        for (up, down), chance in states.items():
            for step, share in (((1, 0), plus), ((0, 1), minus), ((0, 0), 1 - plus - minus)):
                key = up + step[0], down + step[1]
                grown[key] = grown.get(key, 0.0) + chance * share
        decided += sum(chance for (up, down), chance in grown.items() if decides(up, down, n))
        states = {key: chance for key, chance in grown.items() if chance > 1e-15 and not decides(*key, n)}
    return StoppingChance(decided=decided, pairs=pairs)


def _decides(rule: StoppingRule) -> Callable[[int, int, int], bool]:
    """(drops of +1, of -1, pairs) -> whether the evidence has reached the bar."""
    bar = len(rule.bets) / rule.alpha
    steps = [tuple(log1p(bet * rule.gain(drop)) for drop in (1, -1, 0)) for bet in rule.bets]

    @cache
    def decides(up: int, down: int, n: int) -> bool:
        return sum(exp(up * one + down * other + (n - up - down) * none) for one, other, none in steps) >= bar

    return decides


def fewest_pairs(rule: StoppingRule) -> int | None:
    """The fewest pairs that can decide: all of them total opposites (worse, FAIL), or all of them equal (PASS); None where equal
    ones never do, since no drop is allowed.
    """
    steps = [log1p(bet * rule.gain(0 if rule.within else 1)) for bet in rule.bets]
    if max(steps) <= 0:
        return None
    low, high = 0, 1
    while log_mean([high * step for step in steps]) < log(1 / rule.alpha):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        reached = log_mean([middle * step for step in steps]) >= log(1 / rule.alpha)
        low, high = (low, middle) if reached else (middle, high)
    return high


@lru_cache(maxsize=128)
def smallest_drop_found(rate: float, most: int, *, allowed: float = 0.0, alpha: float = 0.05) -> float | None:
    """The least drop below a reference that succeeds at `rate` which `most` pairs would show in four of five studies, as "worse"
    (or, with a drop allowed, as FAIL), to half a point; None where not even a candidate that never succeeds would be seen.
    """
    rule = StoppingRule(allowed=allowed, alpha=alpha)

    def found(drop: float) -> bool:
        return stopping_chance(rule, rate=rate, other_rate=rate - drop, most=most).decided >= POWER

    low, high = 0.0, rate
    if not found(high):
        return None
    while high - low > FINE:
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return high
