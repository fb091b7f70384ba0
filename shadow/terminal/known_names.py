"""known_names() of the records, and check_known(), which refuses a name that no record has with the known ones."""

from __future__ import annotations

from proxy.exchange import AUDITED
from shadow.report.alarm_lines import alarm_lines
from shadow.report.drift_lines import drift_lines
from shadow.settings.config_errors import ConfigError, meant, quoted
from storage.rows import PairFilter
from storage.store import Reader

MOST = 20
"""Most known names in the sentence."""


LATEST = 20
"""Most ids of pairs that are offered."""


def known_names(reader: Reader, kind: str) -> list[str]:
    """The recorded names of a kind: provider, model, route, alarm (those that hold, and their providers), or pair (the newest
    evidence, and latest); [] for any other.
    """
    if kind == "pair":
        return ["latest", *(one.pair.id for one in reader.pairs(PairFilter(evidence=True, limit=LATEST)))]
    if kind == "alarm":
        held = [line for line in alarm_lines(reader, 0.0) if line.held]
        return sorted({line.provider for line in held} | {line.id for line in held} - {""})
    if kind == "route":
        return sorted({line.route for line in drift_lines(reader)})
    if kind not in {"provider", "model"}:
        return []
    return sorted({row.provider if kind == "provider" else row.model for row in reader.traffic(0.0, 0.0) if row.role in AUDITED})


def check_known(reader: Reader, *, provider: str = "", model: str = "", route: str = "", found: bool = False) -> None:
    """ConfigError with every unknown name; a list with a row (`found`) proves its names by itself."""
    if found or not (provider or model or route):
        return
    given = {"provider": provider, "model": model, "route": route}
    known = {kind: known_names(reader, kind) for kind, name in given.items() if name}
    errors = [
        f"--{kind}: no record has this {kind}: {quoted(given[kind])}{meant(given[kind], names[:MOST])}"
        for kind, names in known.items()
        if names and given[kind] not in names
    ]
    if errors:
        raise ConfigError(errors)
