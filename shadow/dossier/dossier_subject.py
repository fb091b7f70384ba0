"""dossier_subject(): the provider and the period that a dossier is about, by the provider's name or by a pair of an alarm."""

from __future__ import annotations

from typing import NamedTuple

from shadow.report.known_names import known_names
from shadow.settings.config_errors import ConfigError, meant, quoted
from storage.judgement_rows import AlarmRow
from storage.store import Reader

BEFORE = 86_400.0
"""Seconds before an alarm from which its dossier begins."""
SHORTEST = 4
"""Characters of the end of an id that name an alarm."""


class DossierSubject(NamedTuple):
    """The provider, and from when to when (epoch seconds)."""

    provider: str
    since: float
    until: float


def dossier_subject(reader: Reader, name: str, since: float | None, until: float) -> DossierSubject:
    """Of a provider the period given, else everything; of an alarm, named by the pair that brought it, from a day before it on.

    ConfigError with the known providers for a name that is neither.
    """
    providers = known_names(reader, "provider")
    if name in providers:
        return DossierSubject(provider=name, since=since or 0.0, until=until)
    alarm = _alarm(reader, name)
    if alarm is None:
        raise ConfigError([f"--dossier: no provider or alarm is called {quoted(name)}{meant(name, providers)}"])
    return DossierSubject(provider=alarm.group.provider, since=alarm.at - BEFORE if since is None else since, until=until)


def _alarm(reader: Reader, name: str) -> AlarmRow | None:
    """The newest change of state whose pair has this id, or one that ends so."""
    if len(name) < SHORTEST:
        return None
    return next((row for row in reader.judgements.alarms(0.0, 0.0) if row.pair_id.endswith(name)), None)
