"""`EDetector`: an e-process restarted at every pair, whose evidence shows that a signal's payoffs lean to one side by enough.

A mixture Shiryaev-Roberts detector: betting martingales started at every pair and summed. Less the number of pairs it is a
supermartingale while there is no excess, so the chance of a false alarm is bounded by construction, however often it is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log

from shadow.drift.alarm_budget import WEIGHTS, AlertBudget, TestKey, tolerance
from shadow.drift.betting_factors import GRID, BettingFactors, betting_factors, log_mean, softplus


@dataclass(slots=True, kw_only=True)
class EDetector:
    """The state of one test. `even` and `tolerant` are logarithms, one for each bet: the evidence against "no excess" and
    against "an excess within tolerance"; `plus` and `minus` count the payoffs as they come, whatever the direction.
    """

    key: TestKey
    budget: AlertBudget
    baseline: float = 0.0
    pairs: int = 0
    plus: int = 0
    minus: int = 0
    even: list[float] = field(default_factory=list)
    tolerant: list[float] = field(default_factory=list)
    _factors: BettingFactors = field(init=False, repr=False, compare=False)
    _offset: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        signal, _ = self.key
        self._factors = betting_factors(tolerance(signal), self.baseline)
        self.set_budget(self.budget)
        if not self.even:
            self.restart()

    def set_budget(self, budget: AlertBudget) -> None:
        """Apply another budget from now on; the evidence stays."""
        self.budget = budget
        self._offset = log(WEIGHTS[self.key] / budget.threshold)

    def restart(self) -> None:
        """Set the evidence back to the head start; the counts go on."""
        self.even = [log(self.budget.head_start)] * len(GRID)
        self.tolerant = [log(self.budget.tolerance_threshold / 100)] * len(GRID)

    def add(self, payoff: int) -> None:
        """Add the payoff of one pair: -1, 0 or +1."""
        self.pairs += 1
        self.plus += payoff > 0
        self.minus += payoff < 0
        gain = payoff * self.key[1]
        self.even = [softplus(old) + step for old, step in zip(self.even, self._factors.even[gain], strict=True)]
        self.tolerant = [softplus(old) + step for old, step in zip(self.tolerant, self._factors.tolerant[gain], strict=True)]

    @property
    def evidence(self) -> float:
        """ln(weight x evidence / threshold): a test alarms from 0 on."""
        return log_mean(self.even) + self._offset

    @property
    def beyond_tolerance(self) -> bool:
        """Whether the excess is credibly above the tolerance, so that harmless differences raise no alarm."""
        return log_mean(self.tolerant) >= log(self.budget.tolerance_threshold)

    @property
    def alarms(self) -> bool:
        """Whether both thresholds are passed."""
        return self.evidence >= 0 and self.beyond_tolerance

    @property
    def suspects(self) -> bool:
        """Whether the test is shown as suspect. Chance alone makes a group so within its first T pairs, or the first T after a
        restart, with a probability of at most (T + `head_start`) / (`threshold` / 100).
        """
        return self.evidence >= self.budget.log_suspect

    @property
    def is_near(self) -> bool:
        """Whether the test may give an alarm its name once another one has raised it."""
        return self.evidence >= self.budget.log_near
