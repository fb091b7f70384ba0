"""A case as text and back, exactly: what was saved and goes on equals what never stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter

from shadow.drift.alarm_budget import WEIGHTS, AlertBudget
from shadow.drift.alarm_state import AlarmState
from shadow.drift.change_point import ChangePoint
from shadow.drift.coverage import RecentCoverage
from shadow.drift.e_detector import EDetector
from shadow.drift.group_state import GroupStanding, GroupState
from shadow.drift.second_look import SecondLook
from shadow.drift.states import AlarmName, DriftState, Latch


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    bar: float
    watch: _Watch
    reasons: list[str]
    cached: list[bool]
    counts: dict[str, int]
    look: SecondLook | None
    told: GroupStanding


_TEXT = TypeAdapter(_Case)


def saved(state: GroupState) -> str:
    """The case as JSON, but for its memory of 24 hours, which is made again from the stored pairs. Numbers keep every bit;

    tests that no pair counted for are left out.
    """
    coverage = state.coverage
    plain = _Case(
        bar=state.watch.group.budget.bar,
        watch=_plain(state.watch),
        reasons=list(coverage.reasons),
        cached=list(coverage.cached),
        counts=dict(coverage.counts),
        look=state.look,
        told=state.told,
    )
    return _TEXT.dump_json(plain).decode()


def restored(text: str, budget: AlertBudget | None = None) -> GroupState:
    """The case that was saved, judged by these stakes, or by those it was saved with; ValueError where the text is none of
    ours. A test that is no longer made is left out.
    """
    plain = _TEXT.validate_json(text)
    budget = budget or AlertBudget(bar=plain.bar)
    case = GroupState(budget)
    case.watch = _watch(plain.watch, budget)
    case.coverage = RecentCoverage(plain.reasons, plain.cached, plain.counts)
    case.look, case.told = plain.look, plain.told
    return case


def _plain(watch: AlarmState) -> _Watch:
    used = (test for test in watch.group.tests.values() if test.pairs or test.baseline)
    return _Watch(
        version=2,
        state=watch.state,
        pairs=watch.group.pairs,
        last=watch.group.last,
        tests=[_Test(**{name: getattr(test, name) for name in _Test.__slots__}) for test in used],
        latches=[*map(_kept, watch.latches.values())],
        failing=[*map(_kept, watch.failing.values())],
        named=watch.named,
    )


def _kept(latch: Latch) -> _Latch:
    return _Latch(**{name: getattr(latch, name) for name in _Latch.__slots__})


def _latch(plain: _Latch) -> Latch:
    return Latch(**{name: getattr(plain, name) for name in _Latch.__slots__})


def _watch(plain: _Watch, budget: AlertBudget) -> AlarmState:
    watch = AlarmState(budget)
    watch.state, watch.group.pairs, watch.group.last = plain.state, plain.pairs, plain.last
    for test in plain.tests:
        if test.key in WEIGHTS:
            fields = {name: getattr(test, name) for name in _Test.__slots__}
            watch.group.tests[test.key] = EDetector(budget=budget, **fields)
    for side, kept in ((watch.latches, plain.latches), (watch.failing, plain.failing)):
        side.update({latch.key: _latch(latch) for latch in kept if latch.key in WEIGHTS})
    if plain.named and plain.named.key in WEIGHTS:
        watch.named = plain.named
    return watch
