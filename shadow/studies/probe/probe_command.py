"""The command `probe` with its flags; other modules do the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shadow.studies.study_flags import ConfigFile, Formats, Fresh, OutputFolder, PlanOnly, Quiet, StudyDb


def probe(
    *,
    task: Annotated[Path, typer.Argument(metavar="TASK", help="The task file.")],
    config: ConfigFile = None,
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="Model, instead of the task's.")] = "",
    runs: Annotated[int | None, typer.Option("--runs", metavar="N", min=1, help="Runs of each provider at most.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Order of the runs.")] = None,
    at_once: Annotated[
        int | None, typer.Option("--at-once", metavar="N", min=1, max=64, help="Runs of one provider at once.")
    ] = None,
    plan: PlanOnly = False,
    db: StudyDb = None,
    out: OutputFolder = Path(),
    formats: Formats = "text",
    fresh: Fresh = False,
    quiet: Quiet = False,
) -> None:
    """Give providers a task with tools, several times each, and compare what they do."""
    from shadow.studies.probe.probe_entry import ProbeFlags, execute_probe  # noqa: PLC0415 - when it runs: --help is quick

    flags = ProbeFlags(
        task=task,
        config=config,
        model=model,
        runs=runs,
        seed=seed,
        at_once=at_once,
        db=db,
        fresh=fresh,
        quiet=quiet,
        out=out,
        formats=formats,
    )
    raise typer.Exit(execute_probe(flags, plan=plan))
