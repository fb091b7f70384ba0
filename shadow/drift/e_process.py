"""Three e-processes on the payoffs of a signal: ODD, the provider is the odd one; BEYOND and SAME, by more or less than a bound.

Each is the mean over eight bets, without restarts: while its hypothesis is true it ever reaches 1 / level with a chance of at
most `level` (Ville's inequality), however often it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf, log, log1p

from shadow.drift.betting_factors import GRID, log_mean

LARGEST_PART = 0.3
"""With an eighth, 86 of 100 equal candidates at a floor of .005 are proven within 3 points in 350 pairs; with this, 91."""
_REST = (1 - LARGEST_PART) / (len(GRID) - 1)
_SHIFTS = {favoured: tuple(log((LARGEST_PART if bet == favoured else _REST) * len(GRID)) for bet in GRID) for favoured in GRID}
"""By the bet that has `LARGEST_PART` of the wealth, what each bet's logarithm has more than with equal parts."""


@dataclass(slots=True, kw_only=True)
class EProcess:
    """Logarithms of the wealth of each bet. Against "the mean is `bound` or more" where `same` (SAME), else against "the mean is
    `bound` or less" (BEYOND), which for 0 is "y and r may be swapped" (ODD). A unit is a payoff in -1..1, signed so that +1 is
    evidence for an excess.
    """

    same: bool
    bound: float = 0.0
    units: int = 0
    logs: list[float] = field(default_factory=lambda: [0.0] * len(GRID))

    def add(self, unit: float, times: int = 1) -> None:
        """Add one unit: a pair for ODD, the mean of a conversation for SAME and BEYOND; or the same unit so many `times`."""
        steps = _steps(self.same, self.bound, unit)
        self.units += times
        self.logs = [old + times * step for old, step in zip(self.logs, steps, strict=True)]

    @property
    def evidence(self) -> float:
        """The logarithm of the e-value now."""
        return log_mean(self.logs)


@lru_cache(maxsize=8_192)
def _steps(same: bool, bound: float, unit: float) -> tuple[float, ...]:
    """What each bet adds to its logarithm; units repeat, since payoffs have three values and conversations few pairs."""
    gain = (bound - unit if same else unit - bound) / (1 + bound)
    return tuple(log1p(bet * gain) for bet in GRID)


@dataclass(slots=True, kw_only=True)
class ClaimedEvidence(EProcess):
    """An e-process whose `highest` evidence so far is kept: a claim that was once earned stays earned.

    `LARGEST_PART` of its wealth is on the bet `favoured`, 0 for equal parts. SAME favours the largest bet, which wins where two
    servers hardly ever differ.
    """

    favoured: float = 0.0
    highest: float = 0.0

    def __post_init__(self) -> None:
        self.favoured = self.favoured or (GRID[-1] if self.same else 0.0)

    def add(self, unit: float, times: int = 1) -> None:
        """As EProcess; equal units move the evidence one way, so that the highest of so many `times` is at their end."""
        EProcess.add(self, unit, times)
        if max(self.logs) > self.highest:
            self.highest = max(self.highest, self.evidence)

    @property
    def evidence(self) -> float:
        """The logarithm of the e-value now."""
        shifts = _SHIFTS.get(self.favoured)
        return log_mean([old + shift for old, shift in zip(self.logs, shifts, strict=True)] if shifts else self.logs)


def units_needed(bound: float, floor: float, log_threshold: float, excess: float = 0.0) -> float:
    """Units after which SAME(`bound`) reaches `log_threshold` where the true excess is `excess`, by the best bet's mean growth.

    Half of the runs are done at .45 to .9 of it, nine of ten at .85 to 1.5. `floor` is how often the reference differs from
    itself.
    """
    return units_left([0.0] * len(GRID), bound, floor, log_threshold, excess)


def units_left(logs: Sequence[float], bound: float, floor: float, log_threshold: float, excess: float = 0.0) -> float:
    """As `units_needed`, from a SAME(`bound`) whose bets have come to `logs`; infinite where no bet grows."""
    even = min(floor, 1.0) / 2
    odd = min(even + excess, 1.0)
    even = min(even, 1 - odd)
    shares = ((odd, 1.0), (even, -1.0), (1 - odd - even, 0.0))
    steps = [(share, _steps(True, bound, unit)) for share, unit in shares]
    growths = [sum(share * step[place] for share, step in steps) for place in range(len(GRID))]
    target = log_threshold + log(len(GRID))
    return min((max(target - old, 0.0) / growth for old, growth in zip(logs, growths, strict=True) if growth > 0), default=inf)
