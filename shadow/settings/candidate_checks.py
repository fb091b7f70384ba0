"""Errors in the candidates of a route: names that cannot be compared there, one named twice, more than there are places.

Each candidate is reported at its own place in the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shadow.settings.config_errors import ConfigErrorItem, meant, quoted
from shadow.settings.toml_lines import KeyPath


def candidate_errors(
    path: KeyPath, names: Sequence[str], *, providers: Sequence[str], live: str, reference: str, places: int | None
) -> Iterator[ConfigErrorItem]:
    """Every error of the candidates `names` at `path`; `live` and `reference` are the route's own, "" where there is none.

    `places` is None where the configuration holds something else than a number.
    """
    for position, name in enumerate(names):
        if sentence := _why_not(name, names[:position], providers=providers, live=live, reference=reference):
            yield ConfigErrorItem(path=(*path, position), sentence=sentence)
    if names and not reference:
        words = "candidates are compared with a reference, and this route has none; set reference here or in [proxy]"
        yield ConfigErrorItem(path=path, sentence=words)
    if places is not None and 1 <= places < len(names):
        words = f"{len(names)} candidates, but tournament.places is {places}; name fewer, or raise it before a tournament begins"
        yield ConfigErrorItem(path=path, sentence=words)


def _why_not(name: str, before: Sequence[str], *, providers: Sequence[str], live: str, reference: str) -> str:
    """Why a provider cannot be a candidate; "" when it can."""
    if name not in providers:
        return f"no such provider: {quoted(name)}{meant(name, providers)}"
    if name == live:
        return f"{quoted(name)} is the provider of this route: it is compared with the reference already; leave it out"
    if name == reference:
        return f"{quoted(name)} is the reference of this route: it cannot be compared with itself; leave it out"
    return f"{quoted(name)} is named twice; leave one out" if name in before else ""
