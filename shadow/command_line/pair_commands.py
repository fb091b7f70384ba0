"""`pairs`, `answers` and `show`: the recorded requests and answers, filtered, and one of them in full."""

from __future__ import annotations

import time
from functools import cache, partial
from typing import TYPE_CHECKING, Annotated

import typer

from shadow.command_line.options import AsJson, Db, Since, one_form, progress, reading, repeated
from shadow.commands.config_commands import ConfigPath, settings
from shadow.presentation.visible_text import plain
from shadow.terminal.screen import columns, is_colored

if TYPE_CHECKING:
    from shadow.report.evident_signals import EvidentSignals
    from storage.rows import PairRow
    from storage.store import Reader

Provider = Annotated[str, typer.Option("--provider", metavar="NAME", help="Only this provider.")]
Model = Annotated[str, typer.Option("--model", metavar="NAME", help="Only this model.")]
EndOfPeriod = Annotated[str, typer.Option("--until", metavar="TIME", help="End; now.")]
Limit = Annotated[int, typer.Option("-n", "--limit", metavar="N", min=1, max=10_000, help="Largest number of rows.")]


def pairs(
    *,
    config: ConfigPath = None,
    db: Db = None,
    everything: Annotated[bool, typer.Option("--all", help="Also pairs that are not evidence.")] = False,
    provider: Provider = "",
    model: Model = "",
    route: Annotated[str, typer.Option("--route", metavar="NAME", help="Only this route.")] = "",
    upstream: Annotated[str, typer.Option("--upstream", metavar="NAME", help="Only this server behind a router.")] = "",
    signal: Annotated[str, typer.Option("--signal", metavar="SIGNAL", help="Only pairs with a finding of this signal.")] = "",
    aspect: Annotated[str, typer.Option("--aspect", hidden=True)] = "",
    state: Annotated[
        str, typer.Option("--state", metavar="STATE", help="Only this state: differ, match, ...; includes --all.")
    ] = "",
    segment: Annotated[
        str, typer.Option("--segment", metavar="SEGMENT", help="Only this segment of requests, as in tools=yes.")
    ] = "",
    tenant: Annotated[str, typer.Option("--tenant", metavar="TENANT", help="Only requests of this tenant.")] = "",
    tag: Annotated[str, typer.Option("--tag", metavar="TAG", help="Only requests with this tag.")] = "",
    conversation: Annotated[str, typer.Option("--conversation", metavar="ID", help="Only this conversation.")] = "",
    text: Annotated[
        str, typer.Option("--search", metavar="TEXT", help="Only pairs with this text in the request or an answer.")
    ] = "",
    since: Since = "all",
    until: EndOfPeriod = "",
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List the pairs that are evidence, newest first. They show what the reference's own noise does not explain."""
    from shadow.report.evident_signals import stored_evidence
    from shadow.report.filters import pair_filter
    from shadow.report.known_names import check_known, filter_names
    from shadow.report.text_search import searched_text
    from shadow.terminal import pair_list

    signal = _signal(signal, "--aspect", aspect)
    chosen = pair_filter(
        provider=provider,
        model=model,
        route=route,
        upstream=upstream,
        signal=signal,
        state=state,
        segment=segment,
        tag=tag,
        conversation=conversation,
        tenant=tenant,
        since=since,
        until=until,
        evidence=not (everything or state),
        limit=limit,
        now=time.time(),
    )
    pattern = searched_text("--search", text) if text else None
    with progress("reading the pairs"), reading(config, db) as reader:
        evident = stored_evidence(reader, time.time(), since, until)
        if pattern:
            found, searched = pair_list.found_lines(reader, chosen, evident, pattern)
        else:
            found, searched = pair_list.pair_lines(reader, chosen, evident), None
        check_known(reader, **filter_names(chosen), found=bool(found))
        chosen = chosen if found else pair_list.without_evidence(reader, chosen)
    if as_json:
        typer.echo(pair_list.pairs_json(found, searched))
        return
    typer.echo(
        pair_list.pairs_text(
            found,
            chosen,
            width=columns(),
            color=is_colored(),
            absence=evident.absence(provider, model),
            options=repeated(config, db),
            searched=searched,
        )
    )


def answers(
    *,
    config: ConfigPath = None,
    db: Db = None,
    signal: Annotated[str, typer.Option("--signal", metavar="SIGNAL", help="Only answers that failed this check.")] = "",
    check: Annotated[str, typer.Option("--check", hidden=True)] = "",
    provider: Provider = "",
    model: Model = "",
    since: Since = "all",
    until: EndOfPeriod = "",
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List live answers that failed a check, newest first."""
    from shadow.report.filters import answer_filter
    from shadow.report.known_names import check_known
    from shadow.terminal import answers_text as views

    signal = _signal(signal, "--check", check)
    chosen = answer_filter(provider=provider, model=model, signal=signal, since=since, until=until, limit=limit, now=time.time())
    with progress("reading the answers"), reading(config, db) as reader:
        found = reader.faulty_answers(chosen)
        check_known(reader, provider=provider, model=model, found=bool(found))
    typer.echo(views.answers_json(found) if as_json else views.answers_text(found, width=columns(), color=is_colored()))


def show_record(
    pair_id: Annotated[
        str,
        typer.Argument(metavar="ID", help="Id of a pair or an answer, its beginning or its end; latest: the newest evidence."),
    ],
    config: ConfigPath = None,
    *,
    db: Db = None,
    raw: Annotated[
        str, typer.Option("--raw", metavar="SIDE", help="Print the bytes of: request, response, reference or control.")
    ] = "",
    curl: Annotated[bool, typer.Option("--curl", help="Print a curl command for the request, without any key.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Print a bug report for the provider, as Markdown.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one compared request, its answers side by side."""
    from shadow.report.bug_report import bug_report
    from shadow.settings.installed_version import installed_version
    from shadow.terminal import answers_text as one_answer
    from shadow.terminal import pair_text, raw_record

    one_form(raw=bool(raw), curl=curl, report=report, json=as_json)
    with reading(config, db) as reader:
        verdicts = cache(partial(read_verdicts, reader))
        pair_id = raw_record.latest_id(reader, verdicts) if pair_id == "latest" else pair_id
        if raw:
            raw_record.write_raw(raw_record.raw_bytes(reader, pair_id, raw))
            return
        if curl:
            typer.echo(plain(raw_record.curl_command(reader, pair_id, settings(config, db), repeated(config, db))))
            return
        if report:
            typer.echo(plain(bug_report(reader, known_pair(reader, pair_id), verdicts(), version=installed_version("source"))))
            return
        found = pair_text.pair_columns(reader, pair_id, verdicts() if reader.pair(pair_id) else None)
        single = None if found else one_answer.answer_view(reader, pair_id)
        if found is None and single is None:
            raise one_answer.id_error(reader, pair_id)
    if single is not None:
        typer.echo(
            one_answer.answer_json(single) if as_json else one_answer.answer_text(single, width=columns(), color=is_colored())
        )
    elif found is not None:
        typer.echo(pair_text.pair_json(found) if as_json else pair_text.pair_text(found, width=columns(), color=is_colored()))


def known_pair(reader: Reader, part: str) -> PairRow:
    """The pair of this id or part of an id; ConfigError for one that has no pair."""
    from shadow.settings.config_errors import ConfigError, quoted
    from shadow.terminal.answers_text import id_error

    if pair := reader.pair(part):
        return pair
    if reader.exchange(part):
        raise ConfigError([f"--report: {quoted(part)} is an answer without a pair: there is nothing to compare it with"])
    raise id_error(reader, part)


def read_verdicts(reader: Reader) -> EvidentSignals:
    """What the verdicts of all records rest on, read from the whole store."""
    from shadow.report.evident_signals import stored_evidence

    with progress("reading the verdicts"):
        return stored_evidence(reader, time.time())


def _signal(given: str, old_flag: str, older: str) -> str:
    """The signal of `--signal`, or of the flag's old name; a note on standard error for each name of 0.1.0."""
    from shadow.report.signal_names import new_name

    text = given or older
    renamed = {old_flag: "--signal" * bool(older), text: new_name(text)}
    for old, new in renamed.items():
        if new:
            typer.echo(plain(f"note: {old} is now {new}; the old name ends with the next version"), err=True)
    return text
