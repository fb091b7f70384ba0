"""The lines of a study that are no table: heading, verdicts, and what is promised; the same words in every output."""

from __future__ import annotations

from collections.abc import Sequence

from shadow.findings.number_words import number_of
from shadow.studies.outputs.study_report import StudyReport
from shadow.studies.study_policy import PolicyScore
from shadow.studies.verdicts.study_verdict import StudyWord
from shadow.verdict.phrases import moment

MARKS = {
    StudyWord.FAIL: "✗",
    StudyWord.PASS: "✓",
    StudyWord.UNDECIDED: "?",
    StudyWord.NOT_MEASURED: "?",
    StudyWord.COMPARED: "·",
}
ENDINGS = {
    "decided": "every candidate decided",
    "complete": "all blocks run",
    "budget": "ended by its budget",
    "interrupted": "interrupted",
    "the reference gave no answers": "ended because the reference gave no answers",
    "no candidate is left": "ended because each candidate is decided or was given up",
    "": "still running",
}
SKIPPED = 5
"""Broken rows that are listed."""


def heading(report: StudyReport) -> str:
    """What the study was, in one line."""
    facts = report.facts
    return f"{facts.kind} {facts.name}: {', '.join(verdict.candidate for verdict in report.result.verdicts)} against " + (
        report.result.reference.provider
    )


def summary(report: StudyReport) -> Sequence[str]:
    """How much was run and why it ended, and when."""
    facts = report.facts
    ending = ENDINGS.get(facts.ended_by, facts.ended_by)
    took = "" if facts.ended is None else f" to {moment(facts.ended)}"
    money = "" if facts.cost is None else f", ${facts.cost:,.2f}"
    tokens = facts.prompt_tokens + facts.completion_tokens
    return (
        f"{_blocks(report)}, {ending}; {number_of(facts.requests, 'request')}, {number_of(tokens, 'token')}{money}",
        f"{moment(facts.began)}{took} UTC, seed {facts.seed}, sameweights {facts.version}",
    )


def _blocks(report: StudyReport) -> str:
    """How many blocks were run; a study that is taken up with fewer runs holds more than are planned now."""
    run, planned = report.blocks, report.facts.planned
    return f"{run} of {planned} blocks" if run <= planned else f"{run} blocks, more than the {planned} planned now"


def promises(report: StudyReport) -> Sequence[str]:
    """What the verdicts promise, and by which policy."""
    policy = report.result.policy
    level, confidence = f"{policy.alpha * 100:g} %", f"{(1 - policy.alpha) * 100:g} %"
    what = "signals of pairs" if policy.score is PolicyScore.SIGNALS else policy.score.value
    if policy.allowed_drop is None:
        allowed = f"Compared by {what}; no drop is allowed by a policy, so that there is neither PASS nor FAIL."
    else:
        allowed = f"Judged by {what}, allowed drop {policy.allowed_drop * 100:g} points, not below {policy.fewest_runs} pairs."
    return (
        allowed,
        (
            f'Of all PASS, of all FAIL and of all "worse" given, at most {level} are wrong, however often one looks and whenever'
            f" one stops. Bounds in brackets behind a drop hold one by one with {confidence}."
        ),
    )


def remarks(report: StudyReport) -> Sequence[str]:
    """Notes of the study and of its verdicts, and rows that were skipped."""
    facts = report.facts
    found = [f"{verdict.candidate}: {note}" for verdict in report.result.verdicts for note in verdict.notes]
    found += facts.notes
    if facts.skipped_rows:
        found.append(f"skipped, because it could not be read: {number_of(facts.skipped_rows, 'row')}")
        found += facts.skipped[:SKIPPED]
    if facts.command:
        found.append(f"again: {facts.command}")
    return found
