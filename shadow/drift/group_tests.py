"""All tests of one group, fed pair by pair; each pair once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shadow.drift.alarm_budget import PROVIDER, REFERENCE, WEIGHTS, AlertBudget, TestKey
from shadow.drift.e_detector import EDetector


class GroupTests:
    """The detectors of one (route, model, provider, reference), two to a signal."""

    def __init__(self, budget: AlertBudget, baselines: Mapping[TestKey, float] | None = None) -> None:
        known = baselines or {}
        self.budget = budget
        self.tests = {key: EDetector(key=key, budget=budget, baseline=known.get(key, 0.0)) for key in WEIGHTS}
        self.pairs = 0
        self.last_pair_id = ""
        """The id of the last pair taken in."""

    def add(self, pair_id: str, payoffs: Iterable[tuple[str, int]]) -> tuple[TestKey, ...]:
        """Take in one pair; the tests that it counted for. The pair taken in last changes nothing if it comes again, and a
        pair without payoffs nothing ever.
        """
        if pair_id == self.last_pair_id:
            return ()
        touched = tuple(key for signal, payoff in payoffs for key in self._add(signal, payoff))
        if touched:
            self.last_pair_id, self.pairs = pair_id, self.pairs + 1
        return touched

    def restart(self) -> None:
        """Every test back to the head start."""
        for test in self.tests.values():
            test.restart()

    def set_budget(self, budget: AlertBudget) -> None:
        """Judge by other bars from now on, as when a fleet grows."""
        self.budget = budget
        for test in self.tests.values():
            test.set_budget(budget)

    def rebase(self, baselines: Mapping[TestKey, float]) -> None:
        """Accept these excesses for good: the tests concerned begin anew, and bet on what is above them."""
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
