"""`tail` and `open`: the records as they come, and the pages about them."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import Annotated

import typer

from shadow.command_line.options import Db, reading
from shadow.command_line.pair_commands import read_verdicts
from shadow.commands.config_commands import ConfigPath, settings
from shadow.commands.exit_codes import INTERRUPTED
from shadow.presentation.visible_text import plain
from shadow.terminal.screen import columns, is_colored

EVERY = 1.0
"""Seconds between two looks at the records."""


def tail(
    *,
    config: ConfigPath = None,
    db: Db = None,
    everything: Annotated[bool, typer.Option("--all", help="Also pairs that are not evidence.")] = False,
    provider: Annotated[str, typer.Option("--provider", metavar="NAME", help="Only this provider.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """Print each new pair that is evidence, until Ctrl-C."""
    from shadow.report.evident_signals import RenewedEvidence
    from shadow.report.known_names import check_known
    from shadow.terminal.pair_tail import PairTail

    try:
        with reading(config, db) as reader:
            check_known(reader, provider=provider)
            new = PairTail(reader, provider=provider, evidence=not everything, evident=RenewedEvidence(reader, time.time))
            if not as_json:
                typer.echo("following; Ctrl-C ends")
            while True:
                for pair in new.lines():
                    typer.echo(new.as_json(pair) if as_json else new.pair_line_text(pair, width=columns(), color=is_colored()))
                time.sleep(EVERY)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def open_page(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="A provider, the id of a pair, or latest.")] = "",
    config: ConfigPath = None,
    db: Db = None,
    only_print: Annotated[bool, typer.Option("--print", help="Print the address; start no browser.")] = False,
) -> None:
    """Open the pages of the running serve in a browser."""
    from shadow.terminal.opened_page import page_address, start_browser

    found = settings(config, db)
    with reading(config, db) as reader:
        address = page_address(reader, found.admin, target, partial(read_verdicts, reader))
    typer.echo(plain(address))
    if not only_print:
        start_browser(address, os.environ)
