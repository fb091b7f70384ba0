"""Adds the commands on records to the command line, in the order in which `--help` lists them."""

from __future__ import annotations

import typer

from shadow.command_line.pair_commands import answers, pairs, show_record
from shadow.command_line.report_commands import report, status


def add_record_commands(app: typer.Typer) -> None:
    """Add every command that reads records."""
    for command in (report, status, pairs, answers):
        app.command()(command)
    app.command("show")(show_record)
