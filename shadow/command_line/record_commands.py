"""Adds the commands on records to the command line, in the order in which `--help` lists them, each with its examples."""

from __future__ import annotations

import typer

from shadow.command_line.choose_command import choose
from shadow.command_line.doctor_command import doctor
from shadow.command_line.examples import epilog
from shadow.command_line.export_command import export
from shadow.command_line.pair_commands import answers, pairs, show_record
from shadow.command_line.report_commands import report, status
from shadow.command_line.surface_commands import completion, recorded_names, schema, show_help
from shadow.command_line.watch_commands import open_page, tail


def add_record_commands(app: typer.Typer) -> None:
    """Add every command that reads records, and those about the command line itself."""
    for command in (report, status, pairs, answers):
        app.command()(command)
    app.command("show")(show_record)
    app.command()(tail)
    app.command("open")(open_page)
    app.command()(choose)
    app.command()(doctor)
    app.command()(export)
    app.command()(schema)
    app.command()(completion)
    app.command("help")(show_help)
    app.command("names", hidden=True)(recorded_names)


def add_examples(app: typer.Typer, before: str = "") -> None:
    """End the help of each command below `app` with its examples."""
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "").replace("_", "-")
        command.epilog = epilog(f"{before} {name}".strip()) or None
    for group in app.registered_groups:
        if group.typer_instance is not None:
            add_examples(group.typer_instance, f"{before} {group.name}".strip())
