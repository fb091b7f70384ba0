"""`alarms list` and `alarms ack`: the alarms of an installation, and an operator's answer to them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
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
SENTENCE = 600
"""Most characters of a sentence about one group, which holds names that clients chose."""
KEY = ("provider", "model", "route", "reference", "upstream", "measure")
"""The members of an alarm that name its group or pace."""
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
    """List active alarms. Shows since when, how large, and who acknowledged them."""
    from shadow.report.alarm_lines import alarm_lines, chosen_alarms
    from shadow.report.filters import period_of
    from shadow.report.known_names import check_known
    from shadow.settings.config_errors import ConfigError
    from shadow.terminal.alarm_list import alarms_json, alarms_text

    now = time.time()
    begin, end, errors = period_of("--", since, until, now)
    errors += _unknown_words(signal, state)
    if errors:
        raise ConfigError(errors)
    names = {"provider": provider, "model": model, "route": route, "reference": reference, "upstream": upstream}
    with progress("reading the alarms"), reading(config, db) as reader:
        found = chosen_alarms(alarm_lines(reader, now), {**names, "signal": signal, "state": state}, begin, end)
        check_known(reader, **names, found=bool(found))
    everything = everything or bool(state)
    found = found if everything else tuple(line for line in found if line.held)
    narrowed = any((*names.values(), signal, end))
    text = alarms_text(found, everything=everything, narrowed=narrowed, options=repeated(config, db))
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
    ctx: typer.Context,
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ALARM|PROVIDER",
            help="Alarms by id, or providers; default: all. A path ending in .toml is the configuration.",
        ),
    ] = None,
    config: ConfigFlag = None,
    db: Db = None,
    fixed: Annotated[bool, typer.Option("--fixed", help="Fixed: reset the evidence.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Accept as the new baseline; alert only beyond it.")] = False,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Your name; default: the system user.")] = "",
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Reason, stored with the acknowledgement.")] = "",
    provider: Provider = "",
    model: Model = "",
    route: Route = "",
    reference: Reference = "",
    upstream: Annotated[
        str | None,
        typer.Option("--upstream", metavar="NAME", help="Only this server behind a router; with an id, '' is the provider."),
    ] = None,
    signal: Annotated[
        str, typer.Option("--signal", metavar="SIGNAL", help="Signal of the alarm, where several alarms have the id.")
    ] = "",
) -> None:
    """Acknowledge alarms, even while serve runs. Exit 4 if one cannot be accepted yet."""
    from shadow.commands import acknowledge as acknowledging
    from shadow.drift.state_transitions import AckAction, Acknowledgement, AckOutcome
    from shadow.judging.operator_words import operator_words
    from shadow.presentation.safe_text import one_line
    from shadow.records import storable
    from shadow.settings.config_errors import ConfigError

    if fixed == accept:
        raise ConfigError(["alarms ack: choose --fixed or --accept"])
    path, named = _configuration(ctx, names or (), config)
    by, why = operator_words(by.strip() or _user(), why)
    wanted = Acknowledgement(
        answer=AckAction.FIXED if fixed else AckAction.ACCEPT,
        provider=storable(provider),
        model=storable(model),
        route=storable(route),
        reference=storable(reference),
        upstream=storable(upstream or ""),
        by=by,
        why=why,
    )
    given = {"provider": provider, "model": model, "route": route, "reference": reference, "signal": signal}
    choice = {name: value for name, value in given.items() if value} | ({} if upstream is None else {"upstream": upstream})
    with reading(path, db) as reader:
        requests = _requests(reader, wanted, named, choice)
    outcomes = set()
    for result in acknowledging.acknowledge(settings(path, db), requests):
        typer.echo(plain(one_line(result.sentence, SENTENCE)))
        outcomes.add(result.outcome)
    if AckOutcome.REFUSED in outcomes:
        raise typer.Exit(NOT_ENOUGH)


def _configuration(ctx: typer.Context, names: Sequence[str], config: Path | None) -> tuple[Path | None, list[str]]:
    """The configuration that is named, and the names that are left; `drift ack` takes any file for one, as it did before.

    ConfigError for more than one.
    """
    from shadow.settings.config_errors import ConfigError

    former = ctx.parent is not None and ctx.parent.info_name == "drift"
    paths = [name for name in names if name.endswith(".toml") or (former and _is_file(name))]
    given = [*paths, *([str(config)] if config else [])]
    if len(given) > 1:
        raise ConfigError([f"alarms ack: one configuration at a time, not {' and '.join(given)}"])
    return (Path(given[0]) if given else None), [name for name in names if name not in paths]


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # a name that is too long for a file
        return False


def _user() -> str:
    """The user of the operating system by name, or by number where it has none."""
    import getpass
    import os

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _requests(
    reader: Reader, wanted: Acknowledgement, names: Sequence[str], choice: Mapping[str, str]
) -> Sequence[Acknowledgement]:
    """One for each provider or alarm that is named; without a name, for each provider with an alarm, as each is noted.

    `choice` are the members of alarms that filters give. ConfigError where a name and they do not match.
    """
    from shadow.report.alarm_lines import alarm_lines
    from shadow.report.known_names import known_names
    from shadow.settings.config_errors import ConfigError

    lines = alarm_lines(reader, time.time())
    providers = {*known_names(reader, "provider"), *(line.provider for line in lines)}
    of_providers = [name for name in names if name in providers]
    if "signal" in choice and (of_providers or not names):
        raise ConfigError(["alarms ack: --signal chooses among alarms with the same id: name the alarm by its id"])
    if others := [name for name in of_providers if wanted.provider not in {"", name}]:
        raise ConfigError([f"alarms ack: --provider {wanted.provider} does not match the provider {name}" for name in others])
    if not names:
        given = {name: value for name, value in choice.items() if value}
        held = sorted({line.provider for line in lines if line.held and _fits(line, given)})
        return [replace(wanted, provider=provider) for provider in held] or [wanted]
    return [
        replace(wanted, provider=name) if name in of_providers else _exactly(wanted, _alarm_named(lines, name, choice, providers))
        for name in names
    ]


def _exactly(wanted: Acknowledgement, line: AlarmLine) -> Acknowledgement:
    """The acknowledgement of this alarm alone."""
    return replace(wanted, exact=True, **{name: getattr(line, name) for name in KEY})


def _fits(line: AlarmLine, choice: Mapping[str, str]) -> bool:
    return all(getattr(line, name) == value for name, value in choice.items())


def _alarm_named(lines: Sequence[AlarmLine], name: str, choice: Mapping[str, str], providers: set[str]) -> AlarmLine:
    """The alarm of this id or end of an id that matches the filters; ConfigError for none, several, or one that ended."""
    from shadow.settings.config_errors import ConfigError, meant, quoted
    from shadow.verdict.phrases import moment

    called = [line for line in lines if line.id and (line.id == name or (len(name) >= SHORTEST and line.id.endswith(name)))]
    if not called:
        raise ConfigError([f"alarms ack: no alarm or provider is called {quoted(name)}{meant(name, sorted(providers))}"])
    matching = [line for line in called if _fits(line, choice)]
    if not matching:
        flags = " ".join(f"--{filter_} {quoted(value)}" for filter_, value in choice.items())
        raise ConfigError([f"alarms ack: the alarm {quoted(name)} does not match {flags}: {_about(called[0])}"])
    if len(ids := sorted({line.id for line in matching})) > 1:
        raise ConfigError([f"alarms ack: {quoted(name)} is the end of several ids: {', '.join(ids)}"])
    held = [line for line in matching if line.held]
    if not held:
        ended = f" at {moment(matching[0].ended)} UTC" if matching[0].ended else ""
        raise ConfigError([f"alarms ack: the alarm {quoted(name)} ended{ended}; `sameweights alarms list` lists the active ones"])
    if len(held) > 1:
        choices = (f"{_about(line)}: --upstream {quoted(line.upstream)} --signal {line.signal}" for line in held)
        raise ConfigError([f"alarms ack: several alarms have the id {quoted(name)}; choose one", *choices])
    return held[0]


def _about(line: AlarmLine) -> str:
    """What an alarm is about, on one line."""
    from shadow.presentation.safe_text import short_name

    return f"{line.party}, {short_name(line.model)}, {f'route {line.route}' if line.route else f'latency {line.measure}'}"
