"""checked(): the parameters of an address, and a sentence for each that a page does not know or that is repeated; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode

from shadow.settings.config_errors import ConfigError, meant, quoted

RENAMED = {"aspect": "signal", "check": "signal"}
"""Parameters of earlier versions, which links in alerts and chats still have."""
NAMES = frozenset({"provider", "model", "route", "upstream", "tag", "conversation", "tenant"})
"""Parameters whose value is a name in full, with the blanks that stand around it."""


def checked(query: Mapping[str, str], known: Iterable[str]) -> dict[str, str]:
    """The parameters with a value, by their present names; ConfigError with every one that is unknown or given twice."""
    names = tuple(known)
    found = [(RENAMED.get(name, name) if name not in names else name, text) for name, text in query.items()]
    times = Counter(name for name, _ in found)
    errors = [f"there is no filter {quoted(name)} on this page{meant(name, names)}" for name in times if name not in names]
    errors += [f"the filter {quoted(name)} is given {times[name]} times: give it once" for name in names if times[name] > 1]
    if errors:
        raise ConfigError(errors)
    values = {name: text if name in NAMES else text.strip() for name, text in found}
    return {name: text for name, text in values.items() if text}


def gone(name: str) -> str:
    """The sentence about a record that is not in the store."""
    return f"{quoted(name)} is unknown, or was deleted: records are deleted after storage.keep_days; /pairs lists what is stored"


def stale(before: str) -> ConfigError:
    """The error of a list that cannot go on where it was left."""
    return ConfigError([f"before: {quoted(before)} is not stored, or was deleted: open the list from its beginning"])


def address(path: str, values: Mapping[str, str]) -> str:
    """The path with those of the values that are not empty."""
    kept = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(kept, errors='replace')}" if kept else path


def provider_address(name: str, **more: str) -> str:
    """The address of a provider's page."""
    return address(f"/providers/{quote(name, safe='')}", more)
