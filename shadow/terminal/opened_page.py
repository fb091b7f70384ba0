"""page_address(): where the page of a provider or a pair is, and start_browser(), which shows it."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Mapping
from urllib.parse import quote

from shadow.report.evident_signals import EvidentSignals
from shadow.report.known_names import known_names
from shadow.settings.config_errors import ConfigError, meant, quoted
from shadow.settings.top_level_config import AdminConfig
from shadow.terminal.raw_record import latest_id
from storage.store import Reader

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - names, no socket


def page_address(reader: Reader, admin: AdminConfig, target: str, verdicts: Callable[[], EvidentSignals]) -> str:
    """The address of the page: of a pair by its id, its end or `latest`, of a provider by its name, else of the overview.
    `verdicts` as in `latest_id`.
    """
    host, _, port = admin.listen.rpartition(":")
    base = f"{'https' if admin.tls_cert else 'http'}://{_EVERYWHERE.get(host.strip('[]'), host)}:{port}"
    if not target:
        return f"{base}/"
    pair = reader.pair(latest_id(reader, verdicts) if target == "latest" else target)
    if pair is not None:
        return f"{base}/pairs/{pair.id}"
    providers = known_names(reader, "provider")
    if target in providers:
        return f"{base}/providers/{quote(target, safe='')}"
    raise ConfigError([f"open: no pair or provider is called {quoted(target)}{meant(target, providers)}"])


def start_browser(address: str, environ: Mapping[str, str]) -> None:
    """Show the address in the user's browser, where a desktop or BROWSER names one; ConfigError where there is none."""
    desktop = environ.get("BROWSER") or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    if not desktop or not webbrowser.open(address):
        raise ConfigError(["open: there is no browser here; open the address above in one, or pass --print"])
