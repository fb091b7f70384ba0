"""The commands on records as the command line lists them."""

import typer
from typer.main import get_command

from shadow.command_line.record_commands import add_record_commands


def test_every_command_on_records_is_added():
    app = typer.Typer()
    add_record_commands(app)
    assert {"report", "status", "pairs", "answers", "show"} <= set(get_command(app).commands)
