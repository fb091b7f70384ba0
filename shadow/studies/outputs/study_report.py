"""`StudyReport`: all that the outputs of a study print, as plain values; every output is made of it and computes nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shadow.studies.figures.verifier_summary import VerifierSummary
from shadow.studies.measured_run import MeasuredRun
from shadow.studies.study_policy import PolicyScore
from shadow.studies.verdicts.study_verdict import StudyResult

POINTS = 200
"""Points of a course that are kept at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts:
    """What a study was, besides its runs. `kind` is try, replay, probe or fork; times are epoch seconds, `ended` None for one
    that still runs. `ended_by` is why no more runs came, a key of `study_lines.ENDINGS`. `planned` counts
    blocks. `models` holds the model by provider. `skipped` are some of the `skipped_rows` that could not be read, as
    `file:line: what`.
    `command` reproduces it. `cost` is in dollars, None where no price is known.
    """

    name: str
    kind: str
    version: str
    began: float
    ended: float | None
    ended_by: str
    seed: int
    planned: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    skipped_rows: int = 0
    notes: tuple[str, ...] = ()
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedGroup:
    """One group of tools: of each provider the scored runs that called one of it, and all scored runs."""

    group: str
    touched: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DropCourse:
    """The mean drop of a candidate after each pair, at most two hundred points, the last one included."""

    candidate: str
    pairs: tuple[int, ...]
    means: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyReport:
    """A study as every output shows it. `blocks` are those that were begun; `outcomes` the outcome of each provider's runs in the
    order of blocks.
    """

    facts: StudyFacts
    result: StudyResult
    blocks: int
    groups: tuple[TouchedGroup, ...]
    courses: tuple[DropCourse, ...]
    outcomes: Mapping[str, tuple[str, ...]]
    verifiers: tuple[VerifierSummary, ...]


def study_report(
    facts: StudyFacts, result: StudyResult, runs: Sequence[MeasuredRun], verifiers: Sequence[VerifierSummary] = ()
) -> StudyReport:
    """The report of a study's runs; `verifiers` are the summaries of a replay."""
    ordered = sorted(runs, key=lambda run: (run.block, run.position))
    names = [result.reference.provider, *(verdict.candidate for verdict in result.verdicts)]
    return StudyReport(
        facts=facts,
        result=result,
        blocks=len({run.block for run in ordered}),
        groups=_groups(ordered, names),
        courses=tuple(_course(ordered, name, result) for name in names[1:]),
        outcomes={name: tuple(run.outcome.value for run in ordered if run.provider == name) for name in names},
        verifiers=tuple(verifiers),
    )


def _groups(runs: Sequence[MeasuredRun], names: Sequence[str]) -> tuple[TouchedGroup, ...]:
    groups = dict.fromkeys(group for run in runs for group in run.touched)
    scored = {name: [run for run in runs if run.provider == name and run.scored] for name in names}
    return tuple(
        TouchedGroup(
            group=group, touched={name: (sum(group in run.touched for run in own), len(own)) for name, own in scored.items()}
        )
        for group in sorted(groups)
    )


def _course(runs: Sequence[MeasuredRun], candidate: str, result: StudyResult) -> DropCourse:
    drops = _drops(runs, candidate, result)
    total, means = 0.0, []
    for count, drop in enumerate(drops, 1):
        total += drop
        means.append(total / count)
    step = max(1, -(-len(means) // POINTS))
    places = [place for place in range(len(means)) if (place + 1) % step == 0 or place == len(means) - 1]
    return DropCourse(candidate=candidate, pairs=tuple(place + 1 for place in places), means=tuple(means[p] for p in places))


def _drops(runs: Sequence[MeasuredRun], candidate: str, result: StudyResult) -> list[float]:
    """The drops of the score; of signals those of the kind of answer."""
    if result.policy.score is PolicyScore.SIGNALS:
        payoffs = [dict(run.payoffs) for run in runs if run.provider == candidate]
        return [float(found["answer_kind"]) for found in payoffs if "answer_kind" in found]
    anchors = {run.block: run.score for run in runs if run.provider == result.reference.provider and run.score is not None}
    own = [run for run in runs if run.provider == candidate and run.score is not None and run.block in anchors]
    return [anchors[run.block] - (run.score or 0.0) for run in own]
