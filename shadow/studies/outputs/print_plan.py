"""print_plan(): the plan of a study to the terminal, each line wrapped to it."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from shadow.presentation.visible_text import plain
from shadow.terminal.screen import wrapped


def print_plan(lines: Iterable[str], *, indent: int, err: bool) -> None:
    """Write the lines to standard output, or to standard error beside a result; a wrapped one goes on behind `indent` spaces."""
    for line in lines:
        typer.echo(wrapped(plain(line), indent=indent), err=err)
