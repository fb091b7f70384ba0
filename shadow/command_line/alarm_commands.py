"""`alarms list` and `alarms ack`: the alarms of an installation, and an operator's answer to them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shadow.command_line.options import AsJson, ConfigFlag, Db, Since, progress, reading, repeated
from shadow.commands.config_commands import ConfigPath, settings
from shadow.presentation.visible_text import plain

if TYPE_CHECKING:
    from shadow.drift.state_transitions import Acknowledgement
    from shadow.report.alarm_lines import AlarmLine
    from storage.store import Reader

SHORTEST = 4
"""Characters of the end of an id that name an alarm."""
NOT_ENOUGH = 4
"""Exit code: an alarm could not be accepted yet, because too few pairs were compared since."""
Provider = Annotated[str, typer.Option("--provider", metavar="NAME", help="Only alarms of this provider.")]
Model = Annotated[str, typer.Option("--model", metavar="NAME", help="Only alarms of this model.")]
Route = Annotated[str, typer.Option("--route", metavar="NAME", help="Only alarms of this route.")]
Reference = Annotated[str, typer.Option("--reference", metavar="NAME", help="Only alarms of this reference.")]
Upstream = Annotated[str, typer.Option("--upstream", metavar="NAME", help="Only this server behind a router.")]

alarms_app = typer.Typer(no_args_is_help=True, help="List alarms and acknowledge them.")


@alarms_app.command("list")
def list_alarms(
    *,
    config: ConfigPath = None,
    db: Db = None,
    everything: Annotated[bool, typer.Option("--all", help="Also alarms that ended.")] = False,
    provider: Provider = "",
    model: Model = "",
    route: Route = "",
    reference: Reference = "",
    upstream: Upstream = "",
    signal: Annotated[str, typer.Option("--signal", metavar="SIGNAL", help="Only alarms in this signal.")] = "",
    state: Annotated[
        str, typer.Option("--state", metavar="STATE", help="Only this state: drift, slower, ...; includes --all.")
    ] = "",
    since: Since = "all",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="End; now.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the alarms that hold: since when, how large, and who acknowledged them."""
    from shadow.report.alarm_lines import alarm_lines, chosen_alarms
    from shadow.report.filters import period_of
    from shadow.settings.config_errors import ConfigError
    from shadow.terminal.alarm_list import alarms_json, alarms_text
    from shadow.terminal.known_names import check_known

    now = time.time()
    begin, end, errors = period_of("--", since, until, now)
    errors += _unknown_words(signal, state)
    if errors:
        raise ConfigError(errors)
    names = {"provider": provider, "model": model, "route": route, "reference": reference, "upstream": upstream}
    with progress("reading the alarms"), reading(config, db) as reader:
        found = chosen_alarms(alarm_lines(reader, now), {**names, "signal": signal, "state": state}, begin, end)
        check_known(reader, provider=provider, model=model, route=route, found=bool(found))
    found = found if everything or state else tuple(line for line in found if line.held)
    text = alarms_text(found, everything=everything, options=repeated(config, db))
    typer.echo(alarms_json(found) if as_json else plain(text))


def _unknown_words(signal: str, state: str) -> list[str]:
    """What is wrong with a signal or a state, a sentence each."""
    from shadow.drift.drift_signals import DriftSignal
    from shadow.drift.pace import PaceState
    from shadow.drift.state_transitions import DriftState
    from shadow.judging.pace_judge import FIRST_TOKEN, TOKEN, WHOLE_TOKEN
    from shadow.settings.config_errors import meant, quoted

    known = {
        "signal": (signal, sorted({*DriftSignal, FIRST_TOKEN, TOKEN, WHOLE_TOKEN})),
        "state": (state, sorted({*DriftState, *PaceState})),
    }
    return [
        f"--{name}: no such {name}: {quoted(word)}{meant(word, words)}"
        for name, (word, words) in known.items()
        if word and word not in words
    ]


@alarms_app.command("ack")
def acknowledge(
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ALARM|PROVIDER]...",
            help="Alarms by id, or providers; all without one. A path ending in .toml is the configuration.",
        ),
    ] = None,
    config: ConfigFlag = None,
    db: Db = None,
    fixed: Annotated[bool, typer.Option("--fixed", help="Fixed: reset the evidence.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Accept as the baseline; alert beyond it.")] = False,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who; the user of the operating system.")] = "",
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why, for those who read it later.")] = "",
    provider: Provider = "",
    model: Model = "",
    route: Route = "",
    reference: Reference = "",
    upstream: Upstream = "",
) -> None:
    """Acknowledge alarms, also while serve runs; exit 4 where one cannot be accepted yet."""
    from shadow.commands import acknowledge as acknowledging
    from shadow.drift.state_transitions import AckAction, Acknowledgement
    from shadow.judging.judge import NOT_ACCEPTED
    from shadow.judging.operator_words import operator_words
    from shadow.settings.config_errors import ConfigError

    if fixed == accept:
        raise ConfigError(["alarms ack: choose --fixed or --accept"])
    paths = [name for name in names or () if name.endswith(".toml")]
    path = Path(paths[0]) if paths else config
    by, why = operator_words(by or _user(), why)
    wanted = Acknowledgement(
        answer=AckAction.FIXED if fixed else AckAction.ACCEPT,
        provider=provider,
        model=model,
        route=route,
        reference=reference,
        upstream=upstream,
        by=by,
        why=why,
    )
    with reading(path, db) as reader:
        requests = _requests(reader, wanted, [name for name in names or () if name not in paths])
    sentences = [each for request in requests for each in acknowledging.acknowledge(settings(path, db), request)]
    typer.echo(plain("\n".join(sentences)))
    if any(f": {NOT_ACCEPTED}: " in each for each in sentences):
        raise typer.Exit(NOT_ENOUGH)


def _user() -> str:
    """The user of the operating system by name, or by number where it has none."""
    import getpass
    import os

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _requests(reader: Reader, wanted: Acknowledgement, names: Sequence[str]) -> Sequence[Acknowledgement]:
    """One for each provider or alarm that is named; without a name, for each provider with an alarm, as each is noted."""
    from shadow.report.alarm_lines import alarm_lines
    from shadow.terminal.known_names import known_names

    lines = alarm_lines(reader, time.time())
    held = sorted({line.provider for line in lines if line.held and wanted.provider in {"", line.provider}})
    if not names:
        return [replace(wanted, provider=provider) for provider in held] or [wanted]
    providers = {*known_names(reader, "provider"), *(line.provider for line in lines)}
    found: list[Acknowledgement] = []
    for name in names:
        if name in providers:
            found.append(replace(wanted, provider=name))
        else:
            found += _of_alarm(lines, wanted, name, providers)
    return found


def _of_alarm(lines: Sequence[AlarmLine], wanted: Acknowledgement, name: str, providers: set[str]) -> list[Acknowledgement]:
    """One for each group that holds the alarm of this id or end of an id; ConfigError for none, several, or one that ended."""
    from shadow.settings.config_errors import ConfigError, meant, quoted
    from shadow.verdict.phrases import moment

    matching = [line for line in lines if line.id and (line.id == name or (len(name) >= SHORTEST and line.id.endswith(name)))]
    ids = sorted({line.id for line in matching})
    if not ids:
        raise ConfigError([f"alarms ack: no alarm or provider is called {quoted(name)}{meant(name, sorted(providers))}"])
    if len(ids) > 1:
        raise ConfigError([f"alarms ack: {quoted(name)} is the end of several ids: {', '.join(ids)}"])
    held = [line for line in matching if line.held]
    if not held:
        ended = f" at {moment(matching[0].ended)} UTC" if matching[0].ended else ""
        raise ConfigError([f"alarms ack: the alarm {quoted(name)} ended{ended}; `sameweights alarms list` has those that hold"])
    return [
        replace(
            wanted,
            provider=line.provider,
            model=line.model,
            route=line.route,
            reference=line.reference,
            upstream=line.upstream,
            measure=line.measure,
        )
        for line in held
    ]
