"""candidate_arms(): the pairs of a tournament by candidate, model and serving identity; each of these takes one place.

A candidate whose serving identity changes is another candidate: its count begins again, in the next place, and what was
claimed of the earlier one is no longer shown. So the level that was fixed at the start covers every count.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from proxy.exchange import Role
from shadow.choice.arm_evidence import ArmEvidence
from shadow.choice.tournament_terms import TournamentTerms
from shadow.drift.conversation_units import PairPayoffs
from shadow.drift.drift_signals import AGREEMENT
from shadow.drift.exclusions import Exclusion
from storage.judgement_rows import ArmPairRow
from storage.rows import IdentityRow

LONGEST_MODEL = 200
"""Characters of a model's name that are printed beside its candidate's."""
COUNTED = frozenset({"", Exclusion.CACHING_REFERENCE.value})
"""Judgements of pairs of which some payoffs count."""
DIRECTED_ONLY = frozenset({Exclusion.CACHING_REFERENCE.value})


@dataclass(slots=True, kw_only=True)
class CandidateArm:
    """One candidate with one model and one serving identity, since `began` (epoch seconds); `place` counts from 1. `label` is how
    it is printed: its name, with its model where the candidate has several.
    """

    name: str
    model: str
    began: float
    place: int = 0
    rows: list[ArmPairRow] = field(default_factory=list)
    label: str = ""

    def __post_init__(self) -> None:
        self.label = self.label or self.name

    @property
    def excluded(self) -> Counter[str]:
        """The pairs by the main reason why not all of one counts: the first that excludes it, else that of the judge."""
        reasons = (row.excluded[0] if row.excluded else row.judgement for row in self.rows)
        return Counter(reason for reason in reasons if reason)

    @property
    def failed(self) -> Sequence[ArmPairRow]:
        """The pairs whose own answer was denied (429 and the like) or failed."""
        return [
            row
            for row in self.rows
            if row.excluded and (Exclusion.PROVIDER_FAILED in row.excluded or (_denied(row) and not _answered(row)))
        ]

    @property
    def denied_by_reference(self) -> Sequence[ArmPairRow]:
        """The pairs that the candidate answered and the reference denied."""
        return [row for row in self.rows if row.excluded and _denied(row) and _answered(row)]

    @property
    def failing(self) -> float:
        """The share of pairs whose own answer was denied or failed."""
        return len(self.failed) / len(self.rows) if self.rows else 0.0

    @property
    def is_reference(self) -> bool:
        """Whether the candidate is the reference's own server."""
        return any(Exclusion.SAME_SERVER in row.excluded for row in self.rows)


def _denied(row: ArmPairRow) -> bool:
    return Exclusion.DENIED in row.excluded


def _answered(row: ArmPairRow) -> bool:
    return not row.failure and row.status is not None and row.status < 400


def candidate_arms(
    rows: Iterable[ArmPairRow], changes: Iterable[IdentityRow], candidates: Sequence[str], *, begun: float, reference: str
) -> list[CandidateArm]:
    """The arms in the order of their first pairs; a candidate without one has one arm without a place and a model."""
    moments, wanted = _moments(changes, begun), frozenset(candidates)
    arms: dict[tuple[str, str, float], CandidateArm] = {}
    for row in rows:
        if row.role != Role.CANDIDATE or row.provider not in wanted or row.reference != reference:
            continue
        changed = moments.get((row.provider, row.model), ())
        began = max((at for at in changed if at <= row.started), default=begun) if changed else begun
        key = row.provider, row.model, began
        if key not in arms:
            arms[key] = CandidateArm(name=row.provider, model=row.model, began=began, place=len(arms) + 1)
        arms[key].rows.append(row)
    _label(arms.values())
    seen = {arm.name for arm in arms.values()}
    missing = [CandidateArm(name=name, model="", began=begun) for name in candidates if name not in seen]
    return [*arms.values(), *missing]


def _label(arms: Collection[CandidateArm]) -> None:
    """Add the model to the label of each candidate that has several."""
    models: dict[str, set[str]] = defaultdict(set)
    for arm in arms:
        models[arm.name].add(arm.model)
    for arm in arms:
        if len(models[arm.name]) > 1:
            arm.label = f"{arm.name} ({arm.model[:LONGEST_MODEL]})"


def _moments(changes: Iterable[IdentityRow], begun: float) -> Mapping[tuple[str, str], list[float]]:
    """When the serving identity of each provider and model changed since the start; the first one is no change."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in changes:
        if row.previous and row.started > begun:
            found[row.provider, row.model].append(row.started)
    return found


def latest(arms: Iterable[CandidateArm]) -> list[CandidateArm]:
    """Of each candidate and model the arm that goes on."""
    newest: dict[tuple[str, str], CandidateArm] = {}
    for arm in sorted(arms, key=lambda each: each.began):
        newest[arm.name, arm.model] = arm
    return list(newest.values())


def arm_evidence(arm: CandidateArm, terms: TournamentTerms, now: float) -> ArmEvidence:
    """The evidence about one arm at `now` (epoch seconds).

    It ends before the first pair that waits for the judge, so that a unit once counted never changes.
    """
    horizon = horizon_of(arm)
    evidence = ArmEvidence(terms=terms)
    evidence.take(counted_pairs(row for row in arm.rows if row.started < horizon), min(horizon, now))
    return evidence


def horizon_of(arm: CandidateArm) -> float:
    """When the first pair that waits for the judge started (epoch seconds); infinite without one."""
    return min((row.started for row in arm.rows if row.judgement is None), default=inf)


def counted_pairs(rows: Iterable[ArmPairRow]) -> list[PairPayoffs]:
    """The payoffs of those of the pairs that count."""
    return [pair for row in rows if (pair := _counted(row))]


def _counted(row: ArmPairRow) -> PairPayoffs | None:
    """The payoffs of a pair that count; None where none does."""
    if row.judgement not in COUNTED:
        return None
    kept = {
        signal: payoff for signal, payoff in row.payoffs.items() if row.judgement not in DIRECTED_ONLY or signal not in AGREEMENT
    }
    if not kept:
        return None
    return PairPayoffs(started=row.started, conversation=row.conversation, payoffs=kept, segments=row.segments)
