"""`DriftState`, its transition table, and the latch that holds an alarm until it recovers or is acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import log

from shadow.drift.alarm_budget import TestKey, tolerance
from shadow.drift.betting_factors import GRID, Steps, log_mean, recovery
from shadow.drift.change_point import ChangePoint

RECOVERED_AT = 100.0


class DriftState(StrEnum):
    """The state of a group. `not_measured` and `waiting` (for the first pair that counts) follow from what was excluded, never
    from the evidence.
    """

    OK = "ok"
    SUSPECT = "suspect"
    DRIFT = "drift"
    RECOVERED = "recovered"
    NOT_MEASURED = "not_measured"
    WAITING = "waiting"


class DriftEvent(StrEnum):
    """What changes the state of a group."""

    SUSPICION = "suspicion"
    CALM = "calm"
    ALARM = "alarm"
    RECOVERY = "recovery"
    FIXED = "fixed"
    ACCEPTED = "accepted"


class AckAction(StrEnum):
    """How an operator acknowledges an alarm: the cause is fixed, or the difference is accepted for good."""

    FIXED = "fixed"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """An operator's answer, and the groups that it applies to; an empty name applies to any, or where it is `exact` to an empty
    one alone. With a `measure` it applies to the pace of that measure alone, with an `upstream` to no pace. `by` and `why` are
    who gave it and why, noted where it is applied.
    """

    answer: AckAction
    route: str = ""
    model: str = ""
    provider: str = ""
    reference: str = ""
    upstream: str = ""
    measure: str = ""
    exact: bool = False
    by: str = ""
    why: str = ""


class AckOutcome(StrEnum):
    """What became of an acknowledgement for one group; `UNFIT` where no matching group has an alarm. `NOT_NOTED` is of no group:
    who gave it could not be stored.
    """

    DONE = "done"
    NOT_NOTED = "not_noted"
    REFUSED = "refused"
    UNFIT = "unfit"


@dataclass(frozen=True, slots=True, kw_only=True)
class AckResult:
    """The result of an acknowledgement for one group, with the sentence about it."""

    sentence: str
    outcome: AckOutcome

    @property
    def done(self) -> bool:
        """Whether the alarm was acknowledged."""
        return self.outcome is AckOutcome.DONE


NO_ALARM = AckResult(sentence="no matching group has an alarm", outcome=AckOutcome.UNFIT)


def done_sentences(results: Iterable[AckResult]) -> str:
    """The sentences about the alarms that were acknowledged, in a line; "" for none."""
    return "; ".join(result.sentence for result in results if result.done)


TRANSITIONS: Mapping[tuple[DriftState, DriftEvent], DriftState] = {
    (DriftState.OK, DriftEvent.SUSPICION): DriftState.SUSPECT,
    (DriftState.OK, DriftEvent.ALARM): DriftState.DRIFT,
    (DriftState.SUSPECT, DriftEvent.CALM): DriftState.OK,
    (DriftState.SUSPECT, DriftEvent.ALARM): DriftState.DRIFT,
    (DriftState.DRIFT, DriftEvent.RECOVERY): DriftState.RECOVERED,
    (DriftState.DRIFT, DriftEvent.FIXED): DriftState.OK,
    (DriftState.DRIFT, DriftEvent.ACCEPTED): DriftState.OK,
    (DriftState.RECOVERED, DriftEvent.SUSPICION): DriftState.SUSPECT,
    (DriftState.RECOVERED, DriftEvent.ALARM): DriftState.DRIFT,
    (DriftState.RECOVERED, DriftEvent.FIXED): DriftState.OK,
}
"""Every transition; any other event leaves the state unchanged. Only recovery or an operator ends DRIFT."""


def next_state(state: DriftState, event: DriftEvent) -> DriftState:
    """The state after an event."""
    return TRANSITIONS.get((state, event), state)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmName:
    """The test that gave an alarm its name at the pair `pair_id`, as it was then: it is never replaced. `at` is the latest start
    of the pairs until then (epoch seconds).
    """

    key: TestKey
    pair_id: str
    at: float
    evidence: float
    estimate: ChangePoint


@dataclass(slots=True, kw_only=True)
class Latch:
    """One test that alarmed at the pair `pair_id`, what was estimated then, and the bets on its recovery. `at` is the latest
    start of the pairs until then (epoch seconds).

    The evidence of recovery has no restarts: it must outweigh, from the alarm on, an excess of half the size that was found.
    `pairs` counts those since the alarm, `odd` those of them that lean its way.
    """

    key: TestKey
    pair_id: str
    at: float
    evidence: float
    estimate: ChangePoint
    baseline: float
    pairs: int = 0
    odd: int = 0
    mended: bool = False
    logs: list[float] = field(default_factory=lambda: [0.0] * len(GRID))
    _steps: Steps = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        bound = tolerance(self.key[0]) + self.baseline
        self._steps = recovery(tolerance(self.key[0]), max(bound, self.estimate.size / 2))

    def add(self, payoff: int) -> None:
        """Add the payoff of one pair after the alarm."""
        self.pairs += 1
        self.odd += payoff == self.key[1]
        steps = self._steps[payoff * self.key[1]]
        self.logs = [old + step for old, step in zip(self.logs, steps, strict=True)]
        self.mended = self.mended or log_mean(self.logs) >= log(RECOVERED_AT)
