"""known_names() of the records, and unknown_names(): a sentence on each name of a filter that no record has.

An empty list would look like agreement, so every face shows these sentences beside one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from proxy.exchange import AUDITED
from shadow.identity.request_shape import TAG
from shadow.report.alarm_lines import alarm_lines
from shadow.settings.config_errors import ConfigError, meant, quoted
from storage.recorded_names import STORED_KINDS
from storage.rows import PairFilter
from storage.store import Reader

MOST = 20
"""Most known names in the sentence."""

LATEST = 20
"""Most ids of pairs that are offered."""
UNLISTED = frozenset({"conversation"})
"""Kinds of names of which each belongs to a few records: none helps to find another."""


def known_names(reader: Reader, kind: str) -> list[str]:
    """The recorded names of a kind: provider, model, route, reference, upstream, tag, tenant, segment (those of tags), alarm
    (those that hold, and their providers), or pair (the newest evidence, and latest); [] for any other.
    """
    if kind == "pair":
        return ["latest", *(one.pair.id for one in reader.pairs(PairFilter(evidence=True, limit=LATEST)))]
    if kind == "alarm":
        held = [line for line in alarm_lines(reader, 0.0) if line.held]
        return sorted({line.provider for line in held} | {line.id for line in held} - {""})
    if kind in {"route", "reference"}:
        return sorted({getattr(one.group, kind) for one in reader.signal_counts(0.0, 0.0)} - {""})
    if kind == "segment":
        found = reader.identity_queries.segments(0.0, 0.0)
        return sorted({f"{TAG}={one.value}" for one in found if one.segment == TAG})
    if kind in STORED_KINDS:
        return [] if kind in UNLISTED else list(reader.page_queries.recorded_names(kind, MOST))
    if kind not in {"provider", "model"}:
        return []
    rows = [row for row in reader.traffic(0.0, 0.0) if row.role in AUDITED]
    return sorted({row.provider if kind == "provider" else row.model for row in rows} - {""})


def unknown_names(reader: Reader, given: Mapping[str, str], *, flag: str = "--", tenants: Sequence[str] = ()) -> tuple[str, ...]:
    """A sentence on each of the `given` names by kind that no record has, with known ones; `flag` precedes the kind. Where the
    pairs of some `tenants` alone may be seen, only these are looked at, and no name is listed.
    """
    found = {kind: _others(reader, kind, name, tenants) for kind, name in given.items() if name}
    return tuple(
        f"{flag}{kind}: no record has this {kind}: {quoted(given[kind])}{meant(given[kind], names[:MOST])}"
        for kind, names in found.items()
        if names is not None
    )


def check_known(reader: Reader, *, found: bool = False, **given: str) -> None:
    """ConfigError with every unknown name; a list with a row (`found`) proves its names by itself."""
    if not found and (errors := unknown_names(reader, given)):
        raise ConfigError(errors)


def filter_names(wanted: PairFilter) -> Mapping[str, str]:
    """The names by kind in a filter of pairs: a segment only where it is a tag's, since the others are no names."""
    kinds = ("provider", "model", "route", "upstream", "tag", "tenant", "conversation")
    segment = wanted.segment if wanted.segment.startswith(f"{TAG}=") else ""
    return {**{kind: getattr(wanted, kind) for kind in kinds}, "segment": segment}


def _others(reader: Reader, kind: str, name: str, tenants: Sequence[str]) -> Sequence[str] | None:
    """Recorded names of a kind, where `name` is none of them; None where it is, or where nothing is recorded."""
    if tenants:
        return None if reader.pairs(_one_pair(kind, name, tenants)) else ()
    if kind in STORED_KINDS:
        _, oldest = reader.extent()
        if not oldest or reader.page_queries.recorded_names(kind, 1, name):
            return None
        return known_names(reader, kind)
    names = known_names(reader, kind)
    return names if names and name not in names else None


def _one_pair(kind: str, name: str, tenants: Sequence[str]) -> PairFilter:
    return replace(PairFilter(tenants=tuple(tenants), limit=1), **{kind: name})  # type: ignore[arg-type] # these members are text
