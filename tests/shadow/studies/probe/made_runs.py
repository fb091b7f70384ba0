"""Runs made by hand, for tests that need one without a provider."""

from shadow.studies.measured_run import RunOutcome
from shadow.studies.probe.agent_messages import ReadyCall
from shadow.studies.probe.agent_run import AgentRun, CallResult
from shadow.studies.probe.outcome_rules import Ending
from shadow.studies.worlds.world import AnswerSource, ToolAnswer

COMPLETE = Ending(outcome=RunOutcome.COMPLETE)


def result(name, source=AnswerSource.RECORDED, *, fault="", notes=(), altered=()):
    call = ReadyCall(id="c", name=name, written="{}", arguments={}, fault=fault, notes=notes)
    answer = ToolAnswer(text="t", is_error=False, source=source, seconds=0.5, alterations=altered)
    return CallResult(step=1, position=0, call=call, answer=answer)


def run(*results, ending=COMPLETE):
    return AgentRun(provider="p", task="t", block=0, began=5.0, results=list(results), ending=ending)
