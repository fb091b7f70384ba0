"""The flags that commands on records share, and where their output goes; nothing heavy is imported before a command runs."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shadow.commands.config_commands import settings

if TYPE_CHECKING:
    from storage.store import Reader

Db = Annotated[str | None, typer.Option("--db", metavar="PATH", help="The database, instead of the configured one.")]
ConfigFlag = Annotated[
    Path | None, typer.Option("--config", metavar="PATH", help="Configuration file; default ./sameweights.toml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
Since = Annotated[str, typer.Option("--since", metavar="TIME", help="Start: 30m, 24h, 7d, all, or a date.")]
Until = Annotated[str, typer.Option("--until", metavar="TIME", help="End.")]
DAY = "24h"
EVERY = 1.0
"""Seconds after which progress is shown, and then updated."""


def reading(config: Path | None, db: str | None) -> AbstractContextManager[Reader]:
    """The reader of the records, closed at the end."""
    from storage.opening import open_reader

    return closing(open_reader(settings(config, db).storage))


def one_form(**given: bool) -> None:
    """ConfigError where two forms of output are asked for at once; `given` by the names of their flags."""
    from shadow.settings.config_errors import ConfigError

    asked = [f"--{name}" for name, wanted in given.items() if wanted]
    if len(asked) > 1:
        raise ConfigError([f"{' and '.join(asked)}: one form of output at a time"])


def repeated(config: Path | None, db: str | None, *, flag: str = "") -> str:
    """The words with which a further command reads the same records; its configuration is an argument, or follows `flag`."""
    words = (flag if config else "", str(config) if config else "", "--db" if db else "", db or "")
    return "".join(f" {shlex.quote(word)}" for word in words if word)


def same_period(since: str, until: str, usual: str) -> str:
    """The flags with which a further command reads the same period; its own --since is `usual`, its end is now."""
    flags = (("--since", since, usual), ("--until", until, "now"))
    return "".join(f" {flag} {shlex.quote(value)}" for flag, value, own in flags if value != own)


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Shows `what` on the terminal of standard error while the body runs longer than a second, and removes it at the end."""
    import threading

    ended = threading.Event()
    shown = threading.Thread(target=_show, args=(what, ended), daemon=True)
    if sys.stderr.isatty():
        shown.start()
    try:
        yield
    finally:
        ended.set()
        if shown.is_alive():
            shown.join()


def _show(what: str, ended: object) -> None:
    import threading

    assert isinstance(ended, threading.Event)
    seconds = 1
    while not ended.wait(EVERY):
        sys.stderr.write(f"\r\x1b[K{what} ... {seconds} s")
        sys.stderr.flush()
        seconds += 1
    if seconds > 1:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
