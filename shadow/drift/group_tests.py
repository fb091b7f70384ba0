"""`GroupTests`: the detectors of one group, two for each signal; each pair is added once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shadow.drift.alarm_budget import PROVIDER, REFERENCE, WEIGHTS, AlertBudget, TestKey
from shadow.drift.e_detector import EDetector


class GroupTests:
    """The detectors of one (route, model, provider, reference), one for each direction of a signal."""

    def __init__(self, budget: AlertBudget, baselines: Mapping[TestKey, float] | None = None) -> None:
        known = baselines or {}
        self.budget = budget
        self.tests = {key: EDetector(key=key, budget=budget, baseline=known.get(key, 0.0)) for key in WEIGHTS}
        self.pairs = 0
        self.last_pair_id = ""
        """The id of the newest pair added."""

    def __repr__(self) -> str:
        return f"<GroupTests {self.pairs} pairs, {len(self.tests)} tests>"

    def add(self, pair_id: str, payoffs: Iterable[tuple[str, int]]) -> tuple[TestKey, ...]:
        """Add one pair; the tests that it counted for. The newest pair added again changes nothing, nor does a pair without
        payoffs.
        """
        if pair_id == self.last_pair_id:
            return ()
        touched = tuple(key for signal, payoff in payoffs for key in self._add(signal, payoff))
        if touched:
            self.last_pair_id = pair_id
            self.pairs += 1
        return touched

    def restart(self) -> None:
        """Set every test back to the head start."""
        for test in self.tests.values():
            test.restart()

    def set_budget(self, budget: AlertBudget) -> None:
        """Apply another budget from now on, as when a fleet grows."""
        self.budget = budget
        for test in self.tests.values():
            test.set_budget(budget)

    def rebase(self, baselines: Mapping[TestKey, float]) -> None:
        """Accept these excesses for good: their tests restart, and bet on what exceeds them."""
        for key, baseline in baselines.items():
            old = self.tests[key]
            self.tests[key] = EDetector(
                key=key, budget=old.budget, baseline=baseline, pairs=old.pairs, plus=old.plus, minus=old.minus
            )

    def _add(self, signal: str, payoff: int) -> tuple[TestKey, ...]:
        keys = (signal, PROVIDER), (signal, REFERENCE)
        for key in keys:
            self.tests[key].add(payoff)
        return keys
