"""execute_fork(): a stored conversation taken up from one of its requests, several times by each provider."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from shadow.commands.config_commands import settings
from shadow.presentation.visible_text import plain
from shadow.privacy.privacy_policy import shown
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from shadow.studies.outputs.print_report import print_report
from shadow.studies.outputs.write_outputs import output_formats
from shadow.studies.probe.conversation_thread import ForkPoint, ThreadRequest, fork_point, read_request, threads
from shadow.studies.probe.probe_plan import plan_errors, probe_plan, probe_plan_lines
from shadow.studies.probe.probe_settings import probe_settings
from shadow.studies.probe.probe_study import ProbeOrder, ProbeStudy
from shadow.studies.probe.task import MAX_STEPS, StudySettings, Task, TaskFile, TaskWorld
from shadow.studies.probe.task_file import ONE_RUN
from shadow.studies.study_budget_flags import budget_limits
from shadow.studies.study_database import database_of, study_name
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.targets import Targets, missing_keys, targets_of
from shadow.studies.verdicts.study_verdict import exit_code
from storage.opening import open_reader
from storage.rows import ExchangeRow
from storage.storage_config import StorageConfig
from storage.store import Reader
from storage.study_rows import RecordedFilter

LONGEST = 2_000
"""Requests of one conversation that are read."""
NEWEST = 200
"""Newest requests of a conversation's key among which one is looked for."""
INTERRUPTED = 130


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


def execute_fork(flags: ForkFlags, *, plan: bool) -> int:
    """Print the plan, run it unless `plan` asks for no more, print the verdicts; the exit code."""
    if flags.runs == 1:
        raise ConfigError([f"--runs 1: {ONE_RUN}"])
    formats, config = output_formats(flags.formats), settings(flags.config, None)
    order = _order(flags, config)
    missing = missing_keys(config, order.plan.targets.names, os.environ)
    typer.echo(plain("\n".join(probe_plan_lines(order.plan, order.file, missing))), err=not plan)
    if plan:
        return 0
    errors = [*missing, *(f"--budget: {error.sentence}" for error in plan_errors(order.plan, order.file))]
    if errors:
        raise ConfigError(errors)
    result = ProbeStudy(order, os.environ).run()
    print_report(result.report, formats, flags.out)
    return INTERRUPTED if result.interrupted else exit_code(result.verdicts)


def _order(flags: ForkFlags, config: Config) -> ProbeOrder:
    source = StorageConfig(url=f"sqlite:///{flags.source}") if flags.source else config.storage
    with closing(open_reader(source)) as reader:
        row, point = _found(reader, flags)
    targets = targets_of(config, flags.providers, row.provider)
    name = study_name(f"fork-{row.id[:8]}-{flags.step}")
    file = _file(flags, name, point, targets)
    return ProbeOrder(
        file=file,
        plan=replace(probe_plan(file, targets), name=name),
        config=config,
        database=database_of(name, flags.db),
        settings=probe_settings(file, targets, config, point.recording),
        fresh=flags.fresh,
        quiet=flags.quiet,
        command=f"sameweights fork {flags.conversation} --step {flags.step}",
        kind="fork",
        recording=point.recording,
    )


def _found(reader: Reader, flags: ForkFlags) -> tuple[ExchangeRow, ForkPoint]:
    """An exchange of the conversation that is named, and the request to go on from."""
    row = _exchange(reader, flags.conversation, flags.providers)
    if row is None:
        raise ConfigError([f"{flags.conversation}: no such conversation, pair or exchange in this database; `pairs` lists ids"])
    requests = _requests(reader, row)
    chain = next((chain for chain in threads(requests) if any(request.id == row.id for request in chain)), [])
    if not chain:
        raise ConfigError([f'{row.id}: its request is not stored whole; a fork needs storage.bodies = "full"'])
    try:
        return row, fork_point(chain, flags.step)
    except ValueError as error:
        raise ConfigError([f"--step {flags.step}: {error}"]) from None


def _exchange(reader: Reader, named: str, candidates: Sequence[str]) -> ExchangeRow | None:
    """The exchange of this id, the live one of the pair of this id, or the newest live one of the conversation of this key.

    Of a key that several providers share, one that is no candidate is taken: the conversation's provider is the reference.
    """
    if (row := reader.exchange(named)) is not None:
        return row
    if (pair := reader.pair(named)) is not None:
        return reader.exchange(pair.subject_id)
    newest = reader.studies.recorded_requests(RecordedFilter(conversation=named, limit=NEWEST)) if named else ()
    rows = (reader.exchange(exchange_id) for exchange_id in newest)
    return next((row for row in rows if row is not None and row.provider not in candidates), None)


def _requests(reader: Reader, row: ExchangeRow) -> list[ThreadRequest]:
    ids = reader.studies.conversation(row.conversation, row.provider, LONGEST) if row.conversation else [row.id]
    rows = [found for found in map(reader.exchange, ids) if found is not None]
    read = [read_request(found.id, shown(found).request_body) for found in rows]
    return [request for request in read if request is not None]


def _file(flags: ForkFlags, name: str, point: ForkPoint, targets: Targets) -> TaskFile:
    score = PolicyScore.COVERAGE if point.called else PolicyScore.COMPLETE
    task = Task(
        name=name,
        prompts=("from the conversation",),
        max_steps=1 if flags.one_step else MAX_STEPS,
        stream=point.stream,
        temperature=point.temperature,
        parameters=point.parameters,
        groups={tool: (tool,) for tool in (point.called[:1] if flags.one_step else point.called)},
        messages=point.messages,
    )
    return TaskFile(
        task=task,
        study=StudySettings(providers=targets.candidates, reference=targets.reference, model=point.model, runs=flags.runs),
        policy=StudyPolicy(score=score, allowed_drop=flags.allowed_drop),
        budget=budget_limits(flags.budget),
        servers=(),
        world=TaskWorld(),
        here=Path(),
    )
