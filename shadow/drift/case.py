"""The case of one group: which of its pairs are let in, what they come to, and what is said of the group now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shadow.drift.admission import Admission
from shadow.drift.alarm import State
from shadow.drift.coverage import Coverage
from shadow.drift.exclusion import Exclusion
from shadow.drift.scorecard import GroupKey
from shadow.drift.signals import AGREEMENT, Signal
from shadow.drift.stakes import REFERENCE, Stakes, TestKey
from shadow.drift.watch import Change, LookBack, Watch

Payoffs = tuple[tuple[str, int], ...]
REFERENCE_FAILS = (Signal.ERROR.value, REFERENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One finished pair as it is stored: `excluded` holds the reasons why parts of it were left out, the main one first."""

    pair_id: str
    group: GroupKey
    started: float
    conversation: str
    fingerprint: str
    kind: str
    payoffs: tuple[tuple[str, int], ...]
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What became of one pair: the payoffs that counted, the reasons why others did not, and the change it brought."""

    counted: tuple[tuple[str, int], ...]
    excluded: tuple[str, ...]
    change: Change | None


class Case:
    """One group."""

    def __init__(self, stakes: Stakes, baselines: Mapping[TestKey, float] | None = None) -> None:
        self.watch = Watch(stakes, baselines)
        self.coverage = Coverage()
        self.admission = Admission()

    @property
    def state(self) -> State:
        """What is said of the group: an alarm before all, unless it is the reference's own failing; then what is missing."""
        alarmed = self.watch.state is State.DRIFT and set(self.watch.latches) != {REFERENCE_FAILS}
        return State.NOT_MEASURED if self.why and not alarmed else self.watch.state

    @property
    def why(self) -> str:
        """Why the group is not measured; empty when it is."""
        return self.coverage.why_not_measured

    def take(self, entry: Entry, look_back: LookBack) -> Ruling:
        """Judge one pair; the evidence that `look_back` reads holds the pairs that counted, this one included."""
        counted, excluded = self._admitted(entry)
        self.coverage.add(excluded, judged=any(signal in AGREEMENT for signal, _ in counted))
        change = self.watch.add(entry.pair_id, entry.started, counted, look_back)
        return Ruling(counted=counted, excluded=excluded, change=change)

    def remember(self, entry: Entry) -> None:
        """Take a pair that was let in before into the memory of the last 24 hours, and nowhere else."""
        self.admission.let_in(
            pair_id=entry.pair_id, fingerprint=entry.fingerprint, conversation=entry.conversation, at=entry.started
        )

    def _admitted(self, entry: Entry) -> tuple[Payoffs, tuple[str, ...]]:
        if not entry.payoffs:
            return (), entry.excluded
        why = self.admission.why_not(
            pair_id=entry.pair_id, fingerprint=entry.fingerprint, conversation=entry.conversation, at=entry.started
        )
        if why:
            return (), (why.value, *entry.excluded)
        self.remember(entry)
        if not self.coverage.caching:
            return entry.payoffs, entry.excluded
        directed = tuple(each for each in entry.payoffs if each[0] not in AGREEMENT)
        return directed, (Exclusion.CACHING_REFERENCE.value, *entry.excluded)
