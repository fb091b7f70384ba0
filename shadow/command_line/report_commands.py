"""`report` and `status`: the verdicts of a period in a few lines, in full, or as a file, and the exit codes for scripts."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shadow.command_line.options import (
    DAY,
    AsJson,
    ConfigFlag,
    Db,
    Since,
    Until,
    one_form,
    progress,
    reading,
    repeated,
    same_period,
)
from shadow.findings.number_words import number_of
from shadow.presentation.visible_text import plain
from shadow.terminal.screen import columns, is_colored, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shadow.report.figures import Report

DIFFERS, UNMEASURED = 3, 4
"""Exit codes: a provider differs or is faulty; the evidence is not enough."""
AGO = tuple("smhdw")
"""The units in which a period is given by its length."""
FailOnDrift = Annotated[
    bool, typer.Option("--fail-on-drift", help="Exit 3 when a provider differs or is faulty, 4 when nothing was compared.")
]
FailOnUnmeasured = Annotated[
    bool, typer.Option("--fail-on-unmeasured", help="Exit 4 when the evidence about a provider is not enough.")
]


def report(
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROVIDER", help="Every figure of this provider. A path ending in .toml is the configuration."),
    ] = None,
    config: ConfigFlag = None,
    db: Db = None,
    since: Since = DAY,
    until: Until = "now",
    full: Annotated[bool, typer.Option("--full", help="Every figure, not only the verdicts.")] = False,
    markdown: Annotated[bool, typer.Option("--md", help="Markdown, for a ticket or a pull request.")] = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write the report as one HTML file."),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML with a case for each provider.")
    ] = None,
    as_json: AsJson = False,
    tenant: Annotated[
        str, typer.Option("--tenant", metavar="TENANT", help="Requests, times and money of one tenant, without verdicts.")
    ] = "",
    bundle: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="Compute the figures from a dossier, instead of the database.")
    ] = None,
    fail_on_drift: FailOnDrift = False,
    fail_on_unmeasured: FailOnUnmeasured = False,
) -> None:
    """Show which providers differ, and by how much, with intervals."""
    from shadow.commands.config_commands import settings
    from shadow.commands.written_file import check_writable, write_text
    from shadow.pricing.price_list import PriceList
    from shadow.report import build_report as views
    from shadow.report.provider_report import of_provider

    one_form(md=markdown, json=as_json)
    check_writable(html, junit)
    provider, path = _named(names or (), config)
    now = time.time()
    period = _ends(since, until, now)
    if tenant:
        _only_figures(markdown=markdown, html=html, junit=junit, bundle=bundle, provider=provider)
        _tenant(tenant, period, path, db, as_json=as_json)
        return
    whole = full or markdown or as_json or bool(provider or html or junit)
    with progress("reading the records"):
        if bundle is not None:
            from shadow.dossier.dossier_bundle import read_dossier

            found = read_dossier(bundle)
        else:
            with reading(path, db) as reader:
                prices = PriceList(settings(path, db).proxy.providers)
                found = views.build(reader, *period, prices) if whole else views.build_verdicts(reader, *period)
    found = of_provider(found, provider) if provider else found
    if html is not None:
        from shadow.report.report_html import as_html

        write_text(html, as_html(found))
    if junit is not None:
        from shadow.report.report_junit import as_junit

        write_text(junit, as_junit(found))
    if as_json:
        typer.echo(views.as_json(found))
    elif markdown:
        from shadow.report.report_markdown import as_markdown

        typer.echo(plain(as_markdown(found)), nl=False)
    elif full or provider:
        typer.echo(views.as_text(found, width=columns(), color=is_colored()))
        if provider and found.drifted and bundle is None:
            options = same_period(since, until, "all") + repeated(path, db)
            typer.echo(plain("\n" + wrapped(f"Next: sameweights pairs --provider {shlex.quote(provider)}{options}")))
    elif html is None and junit is None:
        from shadow.report.verdict_text import verdict_text

        typer.echo(
            verdict_text(
                found.cards,
                found.references,
                period=_period(found, since, until="" if bundle else until),
                now=now,
                sampled=found.rows.sentence if found.rows else "",
                width=columns(),
                color=is_colored(),
                options=f" --from {shlex.quote(str(bundle))}"
                if bundle
                else same_period(since, until, DAY) + repeated(path, db, flag="--config"),
                doctor_options=repeated(path, db),
            )
        )
    _leave(found, drift=fail_on_drift, unmeasured=fail_on_unmeasured)


def _only_figures(**given: object) -> None:
    """Refuse what has a verdict, which no tenant has."""
    from shadow.settings.config_errors import ConfigError

    if named := [name for name, value in given.items() if value]:
        raise ConfigError(
            [f"--tenant: its figures are text or --json; leave {', '.join(named)} out, which show verdicts of providers"]
        )


def _tenant(tenant: str, period: tuple[float, float], path: Path | None, db: str | None, *, as_json: bool) -> None:
    from shadow.commands.config_commands import settings
    from shadow.pricing.price_list import PriceList
    from shadow.report.budget_lines import running_budgets
    from shadow.report.tenant_report import tenant_json, tenant_report, tenant_text
    from shadow.settings.config_errors import ConfigError, meant, quoted

    config = settings(path, db)
    known = [each.name for each in config.tenants]
    if known and tenant not in known:
        raise ConfigError([f"--tenant: no tenant is named {quoted(tenant)}{meant(tenant, known)}"])
    with progress("reading the records"), reading(path, db) as reader:
        budgets = running_budgets(reader, config, time.time())
        found = tenant_report(reader, tenant, *period, PriceList(config.proxy.providers), budget=budgets)
    if as_json:
        typer.echo(tenant_json(found))
    else:
        typer.echo(plain(tenant_text(found)))


def status(
    *,
    config: ConfigFlag = None,
    db: Db = None,
    since: Since = DAY,
    everything: Annotated[bool, typer.Option("--all", help="Every provider and model, not only the 20 worst.")] = False,
    short: Annotated[bool, typer.Option("--short", help="Only marks and counts, for a shell prompt.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one line for each provider, the worst first. Exit 3 when one differs, 4 without enough evidence."""
    from shadow.report import build_report as views
    from shadow.report.verdict_text import short_status, status_json, status_lines

    one_form(short=short, json=as_json)
    now = time.time()
    with progress("reading the records"), reading(config, db) as reader:
        found = views.build_verdicts(reader, *_ends(since, "now", now))
    sampled = found.rows.sentence if found.rows else ""
    if as_json:
        typer.echo(status_json(found.cards, now=now, sampled=sampled))
    elif short:
        typer.echo(plain(short_status(found.cards)))
    else:
        options = same_period(since, "now", DAY) + repeated(config, db, flag="--config")
        lines = status_lines(found.cards, now=now, sampled=sampled, everything=everything, options=options)
        typer.echo(plain("\n".join(lines)))
    _leave(found, drift=True, unmeasured=True)


def _named(names: Sequence[str], config: Path | None) -> tuple[str, Path | None]:
    """The provider and the configuration that the arguments name; a path ends in .toml, as no provider's name does."""
    from shadow.settings.config_errors import ConfigError, quoted

    paths = [name for name in names if name.endswith(".toml")]
    providers = [name for name in names if name not in paths]
    if len(providers) > 1 or len(paths) > (0 if config else 1):
        raise ConfigError([f"report: one provider and one configuration at most: {', '.join(map(quoted, names))}"])
    return (providers[0] if providers else ""), (Path(paths[0]) if paths else config)


def _ends(since: str, until: str, now: float) -> tuple[float, float]:
    """Begin and end of the period that the flags give; ConfigError where it has no length."""
    from shadow.report.filters import period_of
    from shadow.settings.config_errors import ConfigError

    begin, end, errors = period_of("--", since, until, now)
    if errors:
        raise ConfigError(errors)
    return begin, end or now


def _period(found: Report, since: str, until: str) -> str:
    """The period in words, with its requests; `since` and `until` are the flags, `until` "" where they do not apply."""
    from shadow.verdict.phrases import moment

    requests = sum(row.requests for row in found.traffic if row.role == "primary")
    begin = f"{moment(found.since)} to" if found.since > 0 else "until"
    period = f"{begin} {moment(found.until)} UTC"
    if until == "now" and found.since <= 0:
        period = "all records"
    elif until == "now" and since.strip()[-1:] in AGO:
        period = f"last {since.strip()}"
    return f"{period}, {number_of(requests, 'request')}"


def _leave(found: Report, *, drift: bool, unmeasured: bool) -> None:
    """Exit with the code that the flags ask for; a difference takes precedence over missing evidence."""
    if drift and found.drifted:
        raise typer.Exit(DIFFERS)
    if (drift and not found.measured) or (unmeasured and found.undecided):
        raise typer.Exit(UNMEASURED)
