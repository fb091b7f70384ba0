"""`new_identities()`: which rows of serving identities are news, where several processes learn the same one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from storage.prepared_records import IDENTITY, Values

BASELINE_SECONDS = 3_600.0
"""How far apart two processes that know nothing of a model yet may learn its first identity."""
LATEST = """
SELECT provider, model, identity, started FROM identities
WHERE {0} IN (SELECT max({0}) FROM identities GROUP BY provider, model)
"""
"""The latest identity of each provider and model; the number of a row is named otherwise in each engine."""
_STARTED, _PROVIDER, _MODEL, _NEW, _PREVIOUS = map(IDENTITY.index, ("started", "provider", "model", "identity", "previous"))


def new_identities(rows: Sequence[Values], latest: Iterable[Sequence[object]]) -> list[Values]:
    """Those of `rows`, whose last values are the columns `IDENTITY`, that are not stored already.

    `latest` has (provider, model, identity, started) of the latest one of each. The same identity again is none, and neither is a
    first one where another process stored its own within the hour before or after.
    """
    known = {(provider, model): (identity, started) for provider, model, identity, started in latest}
    return [row for row in rows if _is_new(row[-len(IDENTITY) :], known)]


def _is_new(row: Values, known: dict[tuple[object, object], tuple[object, object]]) -> bool:
    key, at = (row[_PROVIDER], row[_MODEL]), float(str(row[_STARTED]))
    if key in known:
        identity, started = known[key]
        is_baseline = not row[_PREVIOUS] and abs(at - float(str(started))) < BASELINE_SECONDS
        if identity == row[_NEW] or is_baseline:
            return False
    known[key] = row[_NEW], at
    return True
