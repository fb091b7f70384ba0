"""`ArmEvidence`: the e-processes of one candidate: ODD takes its pairs, BEYOND and SAME its conversations."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, replace

from shadow.choice.segment_evidence import SegmentEvidence
from shadow.choice.tournament_terms import DIFFERENCE_TESTS, TournamentTerms
from shadow.drift.alarm_budget import TestKey
from shadow.drift.conversation_units import ConversationUnit, ConversationUnits, PairPayoffs
from shadow.drift.distributions import always_reach
from shadow.drift.drift_signals import LABELS
from shadow.drift.e_process import ClaimedEvidence


@dataclass(slots=True)
class UnitMoments:
    """The number, the sum and the sum of squares of one signal's units."""

    units: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, unit: float, times: int = 1) -> None:
        """Count one unit, or so many that are equal."""
        self.units += times
        self.total += unit * times
        self.squares += unit * unit * times

    @property
    def mean(self) -> float:
        """The mean excess, a share of conversations; 0 without a unit."""
        return self.total / self.units if self.units else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The always-valid 95 % interval of the mean; (-1, 1) without a unit."""
        if not self.units:
            return -1.0, 1.0
        reach = always_reach(self.units, max(self.squares / self.units - self.mean**2, 0.0))
        return max(self.mean - reach, -1.0), min(self.mean + reach, 1.0)


@dataclass(slots=True, kw_only=True)
class SignalPairs:
    """How many pairs counted for one signal, and in how many the candidate and the reference were the odd one."""

    pairs: int = 0
    candidate_odd: int = 0
    reference_odd: int = 0

    def add(self, payoff: int) -> None:
        """Count one pair."""
        self.pairs += 1
        self.candidate_odd += payoff > 0
        self.reference_odd += payoff < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPeriod:
    """What the highest evidence for "same" was earned by: the pairs and conversations by then, and when the last pair started."""

    evidence: float = 0.0
    pairs: int = 0
    conversations: int = 0
    last: float = 0.0


@dataclass(slots=True, kw_only=True)
class ArmEvidence:
    """All evidence about one candidate in one tournament; `first` and `last` are when its pairs started (epoch seconds).

    `period` is what a claim of "same" is about: later pairs may stand against it, and do not take it back.
    """

    terms: TournamentTerms
    odd: dict[TestKey, ClaimedEvidence] = field(init=False)
    beyond: dict[TestKey, ClaimedEvidence] = field(init=False)
    same: dict[TestKey, ClaimedEvidence] = field(init=False)
    moments: dict[str, UnitMoments] = field(default_factory=dict)
    counts: dict[str, SignalPairs] = field(default_factory=dict)
    conversations: int = 0
    pairs: int = 0
    first: float = 0.0
    last: float = 0.0
    period: ClaimPeriod = ClaimPeriod()
    units: ConversationUnits = field(default_factory=ConversationUnits)
    segments: SegmentEvidence = field(init=False)

    def __post_init__(self) -> None:
        self.segments = SegmentEvidence(self.terms)
        bound = self.terms.bound
        self.odd = {key: ClaimedEvidence(same=False) for key in sorted(DIFFERENCE_TESTS)}
        self.beyond = {key: ClaimedEvidence(same=False, bound=bound(key[0])) for key in self.terms.proven}
        self.same = {key: ClaimedEvidence(same=True, bound=bound(key[0])) for key in self.terms.proven}

    def take(self, pairs: Iterable[PairPayoffs], now: float) -> None:
        """Add pairs that count, and the conversations that are over at `now` (epoch seconds)."""
        for pair in sorted(pairs, key=lambda each: each.started):
            self._close(pair.started)  # before the pair is counted, so that a look between them changes nothing
            self.add_pair(pair)
            for unit in self.units.take(pair):
                self.add_unit(unit)
        self._close(now)

    def _close(self, now: float) -> None:
        for unit in self.units.close(now):
            self.add_unit(unit)

    def copied(self) -> ArmEvidence:
        """Evidence that goes on from here, and leaves this one as it is."""
        made = replace(self, moments={key: copy(own) for key, own in self.moments.items()}, units=self.units.copied())
        made.counts = {key: copy(own) for key, own in self.counts.items()}
        for name in ("odd", "beyond", "same"):
            setattr(made, name, {key: copy(own) for key, own in getattr(self, name).items()})
        made.segments = self.segments.copied()
        return made

    def add_pair(self, pair: PairPayoffs) -> None:
        """Add one pair to the counts and to ODD."""
        self.pairs += 1
        self.first = self.first or pair.started
        self.last = max(self.last, pair.started)
        for signal, payoff in pair.payoffs.items():
            self.counts.setdefault(signal, SignalPairs()).add(payoff)
            if payoff:
                self._odd(signal, payoff)

    def _odd(self, signal: str, payoff: int) -> None:
        for side in (1, -1):
            if process := self.odd.get((signal, side)):
                process.add(payoff * side)

    def add_unit(self, unit: ConversationUnit, times: int = 1) -> None:
        """Add one closed conversation, or so many that are equal, to BEYOND and SAME."""
        self.conversations += times
        if unit.members:
            self.segments.add(unit, times)
        for signal, mean in unit.means.items():
            self.moments.setdefault(signal, UnitMoments()).add(mean, times)
            for side in (1, -1):
                for processes in (self.beyond, self.same):
                    if process := processes.get((signal, side)):
                        process.add(mean * side, times)
        if (evidence := self.same_evidence) > self.period.evidence:
            self.period = ClaimPeriod(evidence=evidence, pairs=self.pairs, conversations=self.conversations, last=self.last)

    @property
    def same_evidence(self) -> float:
        """The log evidence for "same": that of the weakest required test, because all must be shown."""
        return min((process.highest for process in self.same.values()), default=0.0)

    def floor(self, signal: str) -> float:
        """How often the reference differs from itself in a label, by the pairs in which it was the odd one; else how often the
        two differ.
        """
        counts = self.counts.get(signal, SignalPairs())
        odd = 2 * counts.reference_odd if signal in LABELS else counts.candidate_odd + counts.reference_odd
        return min(odd / counts.pairs, 1.0) if counts.pairs else 0.0
