"""`plan`: what drift can be found, in how many pairs and days, for the requests a day that are given or recorded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from shadow.command_line.options import Db, reading
from shadow.commands.config_commands import ConfigPath, settings
from shadow.presentation.visible_text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shadow.report.daily_requests import DailyRequests
    from shadow.report.drift_lines import DriftLine


def plan(
    *,
    config: ConfigPath = None,
    db: Db = None,
    per_day: Annotated[
        float | None, typer.Option("--per-day", metavar="N", min=1, help="Requests a day, instead of the recorded ones.")
    ] = None,
    drop: Annotated[
        float, typer.Option("--drop", metavar="POINTS", min=0, max=100, help="Drift to find, in percentage points.")
    ] = 10.0,
    days: Annotated[float, typer.Option("--days", metavar="N", min=0.01, help="Days in which to find it.")] = 7.0,
    noise: Annotated[
        float, typer.Option("--noise", metavar="POINTS", min=0, max=100, help="The reference's own noise, in percentage points.")
    ] = 10.0,
    price: Annotated[float, typer.Option("--price", metavar="MONEY", min=0, help="Cost of one reference call.")] = 0.0,
) -> None:
    """Show what drift can be found, in how many pairs and days."""
    from shadow.report.daily_requests import DailyRequests, daily_requests
    from shadow.report.drift_lines import drift_lines
    from shadow.report.plan_text import PlanInputs, plan_text
    from shadow.terminal.screen import wrapped
    from storage.store import StoreError

    _refuse_infinite({"--per-day": per_day or 0, "--days": days, "--price": price})
    lines: tuple[DriftLine, ...] = ()
    recorded, absent = DailyRequests(), ""
    try:
        with reading(config, db) as reader:
            lines = drift_lines(reader)
            recorded = daily_requests(reader, time.time()) if per_day is None else recorded
    except StoreError as why:
        absent = str(why)  # a plan comes before the first pair
    source = "" if per_day is not None else _source(recorded, absent)
    means = PlanInputs(
        per_day=recorded.per_day if per_day is None else per_day,
        source=source,
        floor=noise / 100,
        price=price,
        days=days,
        drop=drop / 100,
    )
    text = plan_text(settings(config, db), means, lines)
    typer.echo(plain("\n".join(wrapped(line, indent=6) for line in text.splitlines())))


def _refuse_infinite(given: Mapping[str, float]) -> None:
    """ConfigError for a number that is none: the parser takes `nan`, and a number too large for one is infinite."""
    from math import isfinite

    from shadow.settings.config_errors import ConfigError

    if wrong := [name for name, number in given.items() if not isfinite(number)]:
        raise ConfigError([f"{name}: {given[name]} is not a number to plan with; write one such as 1000" for name in wrong])


def _source(recorded: DailyRequests, absent: str) -> str:
    """Where the requests a day come from, in words; ConfigError where the records do not hold them."""
    from shadow.settings.config_errors import ConfigError

    if recorded.per_day >= 1:
        counted = f"median of {'the last ' * (recorded.days > 1)}{recorded.days} whole day{'s' * (recorded.days > 1)} of UTC"
        return f"recorded of {recorded.provider} serving {recorded.model or 'no named model'}: {counted}; --per-day overrides"
    why = absent or "the records hold no whole day of UTC yet"
    if recorded.days:
        why = f"on most of the last {recorded.days} whole days of UTC no provider and model had a request"
    raise ConfigError([f"plan: give the requests a day with --per-day N: {why}"])
