"""The commands as the parser has them."""

from functools import cache
from types import SimpleNamespace
from typing import Annotated

import pytest
import typer
from typer.main import get_command

from shadow.cli import app
from shadow.command_line.parser_tree import CommandFlag, CommandWords, command_words

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


def made():
    """A program with a command, a hidden one, and a group of one."""
    program, group = typer.Typer(), typer.Typer(help="Look\n\nLonger.")

    @program.command()
    def copy(
        source: Annotated[str, typer.Argument(metavar="PATH", help="From.")],
        into: Annotated[str, typer.Argument(metavar="[DIR]")] = "",
        *,
        count: Annotated[int, typer.Option("-n", "--count", help="How\n  many.")] = 1,
        name: Annotated[str, typer.Option("--name", metavar="NAME")] = "",
        quick: Annotated[bool, typer.Option("--quick", help="No check.")] = False,
        secret: Annotated[str, typer.Option("--secret", hidden=True)] = "",
    ) -> None:
        """Copy
        files.

        The second paragraph.

        The third.
        """

    @program.command("gone", hidden=True)
    def hidden() -> None:
        """Hidden."""

    @group.command()
    def bare() -> None: ...

    program.add_typer(group, name="look")
    return get_command(program)


def test_command_has_the_first_paragraph_of_its_help_its_visible_flags_and_the_names_of_its_arguments():
    copy, look, bare = command_words(made())
    assert copy == CommandWords(
        words="copy",
        help="Copy files.",
        flags=(
            CommandFlag(name="-n", help="How many.", value="VALUE"),
            CommandFlag(name="--count", help="How many.", value="VALUE"),
            CommandFlag(name="--name", help="", value="NAME"),
            CommandFlag(name="--quick", help="No check.", value=""),
        ),
        arguments=("PATH", "DIR"),
    )
    assert look == CommandWords(words="look", help="Look", flags=(), arguments=())
    assert bare == CommandWords(words="look bare", help="", flags=(), arguments=())


def test_what_a_parser_does_not_state_is_visible_takes_a_value_and_has_no_help():
    option = SimpleNamespace(param_type_name="option", opts=["--y"], metavar=None, help=None)
    parser = SimpleNamespace(commands={"x": SimpleNamespace(params=[option]), "z": SimpleNamespace()})
    flags = (CommandFlag(name="--y", help="", value="VALUE"),)
    assert list(command_words(parser)) == [
        CommandWords(words="x", help="", flags=flags, arguments=()),
        CommandWords(words="z", help="", flags=(), arguments=()),
    ]
    assert list(command_words(object())) == []
