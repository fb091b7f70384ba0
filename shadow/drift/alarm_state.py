"""`AlarmState`: takes the pairs of one group and returns its changes of state; the same pairs give the same changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shadow.drift.alarm_budget import REFERENCE, AlertBudget, TestKey, against_provider, tolerance
from shadow.drift.alarm_titles import naming, title
from shadow.drift.change_point import ChangePoint, EvaluatedPair, estimate, excess
from shadow.drift.drift_signals import AGREEMENT, DriftSignal
from shadow.drift.group_tests import GroupTests
from shadow.drift.state_transitions import AckAction, AlarmName, DriftEvent, DriftState, Latch, next_state

LookBack = Callable[[str], Sequence[EvaluatedPair]]
"""Returns the stored evidence of a signal of this group, oldest first, the newest pair included; only called at an alarm."""

ENOUGH_TO_ACCEPT = 500
"""Pairs since an alarm from which its difference can be accepted."""
REFERENCES_OWN = frozenset(
    (signal.value, REFERENCE) for signal in DriftSignal if signal not in AGREEMENT and REFERENCE not in against_provider(signal)
)
"""Tests that find the reference faulty more often than the provider; they are never the provider's drift."""

LONGEST_PAIR = 3_600.0
"""Seconds by which a pair may have started before one that ended earlier."""


class NotAcknowledgedError(Exception):
    """An acknowledgement that is refused; the message is a sentence for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """A change of a group from `old` to `new` at a pair. `name` is the alarm's, "" without one; `tests` are those past the
    threshold, each with its evidence and its estimate, the strongest first.
    """

    old: DriftState
    new: DriftState
    pair_id: str
    at: float
    name: str
    tests: tuple[tuple[TestKey, float, ChangePoint], ...]


class AlarmState:
    """The state of one group: its tests, the latches of those that alarmed, and the test that gave the alarm its name.

    `failing` holds the tests by which the reference is the faulty one: they are latched too, and do not change the state of the
    group. `latest_start` is the latest start of its pairs (epoch seconds) and dates every change: pairs are added in the order in
    which they ended, so the pair that raises an alarm may have started before one that its date rests on. A start that is more
    than an hour later than that of a pair after it was of a clock that ran ahead.
    """

    def __init__(self, budget: AlertBudget, baselines: Mapping[TestKey, float] | None = None) -> None:
        self.group_tests = GroupTests(budget, baselines)
        self.state = DriftState.OK
        self.latches: dict[TestKey, Latch] = {}
        self.failing: dict[TestKey, Latch] = {}
        self.named: AlarmName | None = None
        self.latest_start = 0.0

    def __repr__(self) -> str:
        return f"<AlarmState {self.state.value} {sorted(self.latches)} failing={sorted(self.failing)}>"

    @property
    def name(self) -> str:
        """The name of the alarm, from its first pair on; "" without one."""
        return title(self.named.key) if self.named else ""

    def add(self, pair_id: str, started: float, payoffs: Sequence[tuple[str, int]], look_back: LookBack) -> StateChange | None:
        """Add one pair, started at `started` (epoch seconds); the change of state that it brings, or None."""
        ran_ahead = self.latest_start - started > LONGEST_PAIR
        at = self.latest_start = started if ran_ahead else max(self.latest_start, started)
        touched = self.group_tests.add(pair_id, payoffs)
        if not touched:
            return None
        self._add_to_latches(payoffs)
        held = {**self.latches, **self.failing}
        for key in touched:
            if key not in held and self.group_tests.tests[key].alarms:
                side = self.failing if key in REFERENCES_OWN else self.latches
                side[key] = self._latched(key, pair_id, at, look_back)
        if self.latches and not self.named:
            self.named = self._naming(pair_id, at, look_back)
        return self._changed(self._event(), pair_id, at)

    def acknowledge(self, answer: AckAction, at: float, look_back: LookBack) -> StateChange | None:
        """Apply an operator's acknowledgement of an alarm; NotAcknowledgedError where too few pairs were compared to accept
        it.
        """
        if answer is AckAction.FIXED:
            return self._changed(DriftEvent.FIXED, self.group_tests.last_pair_id, at)
        if self.state is not DriftState.DRIFT:
            raise NotAcknowledgedError(f"the state is {self.state.value}: there is no difference to accept")
        fewest = min(latch.pairs for latch in self.latches.values())
        if fewest < ENOUGH_TO_ACCEPT:
            raise NotAcknowledgedError(
                f"{fewest} pairs were compared since the alarm: {ENOUGH_TO_ACCEPT} are needed to estimate the difference"
            )
        baselines = {key: _upper(latch, look_back(key[0])) for key, latch in self.latches.items()}
        change = self._changed(DriftEvent.ACCEPTED, self.group_tests.last_pair_id, at)
        self.group_tests.rebase(baselines)
        return change

    def _add_to_latches(self, payoffs: Sequence[tuple[str, int]]) -> None:
        by_signal = dict(payoffs)
        for (signal, _), latch in [*self.latches.items(), *self.failing.items()]:
            if signal in by_signal:
                latch.add(by_signal[signal])
        for key in [key for key, latch in self.failing.items() if latch.mended]:
            del self.failing[key]
            self.group_tests.tests[key].restart()

    def _naming(self, pair_id: str, at: float, look_back: LookBack) -> AlarmName:
        """The test that names the alarm: chosen among the tests past the threshold and those close to it, because the
        widest signal has the most weight and usually passes first.
        """
        near = [key for key, test in self.group_tests.tests.items() if test.is_near and test.beyond_tolerance]
        closest = {key: self._latched(key, pair_id, at, look_back) for key in near if key not in REFERENCES_OWN | {*self.latches}}
        found = {**self.latches, **closest}
        key = naming((key, latch.estimate) for key, latch in found.items())
        return AlarmName(key=key, pair_id=pair_id, at=at, evidence=found[key].evidence, estimate=found[key].estimate)

    def _latched(self, key: TestKey, pair_id: str, at: float, look_back: LookBack) -> Latch:
        test = self.group_tests.tests[key]
        found = estimate(look_back(key[0]), direction=key[1], tolerance=tolerance(key[0]), baseline=test.baseline)
        return Latch(key=key, pair_id=pair_id, at=at, evidence=test.evidence, estimate=found, baseline=test.baseline)

    def _event(self) -> DriftEvent:
        if self.latches and all(latch.mended for latch in self.latches.values()):
            return DriftEvent.RECOVERY
        if self.latches:
            return DriftEvent.ALARM
        suspects = any(test.suspects for key, test in self.group_tests.tests.items() if key not in REFERENCES_OWN)
        return DriftEvent.SUSPICION if suspects else DriftEvent.CALM

    def _changed(self, event: DriftEvent, pair_id: str, at: float) -> StateChange | None:
        old, self.state = self.state, next_state(self.state, event)
        if self.state is old:
            return None
        change = StateChange(old=old, new=self.state, pair_id=pair_id, at=at, name=self.name, tests=self._past_threshold())
        if event in {DriftEvent.RECOVERY, DriftEvent.FIXED, DriftEvent.ACCEPTED}:
            self.latches = {}
            self.named = None
            self.group_tests.restart()
        return change

    def _past_threshold(self) -> tuple[tuple[TestKey, float, ChangePoint], ...]:
        found = [(key, latch.evidence, latch.estimate) for key, latch in self.latches.items()]
        return tuple(sorted(found, key=lambda each: -each[1]))


def _upper(latch: Latch, evidence: Sequence[EvaluatedPair]) -> float:
    """The upper 95 % bound of the excess since the alarm."""
    return max(excess(evidence[-latch.pairs :], latch.key[1])[2], 0.0)
