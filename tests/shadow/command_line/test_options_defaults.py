"""What the parser takes for what is not given, and which numbers it refuses."""

import sys

import pytest
import typer.main
from typer.testing import CliRunner

from shadow import cli

ROOT = typer.main.get_command(cli.app)


def commands(group=ROOT, before=()):
    for name, command in group.commands.items():
        words = (*before, name)
        yield from commands(command, words) if hasattr(command, "commands") else [(words, command)]


COMMANDS = dict(commands())


def parsed(name, *flags):
    return COMMANDS[(name,)].make_context(name, list(flags)).params


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_switch_is_off_unless_it_is_given(words):
    switches = [parameter for parameter in COMMANDS[words].params if getattr(parameter, "is_flag", False)]
    assert [parameter.name for parameter in switches if parameter.default is not False] == []


@pytest.mark.parametrize(
    ("command", "numbers"),
    [
        ("demo", {"seconds": 20.0, "port": 0}),
        ("pairs", {"limit": 20}),
        ("answers", {"limit": 20}),
        ("export", {"limit": 10_000}),
        ("plan", {"drop": 10.0, "days": 7.0, "noise": 10.0, "price": 0.0, "per_day": None}),
    ],
)
def test_numbers_that_are_not_given_are_those_of_the_reference(command, numbers):
    found = parsed(command)
    assert {name: found[name] for name in numbers} == numbers


@pytest.mark.parametrize(
    ("command", "flag", "taken", "refused"),
    [
        ("demo", "--seconds", ("1",), ("0.9",)),
        ("demo", "--port", ("0", "65535"), ("-1", "65536")),
        ("pairs", "--limit", ("1", "10000"), ("0", "10001")),
        ("answers", "--limit", ("1", "10000"), ("0", "10001")),
        ("export", "--limit", ("1",), ("0",)),
        ("plan", "--per-day", ("1",), ("0.9",)),
        ("plan", "--drop", ("0", "100"), ("-0.1", "100.1")),
        ("plan", "--days", ("0.01",), ("0.009",)),
        ("plan", "--noise", ("0", "100"), ("-0.1", "100.1")),
        ("plan", "--price", ("0",), ("-0.1",)),
    ],
)
def test_number_is_taken_at_its_bounds_and_refused_beside_them(command, flag, taken, refused):
    for number in taken:
        parsed(command, f"{flag}={number}")
    for number in refused:
        with pytest.raises(Exception, match="Input should be"):
            parsed(command, f"{flag}={number}")


@pytest.mark.parametrize("words", [[], ["alarms"], ["config"], ["drift"], ["storage"], ["study"]], ids=" ".join)
def test_group_without_a_command_shows_its_help(words):
    shown = CliRunner().invoke(cli.app, words).output
    assert shown.lstrip().startswith("Usage: ")
    assert "Commands:" in shown
    assert "Missing command" not in shown
    assert "--install-completion" not in shown


def test_standard_input_that_was_closed_is_open_to_a_command(monkeypatch):
    found = []
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(cli, "app", lambda _: found.append(sys.stdin))
    cli.main([])
    assert found[0] is not None
