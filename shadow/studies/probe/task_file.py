"""load_task(): a task from its TOML file; everything that is wrong with it at once, each with its line and what was meant."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from shadow.settings.config_errors import ConfigError, ConfigErrorItem, ConfigSource, explain, known_keys, quoted, sentences
from shadow.settings.toml_file import parse_toml, read_text, validated
from shadow.settings.toml_lines import KeyPath, key_lines
from shadow.studies.chat_request import is_json
from shadow.studies.own_checks.check_spec import CheckKind, CheckSpecError, read_check
from shadow.studies.probe.agent_messages import EchoReasoning
from shadow.studies.probe.task import MAX_STEPS, RUN_SECONDS, StudySettings, Task, TaskFile, TaskWorld
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import OnUndecided, PolicyScore, StudyPolicy, policy_faults
from shadow.studies.worlds.copied_links import link_faults
from shadow.studies.worlds.recording import Match, Unseen
from shadow.studies.worlds.server_spec import CALL_SECONDS, START_SECONDS, Isolation, ServerSpec

ONE_RUN = (
    "one run of each gives no verdict, because a provider differs between its own runs: total opposites need"
    " 4 runs of each to be distinguished, 90 % against 50 % needs 23; write runs = 40, and the study stops when it has decided"
)
Seconds = Annotated[float, Field(gt=0, le=86_400)]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_NAMED = "must be given, as up to 32 letters, digits, _ and -, but is {}"
_NO_JSON = "holds nan or inf, which JSON does not have"
_OWN_MEMBERS = frozenset({"model", "messages", "tools", "stream", "stream_options", "temperature", "functions", "n"})
"""Members of a request that the study itself sets."""


class Section(BaseModel):
    """A table of the file; keys that it does not know are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TaskSection(Section):
    """`[task]`."""

    name: str = ""
    prompt: str = ""
    prompts: tuple[str, ...] = ()
    system: str = ""
    max_steps: Annotated[int, Field(ge=1, le=1_000)] = MAX_STEPS
    seconds: Seconds = RUN_SECONDS
    stream: bool = True
    temperature: Annotated[float, Field(ge=0, le=5)] | None = None
    echo_reasoning: Literal["as-sent", "drop"] = "as-sent"
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    forbid: tuple[str, ...] = ()
    checks: tuple[dict[str, JsonValue], ...] = ()


class PolicySection(Section):
    """`[study.policy]`."""

    score: Literal["coverage", "checks", "complete"] = "coverage"
    allowed_drop: float | None = None
    alpha: float = 0.05
    fewest_runs: int = 6
    on_undecided: Literal["exit 4", "exit 0"] = "exit 4"


class BudgetSection(Section):
    """`[study.budget]`; 0 is no limit."""

    requests: Annotated[int, Field(ge=0)] = 0
    tokens: Annotated[int, Field(ge=0)] = 0
    money: Annotated[float, Field(ge=0)] = 0.0
    minutes: Annotated[float, Field(ge=0)] = 0.0


class StudySection(Section):
    """`[study]`."""

    providers: tuple[str, ...] = ()
    reference: str = ""
    model: str = ""
    runs: Annotated[int, Field(ge=1, le=10_000)] = 40
    seed: int = 0
    at_once: Annotated[int, Field(ge=1, le=64)] = 2
    policy: PolicySection = PolicySection()
    budget: BudgetSection = BudgetSection()


class ServerSection(Section):
    """One of `[[servers]]`."""

    name: str = ""
    command: tuple[str, ...] = ()
    url: str = ""
    token_env: str = ""
    copy_from: Annotated[str, Field(alias="copy")] = ""
    alias: dict[str, str] = Field(default_factory=dict)
    env: dict[str, str] = Field(default_factory=dict)
    pass_env: tuple[str, ...] = ()
    isolation: Literal["run", "shared", "in_process"] = "run"
    trusted: bool = False
    hide: tuple[str, ...] = ()
    inject: dict[str, JsonValue] = Field(default_factory=dict)
    timeout: Seconds = CALL_SECONDS
    start_timeout: Seconds = START_SECONDS


class WorldSection(Section):
    """`[world]`: a recording in place of the servers, or one to be written."""

    source: Annotated[str, Field(alias="from")] = ""
    record: str = ""
    match: Literal["arguments", "sequence"] = "arguments"
    unseen: Literal["error", "nearest", "stop"] = "error"


class TaskTables(Section):
    """The whole file."""

    task: TaskSection = TaskSection()
    study: StudySection = StudySection()
    servers: tuple[ServerSection, ...] = ()
    world: WorldSection = WorldSection()


def load_task(path: Path) -> TaskFile:
    """The task of a file; ConfigError with everything that is wrong with it."""
    text = read_text(path, missing="name a task file")
    tables = parse_toml(text, str(path))
    origin = ConfigSource(file=str(path), lines=key_lines(text))
    parsed, found = _parsed(tables)
    found += [item for item in _faults(parsed, path.parent) if not _follows(item.path, found)]
    if found:
        raise ConfigError(sentences(found, origin))
    return _task_file(parsed, path.parent)


def _parsed(tables: dict[str, object]) -> tuple[TaskTables, list[ConfigErrorItem]]:
    """The tables with what does not fit left out, and a sentence for each of those."""
    try:
        return validated(TaskTables, tables), []
    except ValidationError as error:
        found = explain(error.errors(), TaskTables)
    kept: object = deepcopy(tables)
    for path in sorted({item.path for item in found}, key=_deepest_first):
        kept = _without(kept, path)
    return validated(TaskTables, kept if isinstance(kept, dict) else {}), found


def _deepest_first(path: KeyPath) -> tuple[int, list[int | str]]:
    """Deeper paths first, and later places of a list before earlier ones, so that no removal moves another place."""
    return -len(path), [-part if isinstance(part, int) else part for part in path]


def _without(value: object, path: KeyPath) -> object:
    """The value without what stands at the path."""
    if not path:
        return {}
    first, rest = path[0], path[1:]
    if isinstance(value, dict) and first in value:
        kept = {key: item for key, item in value.items() if key != first}
        return {**kept, first: _without(value[first], rest)} if rest else kept
    if isinstance(value, list) and isinstance(first, int):
        return [*value[:first], *([_without(value[first], rest)] if rest else []), *value[first + 1 :]]
    return value


def _follows(path: KeyPath, found: Sequence[ConfigErrorItem]) -> bool:
    """Whether a fault at `path` follows from one that was found: there, or in a key that was probably meant to be this one."""
    for item in found:
        near = get_close_matches(str(item.path[-1]), known_keys(TaskTables, item.path[:-1]), n=1) if item.path else []
        places = [item.path, *((*item.path[:-1], name) for name in near)]
        if any(place[: len(path)] == path or path[: len(place)] == place for place in places):
            return True
    return False


def _faults(tables: TaskTables, here: Path) -> Iterator[ConfigErrorItem]:
    yield from _task_faults(tables.task, tables.study.policy.score)
    yield from _check_faults(tables.task.checks)
    yield from _study_faults(tables.study)
    names: set[str] = set()
    for place, server in enumerate(tables.servers):
        path = ("servers", place)
        for key, sentence in _server_faults(server, here):
            yield ConfigErrorItem(path=(*path, key), sentence=sentence)
        if server.name in names:
            yield ConfigErrorItem(path=(*path, "name"), sentence=f"{quoted(server.name)} is the name of another server too")
        names.add(server.name)
    yield from _world_faults(tables.world, here)
    yield from _end_state_faults(tables)


def _end_state_faults(tables: TaskTables) -> Iterator[ConfigErrorItem]:
    """A check of files that no run has would pass, or fail, whatever a provider did."""
    if not tables.world.source and any(server.isolation != "shared" for server in tables.servers):
        return
    for place, table in enumerate(tables.task.checks):
        if table.get("kind") == CheckKind.END_STATE:
            sentence = 'compares the files that a run left: it needs a server with isolation = "run", and no [world] from'
            yield ConfigErrorItem(path=("task", "checks", place), sentence=sentence)


def _task_faults(task: TaskSection, score: str) -> Iterator[ConfigErrorItem]:
    if not _NAME.fullmatch(task.name):
        yield ConfigErrorItem(path=("task", "name"), sentence=_NAMED.format(quoted(task.name)))
    if bool(task.prompt) == bool(task.prompts):
        yield ConfigErrorItem(path=("task", "prompt"), sentence="write either prompt, or prompts for several tasks")
    if any(not prompt.strip() for prompt in task.prompts):
        yield ConfigErrorItem(path=("task", "prompts"), sentence="a prompt is empty")
    if len(set(task.prompts)) < len(task.prompts):
        yield ConfigErrorItem(path=("task", "prompts"), sentence="a prompt is there twice; runs repeat every prompt anyway")
    for name, tools in task.groups.items():
        if not tools:
            yield ConfigErrorItem(path=("task", "groups", name), sentence="is empty; name the tools of which one must be called")
    for member in sorted(_OWN_MEMBERS & task.parameters.keys()):
        yield ConfigErrorItem(path=("task", "parameters", member), sentence="is set by the study itself")
    for member in (name for name, value in task.parameters.items() if not is_json(value)):
        yield ConfigErrorItem(path=("task", "parameters", member), sentence=_NO_JSON)
    if score == PolicyScore.COVERAGE and not task.groups:
        sentence = 'score = "coverage" counts the groups of tools that were called; write [task.groups], or another score'
        yield ConfigErrorItem(path=("study", "policy", "score"), sentence=sentence)
    if score == PolicyScore.CHECKS and not task.checks:
        sentence = 'score = "checks" counts the points of [[task.checks]]; write some, or another score'
        yield ConfigErrorItem(path=("study", "policy", "score"), sentence=sentence)


def _check_faults(checks: Sequence[Mapping[str, object]]) -> Iterator[ConfigErrorItem]:
    for place, table in enumerate(checks):
        try:
            read_check(table)
        except CheckSpecError as error:
            for sentence in error.faults:
                yield ConfigErrorItem(path=("task", "checks", place), sentence=sentence)


def _study_faults(study: StudySection) -> Iterator[ConfigErrorItem]:
    if study.runs == 1:
        yield ConfigErrorItem(path=("study", "runs"), sentence=ONE_RUN)
    if not study.model:
        yield ConfigErrorItem(
            path=("study", "model"), sentence="must be given: the model's name, which a provider's `models` may map to its own"
        )
    for sentence in policy_faults(_policy(study.policy)):
        yield ConfigErrorItem(path=("study", "policy", sentence.split(maxsplit=1)[0]), sentence=sentence)


def _server_faults(server: ServerSection, here: Path) -> Iterator[tuple[str, str]]:
    """Key and sentence of each thing that is wrong with one server."""
    if not _NAME.fullmatch(server.name):
        yield "name", _NAMED.format(quoted(server.name))
    yield from _address_faults(server)
    yield from (("inject", f"{name} {_NO_JSON}") for name, value in server.inject.items() if not is_json(value))
    yield from (("copy", sentence) for sentence in _copy_faults(server.copy_from, here))
    for shown in server.alias:
        if not shown.startswith("/") or shown == "/":
            yield "alias", f"must replace an absolute path, as /data, but is {quoted(shown)}"
    if server.isolation == "shared" and not server.trusted:
        yield "isolation", "a shared server keeps what one run does for the next: write trusted = true if all its tools only read"
    if server.isolation == "in_process" and server.command[:1] != ("fleet",):
        yield "isolation", 'only the example runs inside the study\'s process: command = ["fleet"]'


def _copy_faults(copied: str, here: Path) -> list[str]:
    folder = (here / copied).resolve()
    if copied and not folder.is_dir():
        return [f"no such folder: {quoted(copied)}, looked for beside the task file"]
    try:
        return [f"{quoted(copied)}: {fault}" for fault in link_faults(folder)] if copied else []
    except OSError as error:
        return [f"{quoted(copied)}: cannot be read: {error.strerror or error}"]


def _address_faults(server: ServerSection) -> Iterator[tuple[str, str]]:
    if not server.command and not server.url:
        yield "command", "is missing: a server has a command, or a url"
    if server.command and server.url and "{port}" not in server.url:
        yield "url", "beside a command it must hold {port}, the port that the command gets"
    if server.url and not server.command and server.isolation == "run":
        yield "isolation", 'a server that is only reached by url is shared by all runs: write isolation = "shared"'
    if server.url and not server.url.startswith(("http://", "https://")):
        yield "url", f"must begin with http:// or https://, but is {quoted(server.url)}"
    if server.token_env and not server.url:
        yield "token_env", "is the bearer token for a url; a command gets variables by pass_env"


def _world_faults(world: WorldSection, here: Path) -> Iterator[ConfigErrorItem]:
    if world.source and world.record:
        yield ConfigErrorItem(path=("world", "record"), sentence="write either from, or record")
    if world.source and not (here / world.source).is_file():
        yield ConfigErrorItem(path=("world", "from"), sentence=f"no such file: {quoted(world.source)}")
    if world.record and (fault := _record_fault(here / world.record)):
        yield ConfigErrorItem(path=("world", "record"), sentence=f"{quoted(world.record)}: {fault}")


def _record_fault(path: Path) -> str:
    """Why no recording can be written there, before anything is sent for it."""
    if path.is_dir():
        return "is a folder; name a file"
    if not path.parent.is_dir():
        return "its folder does not exist; make it, or name another file"
    return "" if os.access(path.parent, os.W_OK) else "nothing may be written into its folder; name another file"


def _task_file(tables: TaskTables, here: Path) -> TaskFile:
    task, study, world = tables.task, tables.study, tables.world
    return TaskFile(
        task=Task(
            name=task.name,
            prompts=task.prompts or (task.prompt,),
            system=task.system,
            max_steps=task.max_steps,
            seconds=task.seconds,
            stream=task.stream,
            temperature=task.temperature,
            echo_reasoning=EchoReasoning(task.echo_reasoning),
            parameters=task.parameters,
            groups=task.groups,
            forbid=task.forbid,
            checks=tuple(map(read_check, task.checks)),
        ),
        study=StudySettings(
            providers=study.providers,
            reference=study.reference,
            model=study.model,
            runs=study.runs,
            seed=study.seed,
            at_once=study.at_once,
        ),
        policy=_policy(study.policy),
        budget=BudgetLimits(**study.budget.model_dump()),
        servers=tuple(_server(server, here) for server in tables.servers),
        world=TaskWorld(
            source=here / world.source if world.source else None,
            record=here / world.record if world.record else None,
            match=Match(world.match),
            unseen=Unseen(world.unseen),
        ),
        here=here.resolve(),
    )


def _policy(policy: PolicySection) -> StudyPolicy:
    return StudyPolicy(
        score=PolicyScore(policy.score),
        allowed_drop=policy.allowed_drop,
        alpha=policy.alpha,
        fewest_runs=policy.fewest_runs,
        on_undecided=OnUndecided(policy.on_undecided),
    )


def _server(server: ServerSection, here: Path) -> ServerSpec:
    values = server.model_dump(exclude={"copy_from", "isolation"})
    copy = (here / server.copy_from).resolve() if server.copy_from else None
    return ServerSpec(**values, copy=copy, isolation=Isolation(server.isolation))
