"""The agent loop: a prompt, calls answered by a world, until the provider writes its last text or something ends the run.

Every provider gets the same messages and the same bytes of tools; what a provider does is an outcome, never an exception.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256

from proxy.exchange import Role
from shadow.reading.completion import Choice, Completion
from shadow.studies.chat_request import ChatRequest
from shadow.studies.measured_run import RunOutcome
from shadow.studies.probe.agent_messages import ReadyCall, assistant_message, ready_calls, tool_message
from shadow.studies.probe.agent_run import AgentRun, CallResult, StepAnswer
from shadow.studies.probe.outcome_rules import Ending, ending_of_failure, ending_of_text, is_loop, touched_groups
from shadow.studies.probe.task import Task
from shadow.studies.worlds.recorded_world import LeftRecordingError
from shadow.studies.worlds.tool_answers import error_text
from shadow.studies.worlds.world import AnswerSource, Opening, ToolAnswer, World, WorldError, in_world

CALLS_AT_ONCE = 4
"""Calls of one answer that run beside each other."""

AskStep = Callable[[AgentRun, ChatRequest, Role], Awaitable[StepAnswer]]
"""Sends one request of a run, or finds its stored answer; whatever the provider does is a value."""


class StudyEndsError(Exception):
    """No more requests are sent: a limit of the study would be passed, or it was interrupted."""


class AgentLoop:
    """Runs tasks; every request gets its answer from `ask`, and every one has the same `functions`."""

    def __init__(self, ask: AskStep, task: Task, model: str, functions: Sequence[dict[str, object]]) -> None:
        self._ask = ask
        self._task = task
        self._model = model
        self._functions = functions
        self._names = frozenset(map(function_name, functions))

    def __repr__(self) -> str:
        return f"<AgentLoop {self._task.name} {self._model}>"

    async def run(self, run: AgentRun, messages: Sequence[dict[str, object]], opening: Opening, role: Role) -> None:
        """Fill `run` from these messages on, in a world of its own; a world that breaks is an ending."""

        async def use(world: World) -> Ending:
            return await self._steps(run, list(messages), world, role)

        try:
            run.ending = await in_world(opening, use)
        except LeftRecordingError as error:
            run.ending = Ending(outcome=RunOutcome.LEFT_RECORDING, detail=str(error))
        except WorldError as error:
            run.ending = Ending(outcome=RunOutcome.WORLD_FAILED, detail=str(error))
        except StudyEndsError as error:
            run.ending = Ending(outcome=RunOutcome.BUDGET, detail=str(error))

    async def _steps(self, run: AgentRun, messages: list[dict[str, object]], world: World, role: Role) -> Ending:
        traces: list[str] = []
        while len(run.steps) < self._task.max_steps:
            choice = await self._step(run, messages, role)
            if isinstance(choice, Ending):
                return choice
            if not choice.tool_calls:
                run.text = choice.text or ""
                return ending_of_text(choice, missing=self._missing(run))
            results = await self._answered(run, choice, world)
            messages.append(assistant_message(choice, [result.call for result in results], self._task.echo_reasoning))
            messages += [tool_message(result.call, result.answer.text) for result in results]
            traces.append(_trace(results))
            if is_loop(traces):
                return Ending(outcome=RunOutcome.LOOPED, detail=f"repeated {results[-1].call.name!r} with the same result")
        return Ending(outcome=RunOutcome.STEP_LIMIT, detail=f"no last answer after {self._task.max_steps} steps")

    async def _step(self, run: AgentRun, messages: list[dict[str, object]], role: Role) -> Choice | Ending:
        """The next answer, or how the run ends with it."""
        body = request_body(self._task, self._model, messages, self._functions)
        asked = await self._ask(run, ChatRequest(body=body, cluster=run.task), role)
        run.steps.append(asked)
        failed = ending_of_failure(asked.answer)
        if failed is not None:
            return failed
        if run.seconds > self._task.seconds:
            return Ending(outcome=RunOutcome.OUT_OF_TIME, detail=f"more than {self._task.seconds:g} s without tools")
        assert isinstance(asked.answer.completion, Completion)
        return asked.answer.completion.first

    def _missing(self, run: AgentRun) -> frozenset[str] | None:
        if not self._task.groups:
            return None
        return frozenset(self._task.groups) - set(touched_groups(run.called, self._task.groups))

    async def _answered(self, run: AgentRun, choice: Choice, world: World) -> list[CallResult]:
        """The results of all calls of an answer, in the order of the calls."""
        free = asyncio.Semaphore(CALLS_AT_ONCE)
        calls = ready_calls(choice, self._names, {result.call.id for result in run.results})

        async def one(position: int, call: ReadyCall) -> CallResult:
            async with free:
                return CallResult(step=len(run.steps), position=position, call=call, answer=await _answer(call, world))

        made = await _in_order([one(position, call) for position, call in enumerate(calls)])
        run.results += made
        return made


async def _in_order(running: Sequence[Awaitable[CallResult]]) -> list[CallResult]:
    """The results in order; the first error once all have ended, so that no call outlives its world."""
    ended = await asyncio.gather(*running, return_exceptions=True)
    for result in ended:
        if isinstance(result, BaseException):
            raise result
    return [result for result in ended if isinstance(result, CallResult)]


async def _answer(call: ReadyCall, world: World) -> ToolAnswer:
    if call.fault:
        text = error_text(call.fault)
        return ToolAnswer(text=text.text, is_error=True, source=AnswerSource.REFUSED)
    return await world.call(call.name, call.arguments)


def _trace(results: Sequence[CallResult]) -> str:
    """What a step did and its result, as one text that is equal for equal steps."""
    parts = [[result.call.name, result.call.written, result.answer.text] for result in results]
    return sha256(json.dumps(parts).encode()).hexdigest()


def function_name(function: dict[str, object]) -> str:
    """The name of a function tool."""
    inner = function.get("function")
    return str(inner.get("name", "")) if isinstance(inner, dict) else ""


def first_messages(task: Task, prompt: str) -> list[dict[str, object]]:
    """The messages of a task's first request."""
    if task.messages:
        return list(task.messages)
    system: list[dict[str, object]] = [{"role": "system", "content": task.system}] if task.system else []
    return [*system, {"role": "user", "content": prompt}]


def request_body(task: Task, model: str, messages: Sequence[dict[str, object]], tools: Sequence[dict[str, object]]) -> bytes:
    """The body of one request, the same bytes for every provider."""
    body: dict[str, object] = {"model": model, "messages": list(messages)}
    if tools:
        body["tools"] = list(tools)
    if task.temperature is not None:
        body["temperature"] = task.temperature
    if task.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(body | dict(task.parameters), ensure_ascii=False).encode("utf-8", "surrogatepass")
