"""`AgentRun`: one run of a task as it happens: its steps, its calls and their results, and how it ended.

It is filled while the run goes on, so that a world that breaks leaves what was there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from proxy.exchange import Exchange
from shadow.reading.completion import Completion
from shadow.reading.parsed_response import ParsedResponse
from shadow.studies.measured_run import RunOutcome
from shadow.studies.probe.agent_messages import ReadyCall
from shadow.studies.probe.outcome_rules import Ending
from shadow.studies.worlds.recording import too_many_misses
from shadow.studies.worlds.world import AnswerSource, ToolAnswer

_MISSES = frozenset({AnswerSource.NEAREST, AnswerSource.UNSEEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAnswer:
    """One answer of a provider, and how often its request was sent."""

    exchange: Exchange
    answer: ParsedResponse
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """One call of a run with its answer; `executed` is false where the call's own fault kept it from a tool."""

    step: int
    position: int
    call: ReadyCall
    answer: ToolAnswer

    @property
    def executed(self) -> bool:
        """Whether a tool, or its recording, was called."""
        return not self.call.fault


@dataclass(slots=True, kw_only=True)
class AgentRun:
    """One run of `task` at `provider` in `block`, since `began` (epoch seconds); `ending` is None while it goes on."""

    provider: str
    task: str
    block: int
    began: float
    steps: list[StepAnswer] = field(default_factory=list)
    results: list[CallResult] = field(default_factory=list)
    text: str = ""
    ending: Ending | None = None

    @property
    def called(self) -> tuple[str, ...]:
        """The tools that were called, in order; calls that reached none are not among them."""
        return tuple(result.call.name for result in self.results if result.executed)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was altered in calls and results, in order."""
        own = [(*result.call.notes, *result.answer.alterations) for result in self.results]
        return tuple(note for notes in own for note in notes)

    @property
    def misses(self) -> int:
        """Calls that left the recording."""
        return sum(result.answer.source in _MISSES for result in self.results)

    @property
    def left_recording(self) -> bool:
        """Whether so many calls left the recording that the run is no evidence."""
        return too_many_misses(self.misses, len(self.called))

    @property
    def tool_seconds(self) -> float:
        """Seconds that its tools took."""
        return sum(result.answer.seconds for result in self.results)

    @property
    def seconds(self) -> float:
        """Seconds that the provider took, waiting between tries left out."""
        return sum(step.exchange.seconds for step in self.steps)

    def tokens(self) -> tuple[int | None, int | None]:
        """Prompt and completion tokens over all steps; None where a step counted none."""
        usages = [step.answer.completion.usage for step in self.steps if isinstance(step.answer.completion, Completion)]
        prompt = [usage.prompt_tokens if usage else None for usage in usages]
        completion = [usage.completion_tokens if usage else None for usage in usages]
        return _total(prompt), _total(completion)

    @property
    def outcome(self) -> RunOutcome:
        """How it ended; AssertionError while it goes on."""
        assert self.ending is not None
        return self.ending.outcome


def _total(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None
