"""The commands as the parser has them."""

from typer.main import get_command

from shadow.cli import app
from shadow.command_line.parser_tree import command_words

COMMANDS = {one.words: one for one in command_words(get_command(app))}


def test_groups_and_their_commands_are_listed_and_hidden_ones_are_not():
    assert {"report", "study", "study show", "alarms ack"} <= set(COMMANDS)
    assert "names" not in COMMANDS


def test_flags_have_their_metavariable_and_switches_have_none():
    flags = {flag.name: flag.value for flag in COMMANDS["pairs"].flags}
    assert (flags["--signal"], flags["--all"], flags["-n"], flags["--limit"]) == ("SIGNAL", "", "N", "N")
    assert "--aspect" not in flags
    assert COMMANDS["show"].arguments == ("ID", "CONFIG")
    assert COMMANDS["report"].help == "Show which providers differ, and by how much, with intervals."
