"""order_of_replay(), order_of_try(), execute(): from the words of a command line to a study that runs, and its exit code."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from shadow.commands.config_commands import settings
from shadow.pipeline.configured_privacy import configured_privacy
from shadow.settings.config_errors import ConfigError, quoted
from shadow.settings.load_config import load
from shadow.settings.top_level_config import Config
from shadow.studies.outputs.print_plan import print_plan
from shadow.studies.outputs.write_outputs import output_formats
from shadow.studies.own_checks.checks_file import read_checks_file
from shadow.studies.own_checks.row_checks import RowChecks
from shadow.studies.policy_file import policy_of
from shadow.studies.replay.plan_lines import plan_lines
from shadow.studies.replay.print_outputs import OutputFlags, print_outputs
from shadow.studies.replay.replay_order import ReplayOrder, replay_settings
from shadow.studies.replay.replay_study import ReplayStudy
from shadow.studies.replay.row_files import changed, rows_of, sampled, set_members
from shadow.studies.replay.served_models import named_models
from shadow.studies.replay.stored_rows import recorded_filter, stored_rows
from shadow.studies.replay.try_prompts import try_rows
from shadow.studies.rows.row import BrokenRow, Row
from shadow.studies.study_budget_flags import budget_limits
from shadow.studies.study_database import database_of, study_name
from shadow.studies.study_policy import PolicyScore
from shadow.studies.targets import Targets, targets_of
from shadow.studies.written_command import written_command
from storage.opening import open_reader

DROP_OF_TRY = 0.1
"""How much more often the provider of `try` may be the odd one, where neither a flag nor a policy states it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFlags:
    """The flags that every study has."""

    seed: int
    at_once: int
    allowed_drop: float | None
    budget: Sequence[str]
    db: str | None
    fresh: bool
    quiet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayFlags:
    """The flags of `replay` alone."""

    files: Sequence[Path]
    config: Path | None
    providers: Sequence[str]
    reference: str
    sample: int
    runs: int
    members: Sequence[str]
    max_tokens: int
    name: str
    checks: Path | None = None
    from_store: str = ""
    policy: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TryFlags:
    """The flags of `try` alone; an empty name of a model is the one that the server itself lists."""

    upstream: str
    reference: str
    model: str
    reference_model: str
    upstream_key_env: str
    reference_key_env: str
    count: int
    members: Sequence[str]
    policy: Path | None = None


def order_of_replay(flags: ReplayFlags, common: StudyFlags) -> ReplayOrder:
    """The replay that the flags order; ConfigError with what is wrong with them."""
    config = settings(flags.config, None)
    targets = targets_of(config, flags.providers, flags.reference)
    members, limits = set_members(flags.members), budget_limits(common.budget)
    rows, broken = _rows(flags, config)
    rows = [changed(row, members, flags.max_tokens) for row in sampled(rows, flags.sample, common.seed)]
    checks = _checks(flags, rows)
    name = study_name(flags.name or (flags.files[0].stem if flags.files else "store"))
    limit = {"max_tokens of rows without": flags.max_tokens} if flags.max_tokens else {}
    changes: Mapping[str, object] = {**members, **limit}
    return ReplayOrder(
        kind="replay",
        name=name,
        database=database_of(name, common.db),
        config=config,
        targets=targets,
        rows=rows,
        broken=broken,
        policy=policy_of(flags.policy, PolicyScore.CHECKS if checks else PolicyScore.SIGNALS, common.allowed_drop),
        limits=limits,
        checks=checks,
        settings=replay_settings(targets, config, changes, common.seed),
        seed=common.seed,
        passes=flags.runs,
        at_once=common.at_once,
        command=written_command(sys.argv[1:]),
        fresh=common.fresh,
        quiet=common.quiet,
    )


def _checks(flags: ReplayFlags, rows: Sequence[Row]) -> RowChecks:
    """The checks of a file and of the rows; ConfigError where some rows would have one and others none."""
    checks = RowChecks(
        every=read_checks_file(flags.checks) if flags.checks else (), own={row.id: row.checks for row in rows if row.checks}
    )
    bare = next((row for row in rows if checks and not checks.of(row.id)), None)
    if bare is not None:
        raise ConfigError([f"{bare.id}: has no checks, and other rows have; give it some, or --checks FILE for every row"])
    return checks


def _rows(flags: ReplayFlags, config: Config) -> tuple[list[Row], list[BrokenRow]]:
    """The rows of the files, or the recorded requests of the configured database; ConfigError where there are none."""
    if bool(flags.files) == bool(flags.from_store):
        raise ConfigError(["replay: name FILES, or recorded requests by --from-store FILTER, one of the two"])
    if flags.from_store:
        wanted = recorded_filter(flags.from_store, time.time())
        with closing(open_reader(config.storage)) as reader:
            policy = configured_privacy(config, bytes(32))
            rows, broken = stored_rows(reader, wanted, lambda tenant: policy.of(tenant).bodies == "full")
    else:
        rows, broken = rows_of(flags.files)
    if not rows:
        source = flags.files[0] if flags.files else f"--from-store {quoted(flags.from_store)}"
        raise ConfigError([*(str(row) for row in broken[:10]), f"{source}: holds no row that can be sent"])
    return rows, broken


def order_of_try(flags: TryFlags, common: StudyFlags, *, listing: bool) -> ReplayOrder:
    """The study of the built-in requests; with `listing` the models of a server are listed where none is named."""
    config = _config_of_try(flags)
    targets = Targets(candidates=("upstream",), reference="reference")
    limits, members = budget_limits(common.budget), {"temperature": 0, **set_members(flags.members)}
    config = named_models(config, flags.model, flags.reference_model, os.environ, listing=listing)
    return ReplayOrder(
        kind="try",
        name="try",
        database=database_of("try", common.db),
        config=config,
        targets=targets,
        rows=try_rows(flags.count, common.seed, members),
        broken=(),
        policy=policy_of(flags.policy, PolicyScore.SIGNALS, common.allowed_drop, DROP_OF_TRY),
        limits=limits,
        settings={**replay_settings(targets, config, members, common.seed), "models": _models(config)},
        seed=common.seed,
        passes=1,
        at_once=common.at_once,
        command=written_command(sys.argv[1:]),
        fresh=common.fresh,
        quiet=common.quiet,
    )


def _config_of_try(flags: TryFlags) -> Config:
    given = {
        "upstream": flags.upstream,
        "reference": flags.reference,
        "upstream_key_env": flags.upstream_key_env or None,
        "reference_key_env": flags.reference_key_env or None,
    }
    return load(None, given, os.environ, serving=False)


def _models(config: Config) -> list[str]:
    return [config.proxy.providers[name].models["*"] for name in ("upstream", "reference")]


def execute(order: ReplayOrder, outputs: OutputFlags, *, plan: bool) -> int:
    """Print the plan, run it unless `plan` asks for no more, print the verdicts; the exit code."""
    study = ReplayStudy(order, os.environ)
    print_plan(plan_lines(study.planned), indent=13, err=not plan)
    if plan:
        return 0
    study.check()
    formats = output_formats(outputs.formats)
    result = asyncio.run(study.run())
    with closing(open_reader(order.config.storage.in_file(order.database))) as reader:
        print_outputs(reader, result.stored, formats, outputs.folder)
    return result.exit_code
