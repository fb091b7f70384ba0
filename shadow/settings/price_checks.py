"""price_errors(): entries of `prices` and `served` that overlap, that can never be used, or that state nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from fnmatch import fnmatchcase

from proxy.provider_config import PriceEntry
from shadow.settings.config_errors import ConfigErrorItem, quoted
from shadow.settings.toml_lines import KeyPath

PRICE_KEYS = ("price_input", "price_output", "price_cached_input", "prices")
"""Keys of a provider that state a price."""
_PRICES = tuple(name for name in PriceEntry.model_fields if name not in {"model", "since"})
_Entry = tuple[int, str, date]
"""The place of an entry, its pattern, and its first day."""


def price_errors(path: KeyPath, provider: Mapping[str, object]) -> Iterator[ConfigErrorItem]:
    """Every error between the entries of one provider, whose table is at `path`; of any shape."""
    entries = _entries(provider.get("prices"))
    for place, table in _tables(provider.get("prices")):
        if not any(name in table for name in _PRICES):
            words = f"states no price; give it one of {', '.join(_PRICES)}, or leave it out"
            yield ConfigErrorItem(path=(*path, "prices", place), sentence=words)
    yield from _unused(path, "prices", entries)
    yield from _unused(path, "served", _entries(provider.get("served")))


def _unused(path: KeyPath, key: str, entries: Sequence[_Entry]) -> Iterator[ConfigErrorItem]:
    """Entries that overlap with one above, or that it always takes precedence over."""
    for place, model, since in entries:
        for before, pattern, begun in entries[:place]:
            if (pattern, begun) == (model, since):
                yield ConfigErrorItem(path=(*path, key, place), sentence=_overlap(before, model, since))
                break
            if pattern != model and begun <= since and _covers(pattern, model):
                words = (
                    f"is never used: entry {before + 1} with model {quoted(pattern)} is above it and matches every model that "
                    f"{quoted(model)} fits; put it above that entry"
                )
                yield ConfigErrorItem(path=(*path, key, place, "model"), sentence=words)
                break


def _overlap(before: int, model: str, since: date) -> str:
    day = "without a date" if since == date.min else f"since {since}"
    return (
        f"overlaps with entry {before + 1}: both are for model {quoted(model)} {day}; give one another 'since', or leave it out"
    )


def _covers(pattern: str, model: str) -> bool:
    """Whether a pattern fits whatever another one fits, as far as their texts show it: `?` and sets, which fit one character,
    show it of a name alone.
    """
    shown = not set("*?[") & set(model) or ("[" not in model and not set("?[") & set(pattern))
    return pattern == "*" or (shown and fnmatchcase(model.replace("?", "*"), pattern))


def _entries(value: object) -> list[_Entry]:
    """The entries whose pattern and date can be read; an entry of another shape is another rule's matter."""
    found = []
    for place, table in _tables(value):
        model, since = table.get("model", "*"), table.get("since", date.min)
        if isinstance(since, str):
            since = _day(since)
        if isinstance(model, str) and isinstance(since, date):
            found.append((place, model, since.date() if isinstance(since, datetime) else since))
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _tables(value: object) -> list[tuple[int, Mapping[str, object]]]:
    """The tables of a list with their places."""
    tables = value if isinstance(value, (list, tuple)) else ()
    return [(place, table) for place, table in enumerate(tables) if isinstance(table, Mapping)]
