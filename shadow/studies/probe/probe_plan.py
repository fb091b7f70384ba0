"""ProbePlan: the runs of a task in interleaved blocks, and what they can cost at most; made without network. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shadow.drift.repeated_runs import runs_to_separate
from shadow.drift.stopping_power import StoppingRule, fewest_pairs
from shadow.findings.number_words import number_of
from shadow.settings.config_errors import ConfigErrorItem
from shadow.studies.interleaving import Blocks, interleaved
from shadow.studies.probe.task import TaskFile
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.targets import Targets

UNBUDGETED_REQUESTS = 2_000
"""A study that can need more requests needs a budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePlan:
    """All runs that can be needed; `prompts` by the names that tasks have in the results."""

    name: str
    targets: Targets
    blocks: Blocks
    prompts: dict[str, str]
    max_steps: int

    @property
    def runs(self) -> int:
        """Runs at most: one of each provider in each block."""
        return len(self.blocks) * len(self.targets.names)

    @property
    def most_requests(self) -> int:
        """Requests at most; a study that decides earlier sends fewer."""
        return self.runs * self.max_steps


def probe_plan(file: TaskFile, targets: Targets) -> ProbePlan:
    """The plan of a task file for these providers."""
    prompts = _named(file.task.name, file.task.prompts)
    blocks = interleaved(seed=file.study.seed, tasks=list(prompts), providers=targets.names, passes=file.study.runs)
    return ProbePlan(name=file.task.name, targets=targets, blocks=blocks, prompts=prompts, max_steps=file.task.max_steps)


def _named(name: str, prompts: Sequence[str]) -> dict[str, str]:
    if len(prompts) == 1:
        return {name: prompts[0]}
    return {f"{name}-{number}": prompt for number, prompt in enumerate(prompts, start=1)}


def plan_errors(plan: ProbePlan, file: TaskFile) -> list[ConfigErrorItem]:
    """What forbids to run this plan."""
    limited = file.budget.limited
    if plan.most_requests <= UNBUDGETED_REQUESTS or limited:
        return []
    sentence = (
        f"is needed: {number_of(plan.most_requests, 'request')} are possible, and more than {UNBUDGETED_REQUESTS:,} are sent only"
        f" within a limit; write requests = {plan.most_requests}, or tokens, money or minutes"
    )
    return [ConfigErrorItem(path=("study", "budget"), sentence=sentence)]


def probe_plan_lines(plan: ProbePlan, file: TaskFile, missing: Sequence[str], *, kind: str = "probe") -> list[str]:
    """The plan as it is printed, of a study of this kind."""
    budget, policy = file.budget, file.policy
    limits = [
        *([f"{number_of(budget.requests, 'request')}"] if budget.requests else []),
        *([f"{number_of(budget.tokens, 'token')}"] if budget.tokens else []),
        *([f"{budget.money:g} of money"] if budget.money else []),
        *([number_of(budget.minutes, "minute", form="g")] if budget.minutes else []),
    ]
    allowed = policy.allowed_drop
    rule = "no allowed drop, so intervals only" if allowed is None else f"an allowed drop of {allowed * 100:g} points"
    separate = runs_to_separate(0.9, 0.5, alpha=policy.alpha)
    runs, providers = number_of(len(plan.blocks), "run"), number_of(len(plan.targets.names), "provider")
    most = f"{runs} of each of {providers}, {number_of(plan.max_steps, 'request')} each"
    return [
        f"{kind} {plan.name}: {', '.join(plan.targets.candidates)} against {plan.targets.reference}, model {file.study.model}",
        f"  at most {most}: {number_of(plan.most_requests, 'request')}; each candidate stops when it is decided",
        f"  limits that are never passed: {', '.join(limits) or 'none'}",
        f"  score {policy.score.value}, {rule}; at a fixed number, 90 % against 50 % would need {separate} runs of each",
        *_fewest(policy),
        *(f"  missing: {sentence}" for sentence in missing),
    ]


def _fewest(policy: StudyPolicy) -> list[str]:
    """A line with the runs that a verdict takes at least, where there can be one."""
    if policy.allowed_drop is None:
        return []
    rules = [StoppingRule(allowed=policy.allowed_drop, within=within, alpha=policy.alpha) for within in (True, False)]
    passes, fails = (found and max(found, policy.fewest_runs) for found in map(fewest_pairs, rules))
    beyond = f"a FAIL {fails}, where all are opposites"
    if passes is None:
        return [f"  with no drop allowed a PASS takes a candidate that does better; {beyond}"]
    return [f"  a PASS takes at least {number_of(passes, 'run')} of each, where all are equal, {beyond}"]
