"""The commands as the parser has them."""

from functools import cache

import pytest
from typer.main import get_command

from shadow.cli import app
from shadow.command_line.parser_tree import command_words

parser = cache(get_command)


@pytest.fixture
def commands():
    return {one.words: one for one in command_words(parser(app))}


def test_groups_and_their_commands_are_listed_and_hidden_ones_are_not(commands):
    assert {"report", "study", "study show", "alarms ack"} <= set(commands)
    assert "names" not in commands
    assert (commands["study"].flags, commands["study"].arguments) == ((), ())
    assert commands["alarms"].help == "List alarms and acknowledge them."


def test_flags_have_their_metavariable_and_switches_have_none(commands):
    flags = {flag.name: flag.value for flag in commands["pairs"].flags}
    assert (flags["--signal"], flags["--all"], flags["-n"], flags["--limit"]) == ("SIGNAL", "", "N", "N")
    assert "--aspect" not in flags
    assert commands["show"].arguments == ("ID", "CONFIG")
    assert commands["report"].help == "Show which providers differ, and by how much, with intervals."


def test_flag_has_its_help_and_no_argument_is_among_the_flags(commands):
    helps = {flag.name: flag.help for flag in commands["report"].flags}
    assert helps["--full"] == "Every figure, not only the verdicts."
    assert "PROVIDER" not in helps
    assert commands["report"].arguments == ("PROVIDER",)
