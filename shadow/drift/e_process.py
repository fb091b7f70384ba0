"""Two e-processes on the payoffs of one signal: ODD, evidence that the provider is the odd one; SAME, evidence that it is not.

Each is the mean over eight bets, without restarts: while its hypothesis is true it ever reaches 1 / level with a chance of at
most `level` (Ville's inequality), however often it is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, log, log1p

from shadow.drift.betting_factors import GRID, log_mean


@dataclass(slots=True, kw_only=True)
class EProcess:
    """Logarithms of the wealth of each bet. Against "the mean is `bound` or more" where `same`, else against "y and r may be
    swapped", which is a mean of 0. A unit is a payoff in -1..1, signed so that +1 is evidence for an excess.
    """

    same: bool
    bound: float = 0.0
    units: int = 0
    logs: list[float] = field(default_factory=lambda: [0.0] * len(GRID))

    def add(self, unit: float) -> None:
        """Add one unit: a pair for ODD, the mean of a conversation for SAME."""
        gain = (self.bound - unit) / (1 + self.bound) if self.same else unit
        self.units += 1
        self.logs = [old + log1p(bet * gain) for old, bet in zip(self.logs, GRID, strict=True)]

    @property
    def evidence(self) -> float:
        """The logarithm of the e-value now."""
        return log_mean(self.logs)


def units_needed(bound: float, floor: float, log_threshold: float) -> float:
    """Units after which SAME(`bound`) reaches `log_threshold` where there is no excess, by the best bet's mean growth.

    Half of the runs are done at .45 to .9 of it. `floor` is how often the reference differs from itself.
    """
    odd = min(max(floor, 0.0), 1.0) / 2

    def growth(bet: float) -> float:
        gains = ((odd, bound - 1), (odd, bound + 1), (1 - 2 * odd, bound))
        return sum(share * log1p(bet * gain / (1 + bound)) for share, gain in gains)

    best = max(map(growth, GRID))
    return (log_threshold + log(len(GRID))) / best if best > 0 else inf
