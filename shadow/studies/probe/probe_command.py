"""The commands `probe` and `fork` with their flags; other modules do the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shadow.studies.probe.call_ids import CallIds
from shadow.studies.study_flags import (
    AllowedDrop,
    Budget,
    Candidates,
    ConfigFile,
    Formats,
    Fresh,
    OutputFolder,
    PlanOnly,
    PolicyFile,
    Quiet,
    StudyDb,
)


def probe(
    *,
    task: Annotated[Path, typer.Argument(metavar="TASK", help="The task file.")],
    config: ConfigFile = None,
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="Model, instead of the task's.")] = "",
    runs: Annotated[
        int | None, typer.Option("--runs", metavar="N", min=1, help="Largest number of runs of each provider.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Order of the runs.")] = None,
    at_once: Annotated[
        int | None, typer.Option("--at-once", metavar="N", min=1, max=64, help="Concurrent runs of each provider.")
    ] = None,
    plan: PlanOnly = False,
    db: StudyDb = None,
    out: OutputFolder = Path(),
    formats: Formats = "text",
    fresh: Fresh = False,
    quiet: Quiet = False,
) -> None:
    """Give providers a task with tools, and compare what they do."""
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


def fork(
    *,
    conversation: Annotated[
        str, typer.Argument(metavar="CONVERSATION", help="Key of the conversation, or id of a pair or exchange in it.")
    ],
    step: Annotated[int, typer.Option("--step", metavar="K", min=1, help="Request to continue from; 1 is the first.")],
    provider: Candidates = None,
    config: ConfigFile = None,
    source: Annotated[str | None, typer.Option("--from", metavar="PATH", help="Database of the conversation.")] = None,
    runs: Annotated[
        int, typer.Option("--runs", metavar="N", min=1, max=1_000, help="Largest number of runs of each provider.")
    ] = 20,
    one_step: Annotated[bool, typer.Option("--one-step", help="Compare only the next answer.")] = False,
    servers: Annotated[
        Path | None, typer.Option("--servers", metavar="TASK", help="Task file with servers, instead of the recorded results.")
    ] = None,
    ids: Annotated[CallIds, typer.Option("--ids", metavar="FORM", help="as-sent, or functions.name:idx.")] = CallIds.AS_SENT,
    allowed_drop: AllowedDrop = None,
    policy: PolicyFile = None,
    budget: Budget = None,
    plan: PlanOnly = False,
    db: StudyDb = None,
    out: OutputFolder = Path(),
    formats: Formats = "text",
    fresh: Fresh = False,
    quiet: Quiet = False,
) -> None:
    """Continue a recorded conversation with other providers."""
    from shadow.studies.probe.fork_entry import ForkFlags, execute_fork  # noqa: PLC0415 - when it runs: --help is quick

    flags = ForkFlags(
        conversation=conversation,
        step=step,
        providers=provider or (),
        config=config,
        source=source,
        runs=runs,
        one_step=one_step,
        allowed_drop=allowed_drop,
        budget=budget or (),
        db=db,
        fresh=fresh,
        quiet=quiet,
        out=out,
        formats=formats,
        servers=servers,
        ids=ids,
        policy=policy,
    )
    raise typer.Exit(execute_fork(flags, plan=plan))
