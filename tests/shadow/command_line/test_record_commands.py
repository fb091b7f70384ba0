"""The commands on records as the command line lists them."""

import typer
from typer.main import get_command

from shadow.command_line import record_commands
from shadow.command_line.record_commands import add_examples, add_record_commands


def test_every_command_on_records_is_added():
    app = typer.Typer()
    add_record_commands(app)
    commands = get_command(app).commands
    assert list(commands) == [
        *("report", "status", "pairs", "answers", "show", "tail", "open", "choose", "doctor", "export"),
        *("schema", "completion", "help", "names"),
    ]
    assert [name for name, command in commands.items() if command.hidden] == ["names"]


def test_help_of_each_command_ends_with_its_examples_and_of_those_in_a_group_by_both_words():
    def nothing() -> None: ...

    def show_record() -> None: ...

    app, study, empty = typer.Typer(), typer.Typer(), typer.Typer()
    app.command("tail")(nothing)
    app.command()(show_record)
    for name in ("show", "absent"):
        study.command(name)(nothing)
    app.add_typer(study, name="study")
    app.add_typer(empty, name="empty")
    add_examples(app)
    tail, unknown = app.registered_commands
    shown, absent = study.registered_commands
    assert "sameweights tail" in tail.epilog
    assert "sameweights study show" in shown.epilog
    assert (unknown.epilog, absent.epilog) == (None, None)


def test_command_without_a_name_has_the_examples_of_its_function_with_hyphens(monkeypatch):
    monkeypatch.setattr(record_commands, "epilog", lambda words: f"examples of {words}")
    app, group = typer.Typer(), typer.Typer()

    def two_words() -> None: ...

    app.command()(two_words)
    group.command()(two_words)
    app.add_typer(group, name="outer")
    add_examples(app)
    assert [app.registered_commands[0].epilog, group.registered_commands[0].epilog] == [
        "examples of two-words",
        "examples of outer two-words",
    ]
