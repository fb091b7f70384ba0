"""failing_reason(): a candidate of whose requests more than a tenth were refused or failed: why, and what to do about it.

A candidate that is down, slow or limited is neither the same nor worse for it: its answers are what the claims are about.
"""

from __future__ import annotations

from collections import Counter

from proxy.exchange import FailureKind
from shadow.choice.arm_evidence import ArmEvidence
from shadow.choice.candidate_claims import CandidateClaim, ChoiceVerdict
from shadow.drift.drift_signals import DriftSignal
from shadow.drift.exclusions import Exclusion
from shadow.pipeline.reference_errors import REMEDIES
from shadow.tournament.candidate_arms import CandidateArm

MOST_FAILING = 0.10
"""Share of a candidate's answers that were denied or failed, above which "same" is not claimed."""
LATE = frozenset({FailureKind.TOTAL_TIMEOUT, FailureKind.SILENCE_TIMEOUT, FailureKind.CONNECT_TIMEOUT})
Reason = tuple[ChoiceVerdict, str]


def failing_reason(arm: CandidateArm, evidence: ArmEvidence | None, claim: CandidateClaim | None) -> Reason | None:
    """The verdict and its sentence; None for a candidate that answers, and for one that is worse in what it answers too."""
    if arm.failing <= MOST_FAILING or (claim and any(signal != DriftSignal.ERROR for signal, _ in claim.worse)):
        return None
    measured = bool(evidence and any(signal != DriftSignal.ERROR for signal in evidence.counts))
    verdict, words = (ChoiceVerdict.UNDECIDED, "not yet known") if measured else (ChoiceVerdict.NOT_MEASURED, "not measured")
    return verdict, f"{arm.label}: {words}: {_why(arm)}."


def _why(arm: CandidateArm) -> str:
    """How many requests were refused or failed, by the most frequent way, and what to do."""
    denied, failed = _ways(arm, Exclusion.DENIED), _ways(arm, Exclusion.PROVIDER_FAILED)
    (way, _), *_ = (denied + failed).most_common(1)
    counted = f"{denied.total() + failed.total():,} of its {len(arm.rows):,} requests were refused or failed, most by {way}"
    return f"{counted}; {_remedy(way)}"


def _ways(arm: CandidateArm, reason: Exclusion) -> Counter[str]:
    rows = (row for row in arm.rows if reason.value in row.excluded)
    return Counter(row.failure or f"status {row.status}" for row in rows)


def _remedy(way: str) -> str:
    if way == "status 429":
        return "raise its limit, or lower shadow.sample_rate or tournament.per_request"
    if way.startswith("status "):
        return REMEDIES.get(int(way.removeprefix("status ")), "see what it writes in its answers")
    if way in LATE:
        return "it did not answer in time: see its load, or raise shadow.timeout"
    return "see whether it runs at its base_url"
