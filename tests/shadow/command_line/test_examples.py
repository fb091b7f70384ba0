"""The examples of each command's help."""

import re
import shlex

import pytest
from typer.main import get_command

from shadow.cli import app
from shadow.command_line.examples import EXAMPLES, TOPICS, epilog
from shadow.command_line.parser_tree import command_words

COMMAND = get_command(app)
COMMANDS = {one.words for one in command_words(COMMAND)} - {"study", "config", "alarms", "storage"}
LINES = [line for lines in EXAMPLES.values() for line in lines]


def test_every_command_has_examples_and_no_other():
    assert set(EXAMPLES) == COMMANDS


@pytest.mark.parametrize("line", LINES)
def test_example_is_a_line_that_the_parser_takes(line):
    words = shlex.split(re.sub(r'^eval "\$\((.*)\)"$', r"\1", line).partition(" | ")[0])
    command = COMMAND
    assert words.pop(0) == "sameweights"
    while getattr(command, "commands", None):
        command = command.commands[words.pop(0)]
    assert command.make_context("x", words, resilient_parsing=False)


def test_help_ends_with_the_examples_in_their_lines():
    text = COMMAND.commands["pairs"].epilog
    assert text == epilog("pairs")
    assert "\n  sameweights pairs --provider spacer --signal arguments --since 1h\n" in text
    assert epilog("nonesuch") == ""


def test_topics_fit_a_narrow_terminal_in_their_first_column():
    assert {"exit-codes", "times", "environment"} == set(TOPICS)
