"""`completion`, `names`, `help` and `schema`: the command line about itself."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from shadow.command_line.options import ConfigFlag, Db, reading
from shadow.presentation.visible_text import plain
from shadow.terminal.screen import wrapped


def completion(
    context: typer.Context,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print the completion script for a shell."""
    from shadow.command_line.completion_scripts import SHELLS, completion_script
    from shadow.command_line.parser_tree import command_words
    from shadow.settings.config_errors import ConfigError, meant, quoted

    if shell not in SHELLS:
        raise ConfigError([f"completion: no such shell: {quoted(shell)}{meant(shell, SHELLS)}"])
    typer.echo(plain(completion_script(shell, tuple(command_words(context.find_root().command)))), nl=False)


def recorded_names(kind: Annotated[str, typer.Argument(metavar="KIND")], db: Db = None, config: ConfigFlag = None) -> None:
    """Print the names of a kind that a shell may offer, one a line."""
    from shadow.command_line.completion_scripts import harmless
    from shadow.findings.finding import FindingState, Signal
    from shadow.report.filters import SEGMENT_NAMES
    from shadow.report.known_names import known_names

    fixed: dict[str, list[str]] = {"signal": [*Signal], "state": [*FindingState], "segment": [*SEGMENT_NAMES]}
    if kind in fixed:
        found = fixed[kind]
    else:
        with reading(config, db) as reader:
            found = known_names(reader, kind)
    typer.echo(plain("\n".join(name for name in found if harmless(name))))


def show_help(
    context: typer.Context,
    topic: Annotated[
        list[str] | None, typer.Argument(metavar="TOPIC", help="exit-codes, times, environment, or a command.")
    ] = None,
) -> None:
    """Explain a topic, or show the help of a command."""
    from shadow.command_line.examples import TOPICS, topic_text
    from shadow.settings.config_errors import ConfigError, meant, quoted

    root = context.find_root()
    words = topic or []
    if len(words) == 1 and words[0] in TOPICS:
        typer.echo(plain(topic_text(words[0])))
        return
    command: object = root.command
    for place, word in enumerate(words):
        commands: dict[str, object] = getattr(command, "commands", {})
        if word not in commands:
            shown = [name for name, each in commands.items() if not getattr(each, "hidden", False)]
            known = [*shown, *([] if place else TOPICS)]
            raise ConfigError([f"help: no such topic: {quoted(' '.join(words[: place + 1]))}{meant(word, known)}"])
        command = commands[word]
    if words:
        made = type(context)(command, info_name=" ".join(words), parent=root)  # type: ignore[arg-type]  # a command of the parser
        typer.echo(plain(made.get_help()))
        return
    topics = wrapped(f"Topics: {', '.join(f'sameweights help {name}' for name in TOPICS)}", indent=8)
    typer.echo(plain(f"{root.get_help()}\n\n{topics}"))


def schema(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="report, status, pairs, pair, answers, answer, tail, alarms, study, choose or dossier."
        ),
    ],
) -> None:
    """Print the JSON schema of what a command prints with --json."""
    from shadow.command_line.json_schemas import json_schema

    typer.echo(json.dumps(json_schema(name), indent=2))
