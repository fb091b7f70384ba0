"""`ProviderFigures`: the results of one provider's runs, with intervals; errors are beside the score, never in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from shadow.drift.repeated_runs import passes_all
from shadow.drift.score_intervals import score_interval, stopped_interval
from shadow.studies.measured_run import MeasuredRun, OutcomeKind, RunOutcome

ENOUGH_TASKS = 10
"""Tasks from which the interval is about tasks like these; below, it is about these tasks alone and takes their runs."""
TIMES = 4
"""k of pass^k, where there are so many runs of each task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFigures:
    """One provider in a study. `runs` = `scored` + `failed` + `denied` + `void`. `mean` is the mean score (a share), with
    `low`..`high` its 95 % interval for a number of runs fixed beforehand, and `stopped_low`..`stopped_high` the one that holds
    for a study that stopped when it was decided. `units` counts what the intervals take as independent: tasks where there are
    ten or more, else runs. All None without a scored run.

    `complete` runs reached everything asked; `all_of_four` is pass^4, the chance that four runs of one task are all complete, in
    the mean over tasks. `first_try` of `asked` runs were answered at the first try. Times are medians in seconds, counts of
    steps and tokens means per scored run, `cost` a sum in dollars; None where no run has them.
    """

    provider: str
    runs: int
    scored: int
    failed: int
    denied: int
    void: int
    outcomes: Mapping[str, int]
    errors: Mapping[str, int]
    tasks: int
    units: int
    mean: float | None
    low: float | None
    high: float | None
    stopped_low: float | None
    stopped_high: float | None
    complete: int
    all_of_four: float | None
    points: float | None
    of: float | None
    asked: int
    first_try: int
    steps: float | None
    calls: float | None
    seconds: float | None
    first_token: float | None
    tool_seconds: float | None
    prompt_tokens: float | None
    completion_tokens: float | None
    cost: float | None

    @property
    def unscored_share(self) -> float:
        """The share of runs that gave nothing to score, for whatever reason."""
        return (self.runs - self.scored) / self.runs if self.runs else 0.0


def provider_figures(provider: str, runs: Sequence[MeasuredRun]) -> ProviderFigures:
    """The figures of one provider's runs, in the order of their blocks."""
    own = sorted((run for run in runs if run.provider == provider), key=lambda run: (run.block, run.position))
    kinds = Counter(run.outcome.kind for run in own)
    scored = [run for run in own if run.score is not None]
    units = _units(scored)
    bounds = score_interval(min(sum(units), len(units)), len(units)) if units else (None, None)
    stopped = stopped_interval(units) if units else (None, None)
    asked = [run for run in own if run.outcome.kind is not OutcomeKind.VOID]
    return ProviderFigures(
        provider=provider,
        runs=len(own),
        scored=len(scored),
        failed=kinds[OutcomeKind.FAILED],
        denied=kinds[OutcomeKind.DENIED],
        void=kinds[OutcomeKind.VOID],
        outcomes=dict(sorted(Counter(run.outcome.value for run in own).items())),
        errors=dict(sorted(Counter(run.detail or run.outcome.value for run in own if run.score is None).items())),
        tasks=len({run.task for run in own}),
        units=len(units),
        mean=fmean(units) if units else None,
        low=bounds[0],
        high=bounds[1],
        stopped_low=stopped[0],
        stopped_high=stopped[1],
        complete=sum(run.outcome is RunOutcome.COMPLETE for run in scored),
        all_of_four=_all_of_four(scored),
        points=_mean([run.points for run in scored]),
        of=_mean([run.of for run in scored]),
        asked=len(asked),
        first_try=sum(run.tries == 1 and run.outcome.kind is OutcomeKind.SCORED for run in asked),
        steps=_mean([float(run.steps) for run in scored]),
        calls=_mean([float(len(run.calls)) for run in scored]),
        seconds=_median([run.seconds for run in scored]),
        first_token=_median([run.first_token for run in scored]),
        tool_seconds=_median([run.tool_seconds for run in scored]),
        prompt_tokens=_mean([run.prompt_tokens for run in scored]),
        completion_tokens=_mean([run.completion_tokens for run in scored]),
        cost=_sum([run.cost for run in own]),
    )


def by_cluster(runs: Sequence[MeasuredRun]) -> dict[str, list[MeasuredRun]]:
    """Runs by their prompt or conversation, in the order in which each first came."""
    found: dict[str, list[MeasuredRun]] = defaultdict(list)
    for run in runs:
        found[run.cluster or run.task].append(run)
    return found


def _units(scored: Sequence[MeasuredRun]) -> list[float]:
    """The scores that an interval takes as independent: means of tasks where there are enough, else runs."""
    clusters = by_cluster(scored)
    if len(clusters) < ENOUGH_TASKS:
        return [run.score for run in scored if run.score is not None]
    return [fmean(run.score for run in found if run.score is not None) for found in clusters.values()]


def _all_of_four(scored: Sequence[MeasuredRun]) -> float | None:
    tasks: dict[str, list[MeasuredRun]] = defaultdict(list)
    for run in scored:
        tasks[run.task].append(run)
    found = [
        passes_all(sum(run.outcome is RunOutcome.COMPLETE for run in own), len(own), TIMES)
        for own in tasks.values()
        if len(own) >= TIMES
    ]
    return fmean(found) if found and len(found) == len(tasks) else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
