"""`export`: a dossier about a provider or an alarm, or records as JSONL, Parquet or CSV, as files."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Annotated

import typer

from shadow.command_line.options import Db, Since, Until, progress, reading
from shadow.commands.config_commands import ConfigPath
from shadow.findings.number_words import number_of
from shadow.presentation.visible_text import plain


def export(
    config: ConfigPath = None,
    *,
    db: Db = None,
    dossier: Annotated[
        str, typer.Option("--dossier", metavar="NAME", help="Write a dossier: a provider, or the end of an alarm's pair id.")
    ] = "",
    jsonl: Annotated[
        Path | None, typer.Option("--jsonl", metavar="FILE", help="Write exchanges and findings as JSONL; .zst compresses.")
    ] = None,
    parquet: Annotated[Path | None, typer.Option("--parquet", metavar="FILE", help="Write the same as a Parquet table.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write pairs as CSV.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder of a dossier; default dossier-NAME.")] = None,
    provider: Annotated[str, typer.Option("--provider", metavar="NAME", help="Only this provider; not for a dossier.")] = "",
    since: Since = "",
    until: Until = "now",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Largest number of pairs; not for a dossier.")
    ] = 10_000,
    without_text: Annotated[bool, typer.Option("--without-text", help="Leave out all text of requests and answers.")] = False,
) -> None:
    """Write a dossier, or records as JSONL, Parquet or CSV."""
    from shadow.commands.written_file import check_writable, write_bytes, write_text
    from shadow.dossier import record_lines
    from shadow.dossier.compressed_lines import as_file
    from shadow.dossier.digest_chain import CHAIN
    from shadow.dossier.dossier_bundle import write_dossier
    from shadow.dossier.dossier_subject import dossier_subject
    from shadow.dossier.parquet_file import write_parquet
    from shadow.report.evident_signals import stored_evidence
    from shadow.report.filters import moment_of, pair_filter
    from shadow.report.known_names import check_known
    from shadow.settings.config_errors import ConfigError
    from shadow.settings.installed_version import installed_version
    from shadow.terminal.pair_list import pair_lines

    if not (dossier or jsonl or parquet or csv):
        raise ConfigError(["export: choose --dossier NAME, --jsonl FILE, --parquet FILE or --csv FILE"])
    check_writable(jsonl, parquet, csv)
    now = time.time()
    end = moment_of("--until", until, now)
    with progress("reading the records"), reading(config, db) as reader:
        if dossier:
            begin = moment_of("--since", since, now) if since else None
            found = dossier_subject(reader, dossier, begin, end)
            folder = out or Path(f"dossier-{found.provider}")
            made = write_dossier(
                reader,
                found.provider,
                (found.since, found.until),
                folder,
                version=installed_version("source"),
                with_text=not without_text,
            )
            typer.echo(
                plain(
                    f"{folder}: {number_of(made.pairs, 'pair')}, {number_of(made.requests, 'request')}; "
                    f"last link of {CHAIN}: {made.link}"
                )
            )
        if jsonl or parquet or csv:
            wanted = pair_filter(
                provider=provider,
                model="",
                signal="",
                state="",
                since=since or "all",
                until=until,
                limit=limit,
                now=now,
            )
            key = secrets.token_bytes(32)
            lines = pair_lines(reader, wanted, stored_evidence(reader, now, since, until))
            check_known(reader, provider=provider, found=bool(lines))
            if jsonl:
                write_bytes(jsonl, as_file(jsonl, record_lines.jsonl_lines(reader, lines, key=key, with_text=not without_text)))
            if parquet:
                members = record_lines.record_members(reader, lines, key=key, with_text=not without_text)
                write_parquet(parquet, members, version=installed_version("source"))
            if csv:
                write_text(csv, record_lines.csv_text(reader, lines, key=key, with_text=not without_text))
            typer.echo(
                plain(
                    f"{number_of(len(lines), 'pair')} written to "
                    f"{' and '.join(str(path) for path in (jsonl, parquet, csv) if path)}"
                )
            )
