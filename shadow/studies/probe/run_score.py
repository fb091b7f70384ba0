"""measured_run(): one run of a task as the statistics take it: an outcome, and a score where there is one. Pure."""

from __future__ import annotations

from shadow.studies.measured_run import MeasuredRun, OutcomeKind, RunOutcome
from shadow.studies.own_checks.answer_facts import AnswerFacts, CalledTool
from shadow.studies.own_checks.run_checks import CheckedAnswer
from shadow.studies.probe.agent_run import AgentRun
from shadow.studies.probe.outcome_rules import Ending, touched_groups
from shadow.studies.probe.task import Task
from shadow.studies.study_policy import PolicyScore


def answer_facts(run: AgentRun, before: dict[str, bytes], after: dict[str, bytes]) -> AnswerFacts:
    """What a user's checks may look at."""
    calls = tuple(CalledTool(name=result.call.name, arguments=result.call.written) for result in run.results)
    return AnswerFacts(text=run.text, calls=calls, files_before=before, files_after=after)


def measured_run(
    run: AgentRun, task: Task, score: PolicyScore, *, position: int, checked: CheckedAnswer | None = None
) -> MeasuredRun:
    """The run with its score: coverage, points of the checks, or whether it is complete; 0 where a forbidden tool was called."""
    ending = _ending(run, task, checked)
    has_score = ending.outcome.kind is OutcomeKind.SCORED
    prompt, completion = run.tokens()
    return MeasuredRun(
        provider=run.provider,
        block=run.block,
        task=run.task,
        position=position,
        outcome=ending.outcome,
        score=_score(run, task, score, checked, ending) if has_score else None,
        points=checked.points if checked and has_score else None,
        of=checked.of if checked and has_score else None,
        tries=run.steps[0].tries if run.steps else 1,
        detail=ending.detail,
        steps=len(run.steps),
        calls=run.called,
        touched=touched_groups(run.called, task.groups),
        prompt_tokens=prompt,
        completion_tokens=completion,
        seconds=run.seconds,
        first_token=run.steps[0].answer.timing.first_token if run.steps else None,
        tool_seconds=run.tool_seconds,
    )


def _ending(run: AgentRun, task: Task, checked: CheckedAnswer | None) -> Ending:
    """How the run ended once its checks are known: a complete one has all of their points."""
    assert run.ending is not None
    if run.outcome.kind is not OutcomeKind.SCORED:
        return run.ending
    if checked is not None and checked.score is None:
        why = next(result.why for result in checked.results if result.broken)
        return Ending(outcome=RunOutcome.WORLD_FAILED, detail=f"a check could not be made: {why}")
    if forbidden := [name for name in run.called if name in task.forbid]:
        return Ending(outcome=RunOutcome.PARTIAL, detail=f"called {forbidden[0]}, which the task forbids")
    if run.outcome is RunOutcome.COMPLETE and checked is not None and checked.reasons:
        return Ending(outcome=RunOutcome.PARTIAL, detail=checked.reasons[0])
    return run.ending


def _score(run: AgentRun, task: Task, score: PolicyScore, checked: CheckedAnswer | None, ending: Ending) -> float:
    if any(name in task.forbid for name in run.called):
        return 0.0
    if score is PolicyScore.COVERAGE:
        return len(touched_groups(run.called, task.groups)) / len(task.groups)
    if score is PolicyScore.CHECKS and checked is not None and checked.score is not None:
        return checked.score
    return float(ending.outcome is RunOutcome.COMPLETE)
