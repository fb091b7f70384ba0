"""A task for providers with tools, as values: the prompts, what counts, which world it has, and how long it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shadow.studies.own_checks.check_spec import CheckSpec
from shadow.studies.probe.agent_messages import EchoReasoning
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.worlds.recording import Match, Unseen
from shadow.studies.worlds.server_spec import ServerSpec

MAX_STEPS = 20
"""Requests of one run, unless the task sets another number."""
RUN_SECONDS = 900.0
"""Seconds of one run without the time of its tools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What every provider gets. Each of `prompts` is a task of its own; `groups` are sets of tools, each one point of the
    coverage; a run that calls a tool of `forbid` scores 0. `parameters` are further members of each request.
    """

    name: str
    prompts: tuple[str, ...]
    system: str = ""
    max_steps: int = MAX_STEPS
    seconds: float = RUN_SECONDS
    stream: bool = True
    temperature: float | None = None
    echo_reasoning: EchoReasoning = EchoReasoning.AS_SENT
    parameters: Mapping[str, object] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forbid: tuple[str, ...] = ()
    checks: tuple[CheckSpec, ...] = ()
    messages: tuple[dict[str, object], ...] = ()
    """Messages with which a run begins, in place of `system` and prompt: those of a conversation that is taken up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskWorld:
    """Where answers of tools come from: `source` is a recording that stands in for the servers, `record` one to be written."""

    source: Path | None = None
    record: Path | None = None
    match: Match = Match.ARGUMENTS
    unseen: Unseen = Unseen.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySettings:
    """Which providers are compared with which reference, how often at most, and how the runs are ordered."""

    providers: tuple[str, ...]
    reference: str
    model: str
    runs: int
    seed: int = 0
    at_once: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFile:
    """All of a task file; `here` is its folder."""

    task: Task
    study: StudySettings
    policy: StudyPolicy
    budget: BudgetLimits
    servers: tuple[ServerSpec, ...]
    world: TaskWorld
    here: Path
