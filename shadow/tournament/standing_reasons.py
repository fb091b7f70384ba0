"""standing_reason(): what stands against a claim about a candidate, whatever its evidence: the first reason decides."""

from __future__ import annotations

from datetime import UTC, datetime

from shadow.choice.arm_evidence import ArmEvidence
from shadow.choice.candidate_claims import FEWEST_CONVERSATIONS, CandidateClaim, ChoiceVerdict
from shadow.choice.tournament_terms import TournamentTerms
from shadow.drift.exclusions import SENTENCES, Exclusion
from shadow.findings.number_words import number_of, verb_of
from shadow.report.alarm_details import alarm_details
from shadow.tournament.candidate_arms import CandidateArm
from shadow.tournament.failing_candidates import Reason, failing_reason
from shadow.verdict.phrases import named
from storage.judgement_rows import AlarmRow

REMOVE = "; name another one, or leave it out"
WAITING = "; where others have some, its answers take long (shadow.timeout), or its copies got no slot (`candidate_busy`)"
DELETERS = "check what deletes them (`forget`, keep_days of storage and of its tenants, or storage.max_bytes)"


def standing_reason(
    arm: CandidateArm, evidence: ArmEvidence | None, claim: CandidateClaim | None, terms: TournamentTerms, alarm: AlarmRow | None
) -> Reason | None:
    """The verdict and its sentence where something stands against the claim; None where nothing does. `alarm` is the drift
    alarm of this candidate, None without one.
    """
    return (
        _unmeasured(arm, terms)
        or failing_reason(arm, evidence, claim)
        or _uncounted(arm, evidence)
        or (None if claim is None or claim.verdict is ChoiceVerdict.WORSE else _doubtful(arm, evidence, claim, alarm))
    )


def deletion_reason(arm: CandidateArm, cut: float, deleted: int) -> Reason | None:
    """Why nothing is claimed in a tournament of which `deleted` pairs were deleted, or the first may be: that frees places and
    changes or restarts the evidence, which the level does not cover. `cut` is the moment before which records are deleted
    (epoch seconds), 0 where none of it may be.
    """
    if deleted:
        verdict, words = (ChoiceVerdict.UNDECIDED, "not yet known") if arm.rows else (ChoiceVerdict.NOT_MEASURED, "not measured")
        gone = f"{number_of(deleted, 'pair')} of this tournament {verb_of(deleted, 'was', 'were')}"
        return verdict, f"{arm.label}: {words}: {gone} deleted, so that nothing is claimed; {DELETERS}, and begin a new one."
    if not cut or not arm.rows:
        return None
    why = f"records before {_moment(cut)} are deleted, and the tournament began earlier, so that pairs of it may be deleted"
    remedy = "raise keep_days (of storage and of its tenants) or storage.max_bytes, and begin a new one"
    return ChoiceVerdict.UNDECIDED, f"{arm.label}: not yet known: {why}; {remedy}."


def _moment(at: float) -> str:
    when = datetime.fromtimestamp(at, UTC)
    return f"{when.day} {when:%b %H:%M} UTC"


def _found(alarm: AlarmRow) -> str:
    """What the alarm found, in brackets, because it may be a signal that "same" does not need; "" where that was not kept."""
    words = next((test.sentence for test in alarm_details(alarm).tests), "")
    return f" ({words})" if words else ""


def _unmeasured(arm: CandidateArm, terms: TournamentTerms) -> Reason | None:
    if arm.is_reference:
        return ChoiceVerdict.NOT_MEASURED, f"{arm.label}: not measured: too faithful, it is the reference's own server{REMOVE}."
    if not arm.rows:
        return ChoiceVerdict.NOT_MEASURED, f"{arm.label}: not measured: no request has been compared yet{WAITING}."
    if arm.place > terms.places:
        why = f"all {terms.places} places of this tournament are taken; a new tournament has new ones"
        return ChoiceVerdict.UNDECIDED, f"{arm.label}: not yet known: {why}."
    return None


def _uncounted(arm: CandidateArm, evidence: ArmEvidence | None) -> Reason | None:
    if evidence is None or evidence.pairs:
        return None
    if not arm.excluded:
        wait = f"{number_of(len(arm.rows), 'pair')} {verb_of(len(arm.rows), 'waits', 'wait')}"
        return ChoiceVerdict.NOT_MEASURED, f"{arm.label}: not measured: its {wait} to be judged."
    ((main, count),) = arm.excluded.most_common(1)
    why = SENTENCES[Exclusion(main)] if main in set(Exclusion) else "no signal could be compared"
    return ChoiceVerdict.NOT_MEASURED, f"{arm.label}: not measured: {count:,} of {number_of(len(arm.rows), 'request')}: {why}."


def _doubtful(arm: CandidateArm, evidence: ArmEvidence | None, claim: CandidateClaim, alarm: AlarmRow | None) -> Reason | None:
    if alarm is not None:
        taken = "; the earlier claim is withdrawn" if claim.same else ""
        return ChoiceVerdict.DIFFERS, f"{arm.label}: differs: a drift alarm since {_moment(alarm.at)}{_found(alarm)}{taken}."
    if claim.closer:
        why = f"closer to the reference than that is to itself in {named(claim.closer[0][0])}: too faithful"
        return ChoiceVerdict.UNDECIDED, f"{arm.label}: not yet known: {why}."
    if evidence and evidence.conversations < FEWEST_CONVERSATIONS:
        why = f"{evidence.conversations:,} of {FEWEST_CONVERSATIONS} conversations are complete"
        return ChoiceVerdict.UNDECIDED, f"{arm.label}: not yet known: {why} ({number_of(evidence.pairs, 'request')})."
    return None
