"""The commands of studies: `replay` and `try` with their flags; other modules do the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shadow.presentation.visible_text import plain
from shadow.studies.study_flags import (
    AllowedDrop,
    AtOnce,
    Budget,
    Candidates,
    ConfigFile,
    Formats,
    Fresh,
    Members,
    OutputFolder,
    PlanOnly,
    PolicyFile,
    Quiet,
    Seed,
    StudyDb,
)


def replay(
    *,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILES...", help="JSONL: chat bodies, K2VV rows, batch files, bfcl.")
    ] = None,
    from_store: Annotated[
        str, typer.Option("--from-store", metavar="FILTER", help="Recorded requests: all, or model=NAME,since=7d,limit=500 ...")
    ] = "",
    config: ConfigFile = None,
    provider: Candidates = None,
    reference: Annotated[str, typer.Option("--reference", metavar="NAME", help="Reference; default: proxy.reference.")] = "",
    sample: Annotated[int, typer.Option("--sample", metavar="N", min=0, help="Only N rows, drawn at random by the seed.")] = 0,
    runs: Annotated[int, typer.Option("--runs", metavar="N", min=1, max=1_000, help="Times each row is sent.")] = 1,
    members: Members = None,
    max_tokens: Annotated[int, typer.Option("--max-tokens", metavar="N", min=0, help="Limit for rows that set none.")] = 0,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the study; default: that of the first file.")] = "",
    checks: Annotated[
        Path | None, typer.Option("--checks", metavar="FILE", help="TOML file with [[checks]] to score answers by.")
    ] = None,
    allowed_drop: AllowedDrop = None,
    policy: PolicyFile = None,
    seed: Seed = 1,
    at_once: AtOnce = 2,
    budget: Budget = None,
    out: OutputFolder = Path(),
    formats: Formats = "text",
    plan: PlanOnly = False,
    db: StudyDb = None,
    fresh: Fresh = False,
    quiet: Quiet = False,
) -> None:
    """Send recorded requests to providers, and compare the answers."""
    from shadow.studies.replay.print_outputs import OutputFlags
    from shadow.studies.replay.replay_entry import ReplayFlags, StudyFlags, execute, order_of_replay

    flags = ReplayFlags(
        files=files or (),
        from_store=from_store,
        config=config,
        providers=provider or (),
        reference=reference,
        sample=sample,
        runs=runs,
        members=members or (),
        max_tokens=max_tokens,
        name=name,
        checks=checks,
        policy=policy,
    )
    common = StudyFlags(
        seed=seed, at_once=at_once, allowed_drop=allowed_drop, budget=budget or (), db=db, fresh=fresh, quiet=quiet
    )
    raise typer.Exit(execute(order_of_replay(flags, common), OutputFlags(folder=out, formats=formats), plan=plan))


def try_providers(
    *,
    upstream: Annotated[str, typer.Option("--upstream", metavar="URL", help="Provider to compare.")],
    reference: Annotated[str, typer.Option("--reference", metavar="URL", help="Reference to compare it with.")],
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="Model; default: the only one that is listed.")] = "",
    reference_model: Annotated[
        str, typer.Option("--reference-model", metavar="NAME", help="The reference's name for the model, if different.")
    ] = "",
    upstream_key_env: Annotated[
        str, typer.Option("--upstream-key-env", metavar="VARIABLE", help="Environment variable with the provider's key.")
    ] = "",
    reference_key_env: Annotated[
        str, typer.Option("--reference-key-env", metavar="VARIABLE", help="Environment variable with the reference's key.")
    ] = "",
    count: Annotated[int, typer.Option("--n", metavar="N", min=2, max=1_000, help="Largest number of built-in requests.")] = 100,
    members: Members = None,
    allowed_drop: AllowedDrop = None,
    policy: PolicyFile = None,
    seed: Seed = 1,
    at_once: AtOnce = 8,
    budget: Budget = None,
    out: OutputFolder = Path(),
    formats: Formats = "text",
    plan: PlanOnly = False,
    db: StudyDb = None,
    fresh: Fresh = False,
    quiet: Quiet = False,
) -> None:
    """Compare two providers with built-in requests. Needs no traffic."""
    from shadow.studies.replay.print_outputs import OutputFlags
    from shadow.studies.replay.replay_entry import StudyFlags, TryFlags, execute, order_of_try

    flags = TryFlags(
        upstream=upstream,
        reference=reference,
        model=model,
        reference_model=reference_model,
        upstream_key_env=upstream_key_env,
        reference_key_env=reference_key_env,
        count=count,
        members=members or (),
        policy=policy,
    )
    common = StudyFlags(
        seed=seed, at_once=at_once, allowed_drop=allowed_drop, budget=budget or (), db=db, fresh=fresh, quiet=quiet
    )
    raise typer.Exit(execute(order_of_try(flags, common, listing=not plan), OutputFlags(folder=out, formats=formats), plan=plan))


study_app = typer.Typer(no_args_is_help=True, help="List, show, export or forget studies that were run.", rich_markup_mode=None)
EVERY_FILE = "json,md,html,junit,k2vv"
"""The formats of `study export`."""
StudyName = Annotated[str, typer.Argument(metavar="NAME", help="Name of a study, or its database.")]


@study_app.command("list")
def list_studies() -> None:
    """List the studies in this folder."""
    from shadow.studies.study_shelf import listed

    typer.echo(plain("\n".join(listed(Path()))))


@study_app.command("show")
def show_study(name: StudyName, db: StudyDb = None, formats: Formats = "text", out: OutputFolder = Path()) -> None:
    """Show a study again, from its database alone."""
    from shadow.studies.outputs.write_outputs import output_formats
    from shadow.studies.study_shelf import show

    show(name, db, output_formats(formats), out)


@study_app.command("export")
def export_study(name: StudyName, db: StudyDb = None, formats: Formats = EVERY_FILE, out: OutputFolder = Path()) -> None:
    """Write the files of a study."""
    from shadow.studies.study_shelf import export

    export(name, db, formats, out)


@study_app.command("forget")
def forget_study(name: StudyName, db: StudyDb = None) -> None:
    """Delete a study with its answers permanently."""
    from shadow.studies.study_shelf import forget

    typer.echo(plain(forget(name, db)))


def add_study_commands(app: typer.Typer) -> None:
    """Add the commands of studies to the command line."""
    app.command("try")(try_providers)
    app.command()(replay)
    app.add_typer(study_app, name="study")
