"""`sameweights storage copy`: moves an installation from a SQLite file to a PostgreSQL database."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from shadow.findings.number_words import number_of
from shadow.presentation.visible_text import plain

storage_app = typer.Typer(no_args_is_help=True, help="Move the records to another database.")
ENVIRONMENT = "env:"


@storage_app.command("copy")
def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="SQLite file to copy; it is not changed.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="postgresql://... of an empty database, or env:VARIABLE.")],
) -> None:
    """Copy all records to an empty PostgreSQL database; stop serve first."""
    from storage.opening import database_path, server_url
    from storage.store_copy import copy_store

    counts = copy_store(database_path(source), server_url(_named(target)), _progress)
    typer.echo(
        plain(
            f"{number_of(sum(counts.values()), 'row')} copied, {counts['exchanges']:,} of them exchanges; "
            "now set url in [storage]"
        )
    )


def _named(target: str) -> str:
    """The URL itself, or the one in a variable; ConfigError for one that is not set."""
    from shadow.settings.config_errors import ConfigError

    name = target.removeprefix(ENVIRONMENT)
    if name == target:
        return target
    if not os.environ.get(name):
        raise ConfigError([f"TO: the variable {name} is not set"])
    return os.environ[name]


def _progress(table: str, rows: int) -> None:
    if rows and sys.stderr.isatty():
        sys.stderr.write(f"{table}: {number_of(rows, 'row')}\n")
