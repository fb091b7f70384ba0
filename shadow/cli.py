"""The command line: every command and flag, and the exit codes; other modules do the work.

0: done. 1: an internal error, with a traceback. 2: errors in what the user wrote, a sentence each. 3: `report --fail-on-drift`
found drift, or a faulty provider. 4: it found nothing that was compared. 141: the reader of the output has gone, as with `head`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from proxy.process.standard_streams import UnwritableError, install_streams
from shadow.command_line.alarm_commands import acknowledge, alarms_app
from shadow.command_line.options import Db, reading
from shadow.command_line.plan_command import plan
from shadow.command_line.record_commands import add_examples, add_record_commands
from shadow.command_line.storage_command import storage_app
from shadow.commands.config_commands import ConfigPath, config_app, file_here, missing, settings
from shadow.commands.dashboards_command import dashboards
from shadow.commands.package_conflicts import crowded_out
from shadow.presentation.visible_text import plain
from shadow.studies.probe.probe_command import fork, probe
from shadow.studies.study_commands import add_study_commands

WRONG, BROKEN_PIPE = 2, 141

app = typer.Typer(
    name="sameweights",
    help="A transparent proxy that audits live LLM traffic: does your provider serve what the reference serves?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(config_app, name="config")
app.add_typer(storage_app, name="storage")
add_study_commands(app)
app.command()(probe)
app.command()(fork)
app.command()(dashboards)
app.add_typer(alarms_app, name="alarms")
drift_app = typer.Typer(no_args_is_help=True, help="The former name of `alarms ack`.")
drift_app.command("ack")(acknowledge)
app.add_typer(drift_app, name="drift", hidden=True)


@app.callback(invoke_without_command=True)
def _sameweights(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from shadow.settings.installed_version import installed_version

        typer.echo(
            f"sameweights {installed_version('')}"
            if installed_version("")
            else "sameweights, not installed but run from its source"
        )
        raise typer.Exit


@app.command()
def demo(
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="How long to send requests.")] = 20.0,
    keep: Annotated[bool, typer.Option("--keep", help="Keep running until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Data port; 0 picks a free one.")] = 0,
) -> None:
    """Run everything with simulated providers; needs no key."""
    from shadow.demo.demo_run import run

    raise typer.Exit(run(seconds=seconds, keep=keep, port=port))


@app.command()
def serve(
    *,
    config: ConfigPath = None,
    upstream: Annotated[str | None, typer.Option("--upstream", metavar="URL", help="Provider that serves your traffic.")] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", metavar="URL", help="Reference that gets a copy of a sample of requests.")
    ] = None,
    reference_model: Annotated[
        str | None, typer.Option("--reference-model", metavar="NAME", help="The reference's name for the model.")
    ] = None,
    upstream_key_env: Annotated[
        str | None, typer.Option("--upstream-key-env", metavar="VARIABLE", help="Environment variable with the provider's key.")
    ] = None,
    reference_key_env: Annotated[
        str | None, typer.Option("--reference-key-env", metavar="VARIABLE", help="Environment variable with the reference's key.")
    ] = None,
    sample_rate: Annotated[
        float | None, typer.Option("--sample-rate", metavar="SHARE", help="Fraction of conversations to copy to the reference.")
    ] = None,
    listen: Annotated[str | None, typer.Option("--listen", metavar="HOST:PORT", help="The data port.")] = None,
    admin: Annotated[str | None, typer.Option("--admin", metavar="HOST:PORT", help="Metrics, health and pages.")] = None,
    db: Db = None,
    workers: Annotated[int | None, typer.Option("--workers", metavar="N", help="Number of forwarding processes.")] = None,
    log_level: Annotated[
        str | None, typer.Option("--log-level", metavar="LEVEL", help="Lowest level logged: error, warning, info, debug.")
    ] = None,
    log_format: Annotated[
        str | None, typer.Option("--log-format", metavar="FORMAT", help="text, json, or auto: text on a terminal, else JSON.")
    ] = None,
    role: Annotated[
        str, typer.Option("--role", metavar="ROLE", help="With a broker: proxy only forwards, audit only audits.")
    ] = "all",
    attached: Annotated[bool, typer.Option("--attached", help="Exit when stdin closes.")] = False,
) -> None:
    """Forward live traffic, and audit a sample of it."""
    from shadow.processes.serve_plan import ServeArguments
    from shadow.processes.serve_start import start
    from shadow.settings.load_config import advice, load

    flags = {
        "upstream": upstream,
        "reference": reference,
        "reference_model": reference_model,
        "upstream_key_env": upstream_key_env,
        "reference_key_env": reference_key_env,
        "sample_rate": sample_rate,
        "listen": listen,
        "admin": admin,
        "db": db,
        "workers": workers,
        "log_level": log_level,
        "log_format": log_format,
    }
    path = config if config or upstream else file_here() or missing()
    loaded = load(path, flags, os.environ)
    for word in advice(loaded, os.environ):
        typer.echo(plain(f"note: {word}"), err=True)
    start(loaded, ServeArguments(path=str(path or ""), flags=flags), attached=attached, role=role)


add_record_commands(app)


@app.command()
def mcp(
    *,
    config: ConfigPath = None,
    db: Db = None,
    http: Annotated[
        str, typer.Option("--http", metavar="HOST:PORT", help="Serve on this port instead of stdin and stdout.")
    ] = "",
    token_env: Annotated[
        str, typer.Option("--token-env", metavar="VARIABLE", help="Environment variable with the token for --http.")
    ] = "",
) -> None:
    """Serve the records to agents as an MCP server, read-only."""
    from shadow.mcp_server.serve_records import run

    with reading(config, db) as reader:
        raise typer.Exit(run(reader, settings(config, db), http=http, token_env=token_env))


@app.command()
def forget(
    *,
    config: ConfigPath = None,
    db: Db = None,
    conversation: Annotated[str, typer.Option("--conversation", metavar="ID", help="Only this conversation.")] = "",
    tag: Annotated[str, typer.Option("--tag", metavar="TAG", help="Only this tag.")] = "",
    before: Annotated[str, typer.Option("--before", metavar="TIME", help="Only records older than this; `now` means all.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would be deleted; delete nothing.")] = False,
) -> None:
    """Delete records permanently, even while serve runs."""
    from shadow.commands import forget as forgetting

    chosen = forgetting.chosen(conversation, tag, before, time.time())
    act = forgetting.would_forget if dry_run else forgetting.forget
    typer.echo(plain(act(settings(config, db).storage, chosen)))


app.command()(plan)


add_examples(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script, and the only place where an error becomes an exit code."""
    install_streams()
    if crowded := crowded_out():
        _leave(crowded)
    try:
        _run(arguments)
    except UnwritableError as error:
        _without_reader(error)
    except Exception as error:
        from shadow.settings.config_errors import ConfigError  # imported only on an error, so that a good start is quick
        from storage.store import StoreError

        if isinstance(error, (ConfigError, StoreError)):
            _leave(f"{error}")
        raise


def _run(arguments: Sequence[str] | None) -> None:
    """Run the command and write out what it printed, however it ends."""
    try:
        app(arguments)
    finally:
        sys.stdout.flush()


def _without_reader(error: UnwritableError) -> NoReturn:
    """Exit without the rest of the output: silently when the reader has gone, as other programs do, else with a sentence."""
    sys.stdout = None  # because the interpreter would write the rest again at its end
    if error.broken:
        sys.exit(BROKEN_PIPE)
    _leave(f"sameweights: {error}")


def _leave(errors: str) -> NoReturn:
    typer.echo(plain(errors), err=True)
    sys.exit(WRONG)


if __name__ == "__main__":
    main()
