"""check_known(): refuses the name of a provider, model or route that no record has, with the known ones."""

from __future__ import annotations

from shadow.report.drift_lines import drift_lines
from shadow.settings.config_errors import ConfigError, meant, quoted
from storage.store import Reader

MOST = 20
"""Most known names in the sentence."""


def check_known(reader: Reader, *, provider: str = "", model: str = "", route: str = "", found: bool = False) -> None:
    """ConfigError with every unknown name; a list with a row (`found`) proves its names by itself."""
    if found or not (provider or model or route):
        return
    traffic = reader.traffic(0.0, 0.0)
    known = {
        "provider": (provider, {row.provider for row in traffic if row.role == "primary"}),
        "model": (model, {row.model for row in traffic if row.role == "primary"}),
        "route": (route, {line.route for line in drift_lines(reader)}),
    }
    errors = [
        f"--{what}: no record has this {what}: {quoted(given)}{meant(given, sorted(names)[:MOST])}"
        for what, (given, names) in known.items()
        if given and names and given not in names
    ]
    if errors:
        raise ConfigError(errors)
