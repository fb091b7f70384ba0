"""`GroupState`: judges the pairs of one group and returns its drift state, its alarm and why it is not measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shadow.drift.admission import Admission
from shadow.drift.alarm_budget import AlertBudget, TestKey
from shadow.drift.alarm_state import AlarmState, LookBack, StateChange
from shadow.drift.alarm_titles import REFERENCE_FAILING, REFERENCE_MOVED
from shadow.drift.attribution import Blame, SecondLook
from shadow.drift.count_detector import CountTests, TokenCounts
from shadow.drift.drift_signals import AGREEMENT, DriftSignal
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.exclusions import Exclusion
from shadow.drift.recent_coverage import RecentCoverage
from shadow.drift.state_transitions import DriftState, Latch
from shadow.findings.number_words import number_of

Payoffs = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPair:
    """One finished pair as it is stored: `excluded` holds the reasons why parts of it do not count, the main one first.

    `counts` are the tokens of both sides for the same words, which count whatever else is excluded.
    """

    pair_id: str
    group: GroupKey
    started: float
    conversation: str
    fingerprint: str
    kind: str
    payoffs: tuple[tuple[str, int], ...]
    excluded: tuple[str, ...] = ()
    counts: tuple[TokenCounts, ...] = ()
    upstream: str = ""
    """The server behind a router, as it was named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The result of one pair: the payoffs that counted, the reasons why others did not, and the change it brought."""

    counted: tuple[tuple[str, int], ...]
    excluded: tuple[str, ...]
    change: StateChange | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStanding:
    """What the evidence shows of a group: its state, the name of its alarm ("" without one), and which side moved."""

    state: DriftState = DriftState.OK
    name: str = ""
    blame: Blame | None = None


class GroupState:
    """One group. `look` is the second look at its alarm, None without one; `reported` the standing that was stored last."""

    def __init__(self, budget: AlertBudget, baselines: Mapping[TestKey, float] | None = None) -> None:
        self.alarm = AlarmState(budget, baselines)
        self.coverage = RecentCoverage()
        self.admission = Admission()
        self.token_counts = CountTests()
        self.look: SecondLook | None = None
        self.reported = GroupStanding()

    def __repr__(self) -> str:
        return f"<GroupState {self.state.value} {self.alarm.group_tests.pairs} pairs, reported {self.reported.state.value}>"

    @property
    def standing(self) -> GroupStanding:
        """What the evidence shows, whatever was excluded: an alarm about the provider first. A reference that moved or fails
        leaves the provider not measured; while a page waits for its second look the group is suspect.
        """
        alarm = self.alarm
        look = self.look
        if alarm.state is DriftState.DRIFT and look and look.waits:
            return GroupStanding(state=DriftState.SUSPECT)
        blame = look.blame if look else Blame.NOT_YET_KNOWN
        if alarm.state is DriftState.DRIFT and blame is not Blame.REFERENCE:
            return GroupStanding(state=DriftState.DRIFT, name=alarm.name, blame=blame)
        if alarm.state is DriftState.DRIFT:
            return GroupStanding(state=DriftState.NOT_MEASURED, name=REFERENCE_MOVED, blame=Blame.REFERENCE)
        if alarm.failing:
            return GroupStanding(state=DriftState.NOT_MEASURED, name=REFERENCE_FAILING, blame=Blame.REFERENCE)
        return GroupStanding(state=alarm.state)

    @property
    def state(self) -> DriftState:
        """The drift state: an alarm about the provider first, then what is missing; `ok` only where pairs counted."""
        standing = self.standing
        if self.coverage.why_not_measured and standing.state is not DriftState.DRIFT:
            return DriftState.NOT_MEASURED
        return DriftState.WAITING if standing.state is DriftState.OK and not self._agreement_counted else standing.state

    @property
    def _agreement_counted(self) -> bool:
        """Whether any pair counted for a signal of agreement; pairs with a failed answer count for errors and numbers alone."""
        return any(test.pairs for (signal, _), test in self.alarm.group_tests.tests.items() if signal in AGREEMENT)

    @property
    def why(self) -> str:
        """Why the group is not measured, or what it waits for; empty when it is measured."""
        if self.state is DriftState.WAITING:
            return self.coverage.why_waiting
        if self.alarm.failing:
            return "; ".join(map(_failed, self.alarm.failing.values()))
        if self.standing.name == REFERENCE_MOVED and self.look:
            return f"the reference moved: {self.look.by} left it at the same time"
        return self.coverage.why_not_measured

    def take(self, pair: JudgedPair, look_back: LookBack) -> Judgement:
        """Judge one pair; `look_back` returns the evidence of the pairs that counted, this one included."""
        counted, excluded = self._admitted(pair)
        self.token_counts.add(pair.counts, pair.started)
        self.coverage.add(excluded, judged=any(signal in AGREEMENT for signal, _ in counted))
        change = self.alarm.add(pair.pair_id, pair.started, counted, look_back)
        return Judgement(counted=counted, excluded=excluded, change=change)

    def take_part(self, pair: JudgedPair, whole: Judgement, look_back: LookBack) -> Judgement:
        """Judge what counted of one pair in the group of a router (`whole`) for the group of one server behind it. A router hides
        the failures of its servers, so they count for none.
        """
        counted = tuple(each for each in whole.counted if each[0] != DriftSignal.ERROR)
        self.coverage.add(whole.excluded, judged=any(signal in AGREEMENT for signal, _ in counted))
        change = self.alarm.add(pair.pair_id, pair.started, counted, look_back)
        return Judgement(counted=counted, excluded=whole.excluded, change=change)

    def remember(self, pair: JudgedPair) -> None:
        """Add a pair that counted before to the record of the last 24 hours, and to nothing else."""
        self.admission.admit(pair_id=pair.pair_id, fingerprint=pair.fingerprint, conversation=pair.conversation, at=pair.started)

    def close_look(self) -> None:
        """Drop the second look of an alarm that is over."""
        if self.alarm.state is not DriftState.DRIFT:
            self.look = None

    def _admitted(self, pair: JudgedPair) -> tuple[Payoffs, tuple[str, ...]]:
        if not pair.payoffs:
            return (), pair.excluded
        why = self.admission.why_not(
            pair_id=pair.pair_id, fingerprint=pair.fingerprint, conversation=pair.conversation, at=pair.started
        )
        if why:
            return (), (why.value, *pair.excluded)
        self.remember(pair)
        if not self.coverage.caching:
            return () if Exclusion.SAME_SERVER in pair.excluded else pair.payoffs, pair.excluded
        directed = tuple(each for each in pair.payoffs if each[0] not in AGREEMENT)
        return directed, (Exclusion.CACHING_REFERENCE.value, *pair.excluded)


def _failed(latch: Latch) -> str:
    """How often the reference was the faulty one, in words, with what was counted since the alarm."""
    odd, pairs = latch.estimate.odd + latch.odd, latch.estimate.pairs + latch.pairs
    if latch.key[0] == DriftSignal.ERROR:
        return f"the reference failed in {odd:,} of {number_of(pairs, 'request')}"
    return f"the reference sent an invalid tool call in {odd:,} of {pairs:,} compared calls"
