"""`doctor`: whether everything that an audit needs works, each server asked once, and what to do where it does not."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

from shadow.command_line.options import Db, progress
from shadow.commands.config_commands import ConfigPath, file_here, missing
from shadow.presentation.visible_text import plain
from shadow.terminal.screen import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shadow.command_line.doctor_checks import DoctorLine
    from shadow.settings.top_level_config import Config
    from storage.rows import TrafficCount

BROKEN = 2
"""Exit code where something does not work."""


def doctor(
    config: ConfigPath = None,
    *,
    db: Db = None,
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="Model for the completions.")] = "",
    plan: Annotated[bool, typer.Option("--plan", help="Print what it would send; send nothing.")] = False,
) -> None:
    """Check ports, keys, models, database and cost. Contacts each server."""
    from shadow.command_line import doctor_checks as checks
    from shadow.settings.load_config import advice, load

    path = config or file_here() or missing()
    loaded = load(path, {"db": db}, os.environ)
    found: list[DoctorLine] = [checks.DoctorLine(mark=checks.GOOD, text=f"configuration {path}: no error")]
    found += [checks.DoctorLine(mark=checks.UNKNOWN, text=f"note: {word}") for word in advice(loaded, os.environ)]
    found += [*checks.port_lines(loaded), *checks.database_lines(loaded, time.time()), *checks.broker_lines(loaded, os.environ)]
    found.append(checks.series_line(loaded))
    _print(found)
    requests = checks.server_requests(loaded, _traffic(loaded), model)
    if requests:
        for line in checks.announced(requests):
            typer.echo(wrapped(plain(line), indent=4))
    if plan or not requests:
        _leave(found)
    with progress("asking the servers"):
        asked = checks.asked_lines(loaded, os.environ, requests)
    _print(asked)
    _leave([*found, *asked])


def _print(lines: Iterable[DoctorLine]) -> None:
    for line in lines:
        typer.echo(wrapped(plain(f"{line.mark} {line.text}"), indent=2))


def _traffic(config: Config) -> Sequence[TrafficCount]:
    """What was requested so far; nothing where there is no readable database yet."""
    from contextlib import closing

    from storage.opening import open_reader
    from storage.store import StoreError

    try:
        with closing(open_reader(config.storage)) as reader:
            return reader.traffic(0.0, 0.0)
    except StoreError:
        return ()


def _leave(lines: Iterable[DoctorLine]) -> None:
    """Exit with 2 where something does not work, after its number."""
    from shadow.command_line.doctor_checks import BAD

    broken = sum(line.mark == BAD for line in lines)
    if broken:
        typer.echo(plain(f"{broken} of these do{'es' * (broken == 1)} not work."))
        raise typer.Exit(BROKEN)
    raise typer.Exit
