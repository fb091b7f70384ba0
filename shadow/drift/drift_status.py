"""statuses(): the state of each group in words and figures, made from its `GroupState`; a group without pairs is never `ok`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shadow.drift.alarm_budget import PROVIDER, TestKey
from shadow.drift.alarm_sentence import alarm_sentence
from shadow.drift.alarm_titles import REFERENCE_FAILING, REFERENCE_MOVED, title
from shadow.drift.attribution import Blame
from shadow.drift.change_point import KindTotals
from shadow.drift.count_detector import CountStanding
from shadow.drift.effect_phrases import effect, leans
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupState
from shadow.drift.state_transitions import AlarmName, DriftState, Latch


@dataclass(frozen=True, slots=True, kw_only=True)
class PastThreshold:
    """One test past the threshold: since when (epoch seconds), credible from `earliest` to `latest`, and the excess over the
    reference's own noise at the alarm, with its approximate 95 % interval. `worse`: the provider is the odd one, or has more of
    what the signal counts; `direction` is one of `effect_phrases.LABELS`, and `sentence` states it with the size.
    """

    signal: str
    worse: bool
    direction: str
    sentence: str
    title: str
    evidence: float
    since: float
    earliest: float
    latest: float
    size: float
    low: float
    high: float
    before: float
    segments: tuple[KindTotals, ...]
    pair_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftStatus:
    """One group. `pairs` counted; `why` it is not measured; `name` is the alarm's, from its first pair on, `sentence` all of it
    in words, `blame` the side it is about (a `Blame`, "" without an alarm) with `blame_why` where that is not yet known, `by` the
    provider that settled it and `facts` what changed beside it. `waits`: its first page waits for the second look.

    `past` holds the tests past the threshold, the one that names the alarm first, also while it waits or is the reference's;
    `failing` those by which the reference is the faulty one; `evidence` (signal, direction, log evidence) of every test that
    counted pairs, the strongest first: the threshold is at 0. `counts`: whether its tokens are more than the reference's.
    """

    group: GroupKey
    state: str
    why: str
    name: str
    pairs: int
    evidence: tuple[tuple[str, str, float], ...]
    past: tuple[PastThreshold, ...]
    failing: tuple[PastThreshold, ...]
    excluded: tuple[tuple[str, int], ...]
    sentence: str
    blame: str
    blame_why: str
    by: str
    facts: tuple[str, ...]
    waits: bool
    counts: tuple[CountStanding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceStatus:
    """One reference for one model: `state` is "ok", "failing" (it is faulty more often than a provider) or "moved" (providers
    differ from it since the same time), and `sentence` states it.
    """

    model: str
    reference: str
    state: str
    sentence: str


REFERENCE_STATES: Mapping[str, str] = {REFERENCE_FAILING: "failing", REFERENCE_MOVED: "moved"}


def statuses(states: Mapping[GroupKey, GroupState]) -> tuple[DriftStatus, ...]:
    """All groups, in the order of their names."""
    return tuple(_status(group, states[group]) for group in sorted(states))


def references(found: Iterable[DriftStatus]) -> tuple[ReferenceStatus, ...]:
    """Each reference with each model compared with it, in the order of their names; failing takes precedence over moved."""
    states: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for status in found:
        own = states.setdefault((status.group.model, status.group.reference), [])
        if status.failing or status.name in REFERENCE_STATES:
            own.append(("failing" if status.failing else REFERENCE_STATES[status.name], status.why))
    return tuple(
        ReferenceStatus(model=model, reference=reference, state=state, sentence=sentence)
        for (model, reference), own in sorted(states.items())
        for state, sentence in [min(own, default=("ok", ""))]
    )


def _status(group: GroupKey, state: GroupState) -> DriftStatus:
    alarm, look, standing = state.alarm, state.look, state.standing
    seen = [(*_directed(key), test.evidence) for key, test in alarm.group_tests.tests.items() if test.pairs]
    return DriftStatus(
        group=group,
        state=state.state.value,
        why=state.why if state.state in {DriftState.NOT_MEASURED, DriftState.WAITING} else "",
        name=standing.name,
        pairs=alarm.group_tests.pairs,
        evidence=tuple(sorted(seen, key=lambda each: -each[2])),
        past=_past(state),
        failing=tuple(past(latch) for latch in alarm.failing.values()),
        excluded=tuple(sorted(state.coverage.counts.items())),
        sentence=alarm_sentence(group, state),
        blame=standing.blame.value if standing.blame else "",
        blame_why=look.why(group.reference) if look and standing.blame is Blame.NOT_YET_KNOWN else "",
        by=look.by if look else "",
        facts=look.facts if look else (),
        waits=bool(look and look.waits),
        counts=state.token_counts.standings,
    )


def past(latch: Latch | AlarmName) -> PastThreshold:
    """A latch in words and figures."""
    found = latch.estimate
    return PastThreshold(
        signal=latch.key[0],
        worse=latch.key[1] == PROVIDER,
        direction=leans(*latch.key),
        sentence=effect(latch.key[0], found.size * latch.key[1]),
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


def _past(state: GroupState) -> tuple[PastThreshold, ...]:
    """The test that names the alarm first, as it was then; the others by their evidence."""
    named, latches = state.alarm.named, state.alarm.latches
    others = sorted((latch for key, latch in latches.items() if not named or key != named.key), key=lambda latch: -latch.evidence)
    first = (past(named),) if named else ()
    return (*first, *(past(latch) for latch in others))


def _directed(key: TestKey) -> tuple[str, str]:
    return key[0], leans(*key)
