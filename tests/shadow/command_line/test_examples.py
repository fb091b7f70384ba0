"""The examples of each command's help."""

import re
import shlex

import pytest
from typer.main import get_command

from shadow.cli import app
from shadow.command_line.examples import EXAMPLES, TOPICS, epilog, topic_text
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


@pytest.mark.parametrize("command", EXAMPLES)
def test_examples_fit_eighty_columns_and_are_whole_to_a_shell(command):
    text = epilog(command)
    assert max(map(len, text.splitlines())) <= 78
    shown = re.split(r"\n(?=  \S)", text.replace("\\\n", "").removesuffix("\nDocs: docs/reference/cli.md"))[1:]
    assert [shlex.split(line) for line in shown] == [shlex.split(line) for line in EXAMPLES[command]]


@pytest.mark.parametrize("example", [f"sameweights {'x' * 100}", f"sameweights x --name {'x' * 100} --json"])
def test_long_example_is_broken_before_its_options_alone(monkeypatch, example):
    monkeypatch.setitem(EXAMPLES, "demo", (example,))
    shown = epilog("demo").splitlines()[2:-1]
    assert [line.split()[0] for line in shown[1:]] == ["--name", "--json"][: example.count(" --")]
    assert shlex.split("\n".join(shown).replace("\\\n", "")) == shlex.split(example)


@pytest.mark.parametrize(("size", "lines"), [(76, 1), (77, 2)])
def test_example_is_broken_from_77_characters_on(monkeypatch, size, lines):
    monkeypatch.setitem(EXAMPLES, "demo", (f"sameweights --name {'x' * (size - 26)} --json",))
    assert len(epilog("demo").splitlines()[2:-1]) == lines


@pytest.mark.parametrize(("size", "first"), [(74, True), (75, False)])
def test_line_that_goes_on_has_at_most_76_characters_with_its_mark(monkeypatch, size, first):
    name = "x" * (size - len("sameweights --name ") - len(" --json"))
    monkeypatch.setitem(EXAMPLES, "demo", (f"sameweights --name {name} --json --other {'y' * 40}",))
    assert ("--json" in epilog("demo").splitlines()[2]) is first


def test_topics_fit_a_narrow_terminal_in_their_first_column():
    assert {"exit-codes", "times", "environment"} == set(TOPICS)


@pytest.mark.parametrize("name", TOPICS)
@pytest.mark.parametrize("width", [60, 80])
def test_topic_is_wrapped_behind_its_first_column(monkeypatch, name, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = topic_text(name).splitlines()
    assert max(map(len, lines)) <= width
    column = re.match(r".*?  +(?=\S)", lines[0]).end()
    assert all(line[column - 1] == " " and line[column] != " " for line in lines)
    assert " ".join(topic_text(name).split()) == " ".join(TOPICS[name].split())
