"""saved(), restored(): a group state as JSON and back, exactly; the keys are those of stored snapshots and keep their names."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import TypeAdapter

from shadow.drift.alarm_budget import WEIGHTS, AlertBudget
from shadow.drift.alarm_state import AlarmState
from shadow.drift.attribution import SecondLook
from shadow.drift.change_point import ChangePoint
from shadow.drift.count_detector import CountTests
from shadow.drift.e_detector import EDetector
from shadow.drift.group_state import GroupStanding, GroupState
from shadow.drift.recent_coverage import RecentCoverage
from shadow.drift.state_transitions import AlarmName, DriftState, Latch


@dataclass(frozen=True, slots=True, kw_only=True)
class _Test:
    key: tuple[str, int]
    baseline: float
    pairs: int
    plus: int
    minus: int
    even: list[float]
    tolerant: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Latch:
    key: tuple[str, int]
    pair_id: str
    at: float
    evidence: float
    estimate: ChangePoint
    baseline: float
    pairs: int
    odd: int
    mended: bool
    logs: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watch:
    version: Literal[2]
    state: DriftState
    pairs: int
    last: str
    tests: list[_Test]
    latches: list[_Latch]
    failing: list[_Latch]
    named: AlarmName | None
    latest_start: float = 0.0
    """0 in a snapshot of an earlier version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    bar: float
    watch: _Watch
    reasons: list[str]
    cached: list[bool]
    counts: dict[str, int]
    look: SecondLook | None
    told: GroupStanding
    token_counts: CountTests = field(default_factory=CountTests)
    head_start_share: float | None = None
    """None in a snapshot of an earlier version."""


_TEXT = TypeAdapter(_Case)


def saved(state: GroupState) -> str:
    """The state as JSON, without its record of the last 24 hours, which is rebuilt from the stored pairs. Numbers keep every bit;
    tests that no pair counted for are absent.
    """
    coverage = state.coverage
    budget = state.alarm.group_tests.budget
    plain = _Case(
        bar=budget.threshold,
        watch=_plain(state.alarm),
        reasons=list(coverage.reasons),
        cached=list(coverage.cached),
        counts=dict(coverage.counts),
        look=state.look,
        told=state.reported,
        token_counts=state.token_counts,
        head_start_share=budget.head_start_share,
    )
    return _TEXT.dump_json(plain, by_alias=True).decode()


def restored(text: str, budget: AlertBudget | None = None) -> GroupState:
    """The state that was saved, with this budget or the one it was saved with; ValueError where the text is no snapshot of a
    group. Its part of the head start is the one that it was saved with, and a test that no longer exists is ignored.
    """
    plain = _TEXT.validate_json(text)
    budget = budget or AlertBudget(threshold=plain.bar)
    if plain.head_start_share is not None:
        budget = replace(budget, head_start_share=plain.head_start_share)
    state = GroupState(budget)
    state.alarm = _alarm(plain.watch, budget)
    state.coverage = RecentCoverage(plain.reasons, plain.cached, plain.counts)
    state.look, state.reported = plain.look, plain.told
    state.token_counts = plain.token_counts
    return state


def _plain(alarm: AlarmState) -> _Watch:
    used = (test for test in alarm.group_tests.tests.values() if test.pairs or test.baseline)
    return _Watch(
        version=2,
        state=alarm.state,
        pairs=alarm.group_tests.pairs,
        last=alarm.group_tests.last_pair_id,
        tests=[_Test(**{name: getattr(test, name) for name in _Test.__slots__}) for test in used],
        latches=[*map(_kept, alarm.latches.values())],
        failing=[*map(_kept, alarm.failing.values())],
        named=alarm.named,
        latest_start=alarm.latest_start,
    )


def _kept(latch: Latch) -> _Latch:
    return _Latch(**{name: getattr(latch, name) for name in _Latch.__slots__})


def _latch(plain: _Latch) -> Latch:
    return Latch(**{name: getattr(plain, name) for name in _Latch.__slots__})


def _alarm(plain: _Watch, budget: AlertBudget) -> AlarmState:
    alarm = AlarmState(budget)
    alarm.latest_start = plain.latest_start
    alarm.state, alarm.group_tests.pairs, alarm.group_tests.last_pair_id = plain.state, plain.pairs, plain.last
    for test in plain.tests:
        if test.key in WEIGHTS:
            fields = {name: getattr(test, name) for name in _Test.__slots__}
            alarm.group_tests.tests[test.key] = EDetector(budget=budget, **fields)
    for side, kept in ((alarm.latches, plain.latches), (alarm.failing, plain.failing)):
        side.update({latch.key: _latch(latch) for latch in kept if latch.key in WEIGHTS})
    if plain.named and plain.named.key in WEIGHTS:
        alarm.named = plain.named
    return alarm
