"""`CandidateEvidence`: the pairs of one candidate through the e-processes of its scores or signals, block by block.

A pair is the runs of candidate and reference in one block. It counts for the score where both have one, and for errors where
neither was denied or void: an error is no score of 0, but a payoff of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, log

from shadow.drift.alarm_budget import WEIGHTS, against_provider
from shadow.drift.betting_factors import log_mean
from shadow.drift.drift_signals import DriftSignal
from shadow.drift.paired_evidence import PAYOFF_BETS, PairedEvidence
from shadow.studies.measured_run import MeasuredRun, OutcomeKind
from shadow.studies.study_policy import PolicyScore, StudyPolicy

SCORE, ERRORS = "score", "error"
DECIDING = (
    DriftSignal.ANSWER_KIND,
    DriftSignal.TOOLS,
    DriftSignal.ARGUMENTS,
    DriftSignal.VALID_CALLS,
    DriftSignal.CALLS_TOOL_RATE,
    DriftSignal.FINISH_LENGTH,
    DriftSignal.REFUSAL_RATE,
    DriftSignal.ERROR,
)
"""Signals that can show a candidate as worse. Token counts are none: another chat template is no worse answer."""
REQUIRED = frozenset(
    {
        DriftSignal.ANSWER_KIND,
        DriftSignal.ARGUMENTS,
        DriftSignal.VALID_CALLS,
        DriftSignal.CALLS_TOOL_RATE,
        DriftSignal.ERROR,
    }
)
"""Signals that must all be within the allowed drop for a PASS."""
SELDOM = 0.05
"""Share of the pairs below which a signal is too seldom to be required; it is then named. The kind of answer is always required:
without it the answers were not compared.
"""
UNSCORED = 0.1
"""Share of a candidate's runs without a score beyond which it cannot pass: what was scored may be the easy part."""


@dataclass(slots=True, kw_only=True)
class EvidenceChannel:
    """One signal in one direction, or the score; `weight` is its part of the level."""

    name: str
    direction: int
    weight: float
    evidence: PairedEvidence

    @property
    def pairs(self) -> int:
        """Pairs that counted."""
        return len(self.evidence.drops)


@dataclass(slots=True, kw_only=True)
class CandidateEvidence:
    """All evidence about one candidate among `candidates` of a study (as planned), whose bar is that of one among so many.

    `paired_scores` are the sums of the candidate's and of the reference's scores over the pairs.
    """

    policy: StudyPolicy
    candidates: int
    runs: int = 0
    unscored: int = 0
    reference_unscored: int = 0
    pairs: int = 0
    paired_scores: tuple[float, float] = (0.0, 0.0)
    channels: list[EvidenceChannel] = field(init=False)
    errors: PairedEvidence = field(init=False)

    def __post_init__(self) -> None:
        self.errors = PairedEvidence(allowed=self.policy.allowed_drop, bar=self.bar)
        if self.policy.score is PolicyScore.SIGNALS:
            self.channels = _signal_channels(self.policy, self.bar)
        else:
            own = PairedEvidence(allowed=self.policy.allowed_drop, bar=self.bar)
            self.channels = [EvidenceChannel(name=SCORE, direction=1, weight=1.0, evidence=own)]

    @property
    def bar(self) -> float:
        """The logarithm of the e-value that decides for one candidate whatever the others show: ln(N / alpha)."""
        return log(self.candidates / self.policy.alpha)

    def add(self, candidate: MeasuredRun, reference: MeasuredRun) -> None:
        """Take one pair."""
        self.runs += 1
        self.unscored += not candidate.scored
        self.reference_unscored += not reference.scored
        kinds = {candidate.outcome.kind, reference.outcome.kind}
        if OutcomeKind.VOID in kinds or OutcomeKind.DENIED in kinds:
            return
        self.errors.add(float(candidate.failed) - float(reference.failed))
        if self.policy.score is PolicyScore.SIGNALS:
            self.pairs += bool(candidate.payoffs)
            payoffs = dict(candidate.payoffs)
            for channel in self.channels:
                if channel.name in payoffs:
                    channel.evidence.add(channel.direction * payoffs[channel.name])
        elif candidate.score is not None and reference.score is not None:
            self.pairs += 1
            own, other = self.paired_scores
            self.paired_scores = own + candidate.score, other + reference.score
            self.channels[0].evidence.add(reference.score - candidate.score)

    @property
    def means(self) -> tuple[float, float] | None:
        """The mean scores of candidate and reference over the pairs; None where signals are compared, or nothing is."""
        if self.policy.score is PolicyScore.SIGNALS or not self.pairs:
            return None
        return self.paired_scores[0] / self.pairs, self.paired_scores[1] / self.pairs

    @property
    def log_worse(self) -> float:
        """The logarithm of the e-value against "the two may be swapped"."""
        return _weighted([(channel.weight, channel.evidence.worse.evidence) for channel in self.channels])

    @property
    def log_fail(self) -> float:
        """The logarithm of the e-value against "worse by no more than allowed in any signal"."""
        return _weighted([(channel.weight, channel.evidence.fail.evidence) for channel in self.channels])

    @property
    def log_pass(self) -> float:
        """The logarithm of the e-value against "worse by the allowed drop or more in one of the required": the least of them."""
        return min(channel.evidence.within.evidence for channel in self.required)

    @property
    def required(self) -> Sequence[EvidenceChannel]:
        """The channels that a PASS needs; a signal that applies to few pairs is none, see `seldom`."""
        if self.policy.score is not PolicyScore.SIGNALS:
            return self.channels
        return [channel for channel in self.channels if channel.name in REQUIRED and not self._is_seldom(channel)]

    @property
    def seldom(self) -> Mapping[str, int]:
        """Signals that a PASS would need if they applied to more pairs, with their pairs."""
        if self.policy.score is not PolicyScore.SIGNALS:
            return {}
        return {one.name: one.pairs for one in self.channels if one.name in REQUIRED and self._is_seldom(one)}

    @property
    def compared(self) -> int:
        """Pairs in which the answers themselves could be compared: of signals those that count for the kind of answer."""
        if self.policy.score is not PolicyScore.SIGNALS:
            return self.pairs
        return next(channel.pairs for channel in self.channels if channel.name == DriftSignal.ANSWER_KIND)

    @property
    def sound(self) -> bool:
        """Whether it may pass, whatever its scores: it fails no more often than the reference, and most runs have a score."""
        return self.unscored <= UNSCORED * self.runs and self.errors.worse.evidence < self.bar

    def _is_seldom(self, channel: EvidenceChannel) -> bool:
        return channel.name != DriftSignal.ANSWER_KIND and channel.pairs < SELDOM * self.pairs

    @property
    def leading(self) -> EvidenceChannel:
        """The channel that shows the largest drop with the most evidence."""
        return max(self.channels, key=lambda channel: log(channel.weight) + channel.evidence.worse.evidence)

    @property
    def slowest(self) -> EvidenceChannel:
        """Of the required channels, of which there always is one, the one with the least evidence for a PASS."""
        return min(self.required, key=lambda channel: channel.evidence.within.evidence)


def _signal_channels(policy: StudyPolicy, bar: float) -> list[EvidenceChannel]:
    keys = [(signal.value, direction) for signal in DECIDING for direction in against_provider(signal)]
    whole = sum(WEIGHTS[key] for key in keys)
    return [
        EvidenceChannel(
            name=name,
            direction=direction,
            weight=WEIGHTS[name, direction] / whole,
            evidence=PairedEvidence(
                allowed=policy.allowed_drop,
                bar=bar - log(WEIGHTS[name, direction] / whole),
                bets=PAYOFF_BETS,
                within_bets=PAYOFF_BETS,
            ),
        )
        for name, direction in keys
    ]


def _weighted(logs: Iterable[tuple[float, float]]) -> float:
    """The logarithm of a weighted mean of e-values, which is one itself, however they depend on each other."""
    found = [log(weight) + value for weight, value in logs]
    return log_mean(found) + log(len(found)) if found else -inf


def gather(
    runs: Iterable[MeasuredRun], *, candidate: str, reference: str, policy: StudyPolicy, candidates: int
) -> CandidateEvidence:
    """The evidence of all pairs of these two, in the order of their blocks, whatever order the runs come in."""
    evidence = CandidateEvidence(policy=policy, candidates=candidates)
    blocks: dict[int, dict[str, MeasuredRun]] = {}
    for run in runs:
        blocks.setdefault(run.block, {})[run.provider] = run
    for _, block in sorted(blocks.items()):
        if candidate in block and reference in block:
            evidence.add(block[candidate], block[reference])
    return evidence
