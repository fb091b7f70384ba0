"""`choose`: which candidates of a route are the same as the reference, and the cheapest of these; it begins a tournament."""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shadow.command_line.options import AsJson, Db, one_form, progress, reading
from shadow.commands.config_commands import ConfigPath, settings
from shadow.presentation.visible_text import plain
from shadow.terminal.screen import columns, is_colored, wrapped

if TYPE_CHECKING:
    from shadow.choice.tournament_plan import TournamentPlan
    from shadow.settings.top_level_config import Config
    from shadow.tournament.tournament_record import TournamentRecord
    from shadow.tournament.tournament_route import TournamentRoute
    from storage.store import Reader


def choose(
    *,
    config: ConfigPath = None,
    db: Db = None,
    route: Annotated[str, typer.Option("--route", metavar="NAME", help="Route whose candidates to compare.")] = "",
    only_plan: Annotated[bool, typer.Option("--plan", help="Only the plan: requests, calls, money, days.")] = False,
    start: Annotated[bool, typer.Option("--start", help="Start a tournament without asking for confirmation.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="With --start: end the running tournament first.")] = False,
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--md", help="Markdown, for a ticket.")] = False,
) -> None:
    """Compare the candidates of a route with its reference. Names those that are the same, and the cheapest of them."""
    from shadow.tournament.route_view import route_plan
    from shadow.tournament.tournament_record import running, running_routes
    from shadow.tournament.tournament_route import tournament_route

    one_form(md=markdown, json=as_json)
    _check_flags(only_plan=only_plan, start=start, replace=replace)
    loaded = settings(config, db)
    with progress("reading the records"), _reader(config, db) as reader:
        studies = reader.studies.studies() if reader else ()
        chosen = tournament_route(loaded, route, running_routes(studies))
        current = running(studies, chosen.name)
        if reader and current is not None and not only_plan and not start:
            _show(reader, loaded, current, as_json=as_json, markdown=markdown)
            return
        chosen = tournament_route(loaded, route)
        planned = route_plan(reader, loaded, chosen, time.time())
        kept_since = reader.extent()[1] if reader else 0.0
    if current is not None and start and not replace:
        _refuse(current)
    record = _begun(loaded, chosen, planned.plan, kept_since) if start else None
    if as_json:
        from shadow.tournament.tournament_json import plan_document

        begun = record.begun if record else 0.0
        typer.echo(json.dumps(plan_document(planned.plan, route=chosen.name, reference=chosen.reference, begun=begun), indent=2))
    else:
        typer.echo(plain("\n".join(wrapped(line) for line in planned.lines)))
    if as_json or only_plan:
        return
    if record is None and _agreed():
        record = _begun(loaded, chosen, planned.plan, kept_since)
    began = f"The tournament of {chosen.name} has begun. To see it: sameweights choose"
    typer.echo(plain(wrapped(began if record else "Nothing was started. To start: sameweights choose --start")))


def _check_flags(*, only_plan: bool, start: bool, replace: bool) -> None:
    from shadow.settings.config_errors import ConfigError

    if only_plan and start:
        raise ConfigError(["--plan and --start: --plan starts nothing; use only one of them"])
    if replace and not start:
        raise ConfigError(["--replace: it ends a tournament to start another one; give --start too"])


@contextmanager
def _reader(config: Path | None, db: str | None) -> Iterator[Reader | None]:
    """The reader of the records; None where there is no database yet, since a plan comes before the first pair."""
    from storage.opening import is_absent

    if is_absent(settings(config, db).storage):
        yield None
        return
    with reading(config, db) as reader:
        yield reader


def _show(reader: Reader, config: Config, record: TournamentRecord, *, as_json: bool, markdown: bool) -> None:
    from shadow.tournament.tournament_view import tournament_figures

    found = tournament_figures(reader, record, time.time(), config)
    if as_json:
        from shadow.tournament.tournament_json import tournament_document

        typer.echo(json.dumps(tournament_document(found), indent=2))
    elif markdown:
        from shadow.tournament.tournament_markdown import tournament_markdown

        typer.echo(plain(tournament_markdown(found)), nl=False)
    else:
        from shadow.tournament.tournament_text import tournament_text

        typer.echo(tournament_text(found, width=columns(), color=is_colored()))


def _agreed() -> bool:
    """Whether the plan is accepted at a terminal; elsewhere there is no question, and nothing begins."""
    return sys.stdin.isatty() and sys.stdout.isatty() and typer.confirm("Start?", default=False)


def _refuse(record: TournamentRecord) -> None:
    from shadow.settings.config_errors import ConfigError, quoted
    from shadow.verdict.phrases import moment

    words = (
        f"choose: a tournament of the route {quoted(record.route)} runs since {moment(record.begun)} UTC, and its terms were "
        "fixed then; --start --replace ends it, and begins one with the terms of the configuration"
    )
    raise ConfigError([words])


def _begun(config: Config, route: TournamentRoute, plan: TournamentPlan, kept_since: float) -> TournamentRecord:
    from math import isfinite

    from shadow.commands.begin_tournament import begin_tournament
    from shadow.tournament.tournament_record import TournamentRecord
    from shadow.tournament.tournament_route import configured_terms

    half, most = (int(number) if isfinite(number) else None for number in (plan.half, plan.nine_of_ten))
    record = TournamentRecord(
        id=secrets.token_hex(16),
        route=route.name,
        reference=route.reference,
        candidates=route.candidates,
        begun=time.time(),
        terms=configured_terms(config.tournament),
        money=config.tournament.money,
        half=half,
        nine_of_ten=most,
        kept_since=kept_since,
    )
    begin_tournament(config.storage, record)
    return record
