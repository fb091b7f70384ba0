"""`PairedEvidence`: evidence, pair by pair, that a candidate is worse, worse by more than allowed, or worse by less than that.

A drop is the reference's score less the candidate's, in -1..1. Three e-processes bet on it, each the mean over a grid of bets.
While its hypothesis is true each ever reaches 1 / alpha with a chance of at most alpha (Ville's inequality), however often it is
read: a study may stop at any pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf, log, log1p

from shadow.drift.betting_factors import GRID, log_mean

SCORE_BETS = (0.4, 0.7, 0.95)
"""Bets on a drop of a score, few and large, since a run with tools is dear: six pairs can decide."""
PASS_BETS = (0.1, 0.25, 0.5, 0.75, 0.95)
"""Bets on a drop of less than allowed."""
PAYOFF_BETS = GRID
"""Bets on the payoffs of a replay, where small differences are looked for in many pairs."""
FINE = 1e-6
FARTHEST = 100_000
"""Pairs beyond which no end of a study is foreseen."""

Bets = tuple[float, ...]


@dataclass(slots=True)
class BettingWealth:
    """The wealth of a bettor who puts equal parts on each bet, as logarithms. A gain is above -1 / the largest bet."""

    bets: Bets
    logs: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.logs = self.logs or [0.0] * len(self.bets)

    def add(self, gain: float) -> None:
        """Take one pair's gain."""
        self.logs = [old + step for old, step in zip(self.logs, _steps(self.bets, gain), strict=True)]

    def reaches(self, bar: float) -> bool:
        """Whether the evidence is `bar` or more; a mean is no larger than the largest, which is quicker to look at."""
        return max(self.logs) >= bar and self.evidence >= bar

    @property
    def evidence(self) -> float:
        """The logarithm of the e-value now."""
        return log_mean(self.logs)


@lru_cache(maxsize=4096)
def _steps(bets: Bets, gain: float) -> tuple[float, ...]:
    """What each bet adds to its logarithm; gains repeat, since scores and payoffs have few values."""
    return tuple(log1p(bet * gain) for bet in bets)


def beyond_gain(drop: float, allowed: float) -> float:
    """What a bet on "the mean drop is above `allowed`" gains on one drop, per share of wealth; the most it can lose is 1."""
    return (drop - allowed) / (1 + allowed)


def within_gain(drop: float, allowed: float) -> float:
    """What a bet on "the mean drop is below `allowed`" gains on one drop, per share of wealth; the most it can lose is 1."""
    return (allowed - drop) / (1 - allowed)


@dataclass(slots=True, kw_only=True)
class PairedEvidence:
    """The three e-processes of one candidate on one score, and the drops so far.

    `worse`: against "the two may be swapped", a mean drop of 0. `fail` and `within` exist where a drop is `allowed` (a share
    below 1): against "at most `allowed`" and against "`allowed` or more". Each is frozen at the pair where it reaches `bar`, a
    logarithm, so that its value stays one e-value.
    """

    allowed: float | None
    bar: float
    bets: Bets = SCORE_BETS
    within_bets: Bets = PASS_BETS
    drops: list[float] = field(default_factory=list)
    worse: BettingWealth = field(init=False)
    fail: BettingWealth = field(init=False)
    within: BettingWealth = field(init=False)

    def __post_init__(self) -> None:
        earlier, self.drops = self.drops, []
        self.worse, self.fail, self.within = BettingWealth(self.bets), BettingWealth(self.bets), BettingWealth(self.within_bets)
        for drop in earlier:
            self.add(drop)

    def add(self, drop: float) -> None:
        """Take the drop of one more pair, in -1..1."""
        if not -1 <= drop <= 1:
            raise ValueError(f"a drop is in -1..1, got {drop!r}")
        self.drops.append(drop)
        self._bet(self.worse, drop)
        if self.allowed is not None:
            self._bet(self.fail, beyond_gain(drop, self.allowed))
            self._bet(self.within, within_gain(drop, self.allowed))

    def _bet(self, wealth: BettingWealth, gain: float) -> None:
        if not wealth.reaches(self.bar):
            wealth.add(gain)

    @property
    def mean(self) -> float | None:
        """The mean drop; None before the first pair."""
        return sum(self.drops) / len(self.drops) if self.drops else None


def drop_bounds(
    drops: Sequence[float], alpha: float = 0.05, *, bets: Bets = SCORE_BETS, within_bets: Bets = PASS_BETS
) -> tuple[float, float]:
    """The mean drop is above `low`, and below `high`, each with a chance of 1 - alpha however the study was stopped.

    `high` is the least allowed drop that would have passed at some pair, `low` the largest that would have failed: so the upper
    bound is below the allowed drop exactly where the study passes. The evidence is monotone in the allowed drop.
    """
    limit = log(1 / alpha)
    high = _least(lambda allowed: _reaches(drops, within_bets, limit, lambda drop: within_gain(drop, allowed)))
    low = -_least(lambda allowed: _reaches(drops, bets, limit, lambda drop: beyond_gain(drop, -allowed)))
    return low, high


def _reaches(drops: Sequence[float], bets: Bets, limit: float, gain: Callable[[float], float]) -> bool:
    """Whether the evidence is `limit` or more at any pair; a mean is no larger than the largest, which is quicker to look at."""
    steps = {drop: [log1p(bet * gain(drop)) for bet in bets] for drop in set(drops)}
    logs = [0.0] * len(bets)
    for drop in drops:
        logs = [old + step for old, step in zip(logs, steps[drop], strict=True)]
        if max(logs) >= limit and log_mean(logs) >= limit:
            return True
    return False


def _least(reached: Callable[[float], bool]) -> float:
    """The least number in -1..1 from which on `reached` is true; 1 where it is nowhere."""
    low, high = -1.0, 1.0
    while high - low > FINE:
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def pairs_left(evidence: BettingWealth, gains: Sequence[float], bar: float) -> float:
    """About how many more pairs it takes to reach `bar` if each bet goes on growing as in the mean over `gains`, those so far.

    Infinite where none of the bets grows on them, and beyond a hundred thousand.
    """
    if evidence.evidence >= bar:
        return 0.0
    if not gains:
        return inf
    growth = [sum(log1p(bet * gain) for gain in gains) / len(gains) for bet in evidence.bets]

    def reached(pairs: int) -> bool:
        return log_mean([old + pairs * step for old, step in zip(evidence.logs, growth, strict=True)]) >= bar

    if not reached(FARTHEST):
        return inf
    low, high = 0, FARTHEST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return float(high)
