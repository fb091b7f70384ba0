"""failing_reason(): a candidate of whose requests more than a tenth were refused or failed: by whom, why, and what to do.

A candidate that is down, slow or limited is neither the same nor worse for it: its answers are what the claims are about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from proxy.exchange import FailureKind
from shadow.choice.arm_evidence import ArmEvidence
from shadow.choice.candidate_claims import CandidateClaim, ChoiceVerdict
from shadow.drift.drift_signals import DriftSignal
from shadow.findings.number_words import number_of, verb_of
from shadow.pipeline.reference_errors import REMEDIES
from shadow.tournament.candidate_arms import CandidateArm
from storage.judgement_rows import ArmPairRow

MOST_FAILING = 0.10
"""Share of pairs of which an answer was denied, or the candidate's failed, above which "same" is not claimed."""
LATE = frozenset({FailureKind.TOTAL_TIMEOUT, FailureKind.SILENCE_TIMEOUT, FailureKind.CONNECT_TIMEOUT})
NO_ANSWER, IN_ANSWER = "no response", "an error in the response"
SEE_ANSWERS = "see what it writes in its answers"
REFERENCE_REMEDY = "see its key, its account and its limit"
Reason = tuple[ChoiceVerdict, str]


def failing_reason(arm: CandidateArm, evidence: ArmEvidence | None, claim: CandidateClaim | None) -> Reason | None:
    """The verdict and its sentence; None for a candidate that answers, and for one that is worse in what it answers too."""
    lost = len(arm.failed) + len(arm.denied_by_reference)
    if lost <= MOST_FAILING * len(arm.rows) or (claim and any(signal != DriftSignal.ERROR for signal, _ in claim.worse)):
        return None
    measured = bool(evidence and any(signal != DriftSignal.ERROR for signal in evidence.counts))
    verdict, words = (ChoiceVerdict.UNDECIDED, "not yet known") if measured else (ChoiceVerdict.NOT_MEASURED, "not measured")
    return verdict, f"{arm.label}: {words}: {'; '.join(_why(arm))}."


def _why(arm: CandidateArm) -> Iterator[str]:
    """How many requests the candidate, and how many the reference, did not answer, and what to do."""
    if arm.failed:
        ((way, _),) = Counter(map(_way, arm.failed)).most_common(1)
        failed = f"{len(arm.failed):,} of its {number_of(len(arm.rows), 'request')}"
        counted = f"{failed} {verb_of(len(arm.failed), 'was', 'were')} refused or failed, most by {way}"
        yield f"{counted}; {_remedy(way)}"
    if arm.denied_by_reference:
        yield f"the reference refused {len(arm.denied_by_reference):,} of the {len(arm.rows):,}: {REFERENCE_REMEDY}"


def _way(row: ArmPairRow) -> str:
    if row.failure:
        return row.failure
    if row.status is None:
        return NO_ANSWER
    return f"status {row.status}" if row.status >= 400 else IN_ANSWER


def _remedy(way: str) -> str:
    if way == "status 429":
        return "raise its limit, or lower shadow.sample_rate or tournament.per_request"
    if way == IN_ANSWER:
        return SEE_ANSWERS
    if way.startswith("status "):
        return REMEDIES.get(int(way.removeprefix("status ")), SEE_ANSWERS)
    if way in LATE:
        return "it did not answer in time: see its load, or raise shadow.timeout"
    return "see whether it runs at its base_url"
