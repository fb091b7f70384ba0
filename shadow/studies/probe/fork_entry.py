"""execute_fork(): a stored conversation taken up from one of its requests, several times by each provider."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from shadow.commands.config_commands import settings
from shadow.commands.exit_codes import INTERRUPTED
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from shadow.studies.outputs.print_plan import print_plan
from shadow.studies.outputs.print_report import print_report
from shadow.studies.outputs.write_outputs import output_formats
from shadow.studies.policy_file import policy_of
from shadow.studies.probe.call_ids import CallIds, with_ids
from shadow.studies.probe.conversation_thread import ForkPoint, stored_notes
from shadow.studies.probe.fork_origin import ForkOrigin, fork_origin
from shadow.studies.probe.handed_keys import handed_keys
from shadow.studies.probe.probe_plan import plan_errors, probe_plan, probe_plan_lines
from shadow.studies.probe.probe_settings import probe_settings
from shadow.studies.probe.probe_study import ProbeOrder, ProbeStudy
from shadow.studies.probe.task import MAX_STEPS, StudySettings, Task, TaskFile, TaskWorld
from shadow.studies.probe.task_file import ONE_RUN, load_task
from shadow.studies.study_budget_flags import budget_limits
from shadow.studies.study_database import database_of, study_name
from shadow.studies.study_policy import PolicyScore
from shadow.studies.targets import Targets, missing_keys, targets_of
from shadow.studies.verdicts.study_verdict import exit_code
from shadow.studies.worlds.server_spec import ServerSpec
from shadow.studies.written_command import written_command
from storage.opening import open_reader
from storage.storage_config import StorageConfig

FORK = "fork"
_LONGEST_NAMED = 40
"""Characters of what the user named that a study's name has room for; of more a digest stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkFlags:
    """The flags of `fork`."""

    conversation: str
    step: int
    providers: Sequence[str]
    config: Path | None
    source: str | None
    runs: int
    one_step: bool
    allowed_drop: float | None
    budget: Sequence[str]
    db: str | None
    fresh: bool
    quiet: bool
    out: Path
    formats: str
    servers: Path | None = None
    ids: CallIds = CallIds.AS_SENT
    policy: Path | None = None


def execute_fork(flags: ForkFlags, *, plan: bool) -> int:
    """Print the plan, run it unless `plan` asks for no more, print the verdicts; the exit code."""
    if flags.runs == 1:
        raise ConfigError([f"--runs 1: {ONE_RUN}"])
    formats, config = output_formats(flags.formats), settings(flags.config, None)
    order = _order(flags, config)
    missing = missing_keys(config, order.plan.targets.names, os.environ)
    print_plan(probe_plan_lines(order.plan, order.file, missing, kind=FORK), indent=4, err=not plan)
    if plan:
        return 0
    errors = [*missing, *(f"--budget: {error.sentence}" for error in plan_errors(order.plan, order.file))]
    errors += [f"--servers: {sentence}" for sentence in handed_keys(order.file.servers, config)]
    if errors:
        raise ConfigError(errors)
    result = ProbeStudy(order, os.environ).run()
    print_report(result.report, formats, flags.out)
    return INTERRUPTED if result.interrupted else exit_code(result.verdicts)


def _order(flags: ForkFlags, config: Config) -> ProbeOrder:
    name = _name(flags)
    database = database_of(name, flags.db)
    before = () if flags.fresh else _earlier(database, name)
    source = StorageConfig(url=f"sqlite:///{flags.source}") if flags.source else config.storage
    with closing(open_reader(source)) as reader:
        origin = fork_origin(reader, flags.conversation, flags.step, candidates=flags.providers, before=before)
    targets = targets_of(config, flags.providers, origin.provider)
    file = _file(flags, name, origin.point, targets)
    recording = None if flags.servers else origin.point.recording
    return ProbeOrder(
        file=file,
        plan=replace(probe_plan(file, targets), name=name),
        config=config,
        database=database,
        settings=_settings(file, targets, config, origin, flags),
        fresh=flags.fresh,
        quiet=flags.quiet,
        command=written_command(sys.argv[1:]),
        kind=FORK,
        recording=recording,
        tenant=origin.tenant,
        notes=stored_notes(origin.point.messages, renamed=flags.ids is not CallIds.AS_SENT),
    )


def _settings(file: TaskFile, targets: Targets, config: Config, origin: ForkOrigin, flags: ForkFlags) -> dict[str, object]:
    recording = None if flags.servers else origin.point.recording
    return {**probe_settings(file, targets, config, recording), "conversation": list(origin.requests)}


def _name(flags: ForkFlags) -> str:
    """The same name for the same command, whatever the conversation of a key becomes."""
    named = flags.conversation
    if len(named) > _LONGEST_NAMED:
        named = f"{named[:24]}-{sha256(named.encode(errors='surrogatepass')).hexdigest()[:12]}"
    return study_name(f"{FORK}-{named}-{flags.step}")


def _earlier(database: Path, name: str) -> Sequence[str]:
    """The requests of the conversation at an earlier start of this study; none where there was none."""
    if not database.exists():
        return ()
    with closing(open_reader(StorageConfig(url=f"sqlite:///{database}"))) as reader:
        found = [json.loads(study.plan) for study in reader.studies.studies() if (study.kind, study.name) == (FORK, name)]
    return found[0]["settings"].get("conversation", ()) if found else ()


def _file(flags: ForkFlags, name: str, point: ForkPoint, targets: Targets) -> TaskFile:
    called = point.next_called if flags.one_step else point.called
    task = Task(
        name=name,
        prompts=("from the conversation",),
        max_steps=1 if flags.one_step else MAX_STEPS,
        stream=point.stream,
        temperature=point.temperature,
        parameters=point.parameters,
        groups={tool: (tool,) for tool in called},
        messages=with_ids(point.messages, flags.ids),
    )
    servers, here = _servers(flags.servers)
    return TaskFile(
        task=task,
        study=StudySettings(providers=targets.candidates, reference=targets.reference, model=point.model, runs=flags.runs),
        policy=policy_of(flags.policy, PolicyScore.COVERAGE if called else PolicyScore.COMPLETE, flags.allowed_drop),
        budget=budget_limits(flags.budget),
        servers=servers,
        world=TaskWorld(),
        here=here,
    )


def _servers(task: Path | None) -> tuple[tuple[ServerSpec, ...], Path]:
    """The servers of a task file, and its folder, in place of the conversation's own results."""
    if task is None:
        return (), Path()
    file = load_task(task)
    if not file.servers:
        raise ConfigError([f"--servers {task}: has no [[servers]]; without it the conversation's own results are the world"])
    return file.servers, file.here
