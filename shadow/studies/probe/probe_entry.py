"""execute_probe(): from the words of a command line to a probe that runs, its text, and the exit code."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from shadow.commands.config_commands import settings
from shadow.commands.exit_codes import INTERRUPTED
from shadow.settings.config_errors import ConfigError, ConfigSource, sentences
from shadow.settings.toml_lines import key_lines
from shadow.settings.top_level_config import Config
from shadow.studies.outputs.print_plan import print_plan
from shadow.studies.outputs.print_report import print_report
from shadow.studies.outputs.write_outputs import output_formats
from shadow.studies.probe.handed_keys import handed_keys
from shadow.studies.probe.probe_plan import plan_errors, probe_plan, probe_plan_lines
from shadow.studies.probe.probe_settings import probe_settings
from shadow.studies.probe.probe_study import ProbeOrder, ProbeStudy
from shadow.studies.probe.task import TaskFile
from shadow.studies.probe.task_file import ONE_RUN, load_task
from shadow.studies.study_database import database_of, study_name
from shadow.studies.targets import missing_keys, targets_of
from shadow.studies.verdicts.study_verdict import exit_code
from shadow.studies.worlds.recording import Recording, parse_recording
from shadow.studies.written_command import written_command


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFlags:
    """The flags of `probe`; None or "" leaves what the task file sets."""

    task: Path
    config: Path | None
    model: str
    runs: int | None
    seed: int | None
    at_once: int | None
    db: str | None
    fresh: bool
    quiet: bool
    out: Path
    formats: str


def execute_probe(flags: ProbeFlags, *, plan: bool) -> int:
    """Print the plan, run it unless `plan` asks for no more, print the verdicts and write the other formats; the exit code."""
    formats = output_formats(flags.formats)
    file, config = _with_flags(load_task(flags.task), flags), settings(flags.config, None)
    order = _order(file, config, flags)
    missing = missing_keys(config, order.plan.targets.names, os.environ)
    print_plan(probe_plan_lines(order.plan, file, missing), indent=4, err=not plan)
    if plan:
        return 0
    source = ConfigSource(file=str(flags.task), lines=key_lines(flags.task.read_text(encoding="utf-8-sig")))
    errors = [
        *missing,
        *sentences(plan_errors(order.plan, file), source),
        *handed_keys(file.servers, config),
        *_unrecorded(file, config),
    ]
    if errors:
        raise ConfigError(errors)
    result = ProbeStudy(order, os.environ).run()
    print_report(result.report, formats, flags.out)
    if result.unwritten:
        raise ConfigError([result.unwritten])
    return INTERRUPTED if result.interrupted else exit_code(result.verdicts)


def _with_flags(file: TaskFile, flags: ProbeFlags) -> TaskFile:
    if flags.runs == 1:
        raise ConfigError([f"--runs 1: {ONE_RUN}"])
    study = file.study
    changed = replace(
        study,
        model=flags.model or study.model,
        runs=flags.runs or study.runs,
        seed=study.seed if flags.seed is None else flags.seed,
        at_once=flags.at_once or study.at_once,
    )
    return replace(file, study=changed)


def _order(file: TaskFile, config: Config, flags: ProbeFlags) -> ProbeOrder:
    targets = targets_of(config, file.study.providers, file.study.reference)
    name = study_name(file.task.name)
    recording = read_recording(file.world.source) if file.world.source else None
    return ProbeOrder(
        file=file,
        plan=probe_plan(file, targets),
        config=config,
        database=database_of(name, flags.db),
        settings=probe_settings(file, targets, config, recording),
        fresh=flags.fresh,
        quiet=flags.quiet,
        command=written_command(sys.argv[1:]),
        recording=recording,
    )


def read_recording(path: Path) -> Recording:
    """The recording of a file; ConfigError where it cannot be read."""
    try:
        return parse_recording(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError([f"{path}: {error}"]) from None


def _unrecorded(file: TaskFile, config: Config) -> list[str]:
    """A sentence where a recording is wanted and the configuration keeps no texts."""
    bodies = config.storage.bodies
    if file.world.record is None or bodies == "full":
        return []
    return [f"world.record: a recording holds what tools return, and storage.bodies = '{bodies}' keeps no text; set 'full'"]
