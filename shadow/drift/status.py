"""What is said of a group: its state in words and figures, made from its case; silence is never sold as innocence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shadow.drift.alarm import Latch, State
from shadow.drift.case import Case
from shadow.drift.naming import Since, most_specific, reference_suspected, title
from shadow.drift.scorecard import GroupKey
from shadow.drift.since import Segment
from shadow.drift.stakes import PROVIDER, TestKey

WELL_MEASURED = 100
"""Pairs of a group that stays ok, from which on it speaks for the reference: a fault of 30 points is found within as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One test past the bar: since when (epoch seconds), credible from `earliest` to `latest`, and the excess over the
    reference's own noise at the alarm, with its approximate 95 % interval.
    """

    signal: str
    worse: bool
    title: str
    evidence: float
    since: float
    earliest: float
    latest: float
    size: float
    low: float
    high: float
    before: float
    segments: tuple[Segment, ...]
    pair_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One group. `pairs` counted; `why` says why it is not measured; `past` holds the tests past the bar, the one that names
    the alarm first; `evidence` holds (signal, worse, log evidence) of every test that counted pairs, the strongest first: the
    bar is at 0.
    """

    group: GroupKey
    state: str
    why: str
    name: str
    pairs: int
    evidence: tuple[tuple[str, bool, float], ...]
    reference_suspected: bool
    past: tuple[Past, ...]
    excluded: tuple[tuple[str, int], ...]


def statuses(cases: Mapping[GroupKey, Case]) -> tuple[Status, ...]:
    """All groups, in the order of their names."""
    calm = [group for group, case in cases.items() if case.state is State.OK and case.watch.group.pairs >= WELL_MEASURED]
    suspected = reference_suspected([_since(group, case) for group, case in cases.items() if case.watch.latches], calm)
    return tuple(_status(group, cases[group], group in suspected) for group in sorted(cases))


def _status(group: GroupKey, case: Case, suspected: bool) -> Status:
    watch = case.watch
    seen = [(*_told(key), test.evidence) for key, test in watch.group.tests.items() if test.pairs]
    return Status(
        group=group,
        state=case.state.value,
        why=case.why if case.state is State.NOT_MEASURED else "",
        name=watch.name,
        pairs=watch.group.pairs,
        evidence=tuple(sorted(seen, key=lambda each: -each[2])),
        reference_suspected=suspected,
        past=tuple(past(latch) for latch in _ordered(watch.latches)),
        excluded=tuple(sorted(case.coverage.counts.items())),
    )


def past(latch: Latch) -> Past:
    """A latch in words and figures."""
    found = latch.estimate
    return Past(
        signal=latch.key[0],
        worse=latch.key[1] == PROVIDER,
        title=title(latch.key),
        evidence=latch.evidence,
        since=found.since,
        earliest=found.earliest,
        latest=found.latest,
        size=found.size,
        low=found.low,
        high=found.high,
        before=found.before,
        segments=found.segments,
        pair_ids=found.pair_ids,
    )


def _told(key: TestKey) -> tuple[str, bool]:
    return key[0], key[1] == PROVIDER


def _ordered(latches: Mapping[TestKey, Latch]) -> list[Latch]:
    if not latches:
        return []
    first = _naming(latches)
    return sorted(latches.values(), key=lambda latch: (latch.key != first, -latch.evidence))


def _naming(latches: Mapping[TestKey, Latch]) -> TestKey:
    return most_specific((key, latch.evidence) for key, latch in latches.items())


def _since(group: GroupKey, case: Case) -> Since:
    found = case.watch.latches[_naming(case.watch.latches)].estimate
    return Since(group=group, earliest=found.earliest, latest=found.latest)
