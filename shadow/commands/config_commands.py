"""The commands on a configuration, and which file a command uses: the named one, else the one of this folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from shadow.presentation.visible_text import plain

if TYPE_CHECKING:
    from shadow.settings.top_level_config import Config

config_app = typer.Typer(no_args_is_help=True, help="Check, show, document or create a configuration.", rich_markup_mode=None)

FILE = "sameweights.toml"

ConfigPath = Annotated[
    Path | None,
    typer.Argument(metavar="CONFIG", help="Configuration file; default ./sameweights.toml."),
]


@config_app.command()
def check(
    config: ConfigPath = None,
    *,
    role: Annotated[
        str,
        typer.Option("--role", metavar="ROLE", help="Check for serve --role ROLE too: all, proxy, or audit."),
    ] = "",
) -> None:
    """Report every error in one pass, with file and line; exit 2 if any."""
    from shadow.metrics.cardinality import series_words
    from shadow.settings.load_config import advice, load

    path = config or file_here() or missing()
    loaded = load(path, {}, os.environ)
    if role:
        _check_role(loaded, role)
    for word in advice(loaded, os.environ):
        typer.echo(plain(f"note: {word}"))
    typer.echo(plain(f"{path}: fine; {series_words(loaded)}"))


def _check_role(config: Config, role: str) -> None:
    """ConfigError where `serve --role` ends with this configuration, at once or in its audit for the URL of the store."""
    from shadow.settings.broker_checks import role_error
    from shadow.settings.config_errors import ConfigError
    from storage.opening import check_url
    from storage.store import StoreError

    errors = [sentence] if (sentence := role_error(config, role)) else []
    if role in {"all", "audit"}:  # because a host that only forwards has no store
        try:
            check_url(config.storage)
        except StoreError as why:
            errors.append(f"{why}")
    if errors:
        raise ConfigError(errors)


@config_app.command()
def show(config: ConfigPath = None) -> None:
    """Show the configuration in force, with its defaults, as JSON."""
    import json

    from shadow.settings.load_config import masked

    typer.echo(json.dumps(masked(settings(config, None)), indent=2))


@config_app.command()
def schema() -> None:
    """Print the JSON schema of sameweights.toml, for editors."""
    import json

    from shadow.settings.top_level_config import Config

    typer.echo(json.dumps(Config.model_json_schema(), indent=2))


@config_app.command()
def init(path: Annotated[Path, typer.Argument(metavar="PATH", help="Where to write it.")] = Path("sameweights.toml")) -> None:
    """Write a commented starter file; never overwrites a file."""
    from shadow.settings.config_errors import ConfigError
    from shadow.settings.config_template import STARTER

    try:
        with path.open("x", encoding="utf-8") as out:
            out.write(STARTER)
    except FileExistsError:
        raise ConfigError([f"{path}: already exists and is not changed; name another path"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be written: {error.strerror}"]) from None
    typer.echo(plain(f"{path} written; change the addresses in it, then: sameweights config check"))


def file_here() -> Path | None:
    """The file that SAMEWEIGHTS_CONFIG names; else that of this folder, or of the user's folder (XDG Base Directory), if any."""
    if named := os.environ.get("SAMEWEIGHTS_CONFIG"):
        return Path(named)
    home = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    places = (Path(FILE), home / "sameweights" / FILE)
    return next((path for path in places if path.exists()), None)


def missing() -> NoReturn:
    """Raise the sentence for a user who named no file and has none here."""
    from shadow.settings.config_errors import ConfigError

    remedy = "write one with `sameweights config init`, or start with --upstream URL"
    raise ConfigError([f"sameweights.toml: no such file in this folder; {remedy}"])


def settings(config: Path | None, db: str | None) -> Config:
    """The configuration for reading records: keys and providers may be absent, and so may the file."""
    from shadow.settings.load_config import load

    return load(config or file_here(), {"db": db}, os.environ, serving=False)
