"""Runs of pretended studies for tests and for bench/studies.py: scores drawn by a seed, interleaved as a real study's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from shadow.studies.interleaving import interleaved
from shadow.studies.measured_run import MeasuredRun, RunOutcome
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.verdicts.stopping_watch import StoppingWatch
from shadow.studies.verdicts.study_rule import judge_study
from shadow.studies.verdicts.study_verdict import StudyResult

Draw = Callable[[Random, str], RunOutcome | float]
"""(random, task) -> a score, or an outcome without one."""


def succeeds(rate: float) -> Draw:
    return lambda random, _task: float(random.random() < rate)


def run_of(
    provider: str, block: int, came: RunOutcome | float, *, position: int = 0, task: str = "t", **more: object
) -> MeasuredRun:
    if isinstance(came, RunOutcome):
        return MeasuredRun(provider=provider, block=block, task=task, position=position, outcome=came, score=None, **more)
    outcome = RunOutcome.COMPLETE if came == 1 else RunOutcome.PARTIAL
    return MeasuredRun(provider=provider, block=block, task=task, position=position, outcome=outcome, score=came, **more)


def study(
    draws: Mapping[str, Draw],
    *,
    policy: StudyPolicy,
    seed: int = 1,
    passes: int = 40,
    tasks: tuple[str, ...] = ("t",),
    reference: str = "reference",
) -> tuple[StudyResult, list[MeasuredRun]]:
    """A whole study: planned, run block by block until each candidate is decided, judged."""
    random, names = Random(f"study {seed}"), [*draws]
    candidates = [name for name in names if name != reference]
    watch = StoppingWatch(reference=reference, candidates=candidates, policy=policy)
    runs: list[MeasuredRun] = []
    for block in interleaved(seed=seed, tasks=tasks, providers=names, passes=passes):
        if watch.all_decided:
            break
        for name in block.order:
            if name not in watch.decided:
                runs.append(run_of(name, block.number, draws[name](random, block.task), position=len(runs), task=block.task))
                watch.add(runs[-1])
    return judge_study(runs, reference=reference, candidates=candidates, policy=policy), runs
