"""checked(): the parameters of an address, and a sentence for each that a page does not know; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from shadow.settings.config_errors import ConfigError, meant, quoted

RENAMED = {"aspect": "signal", "check": "signal"}
"""Parameters of earlier versions, which links in alerts and chats still have."""


def checked(query: Mapping[str, str], known: Iterable[str]) -> dict[str, str]:
    """The parameters with a value, by their present names; ConfigError with every unknown one."""
    names = tuple(known)
    found = {RENAMED.get(name, name) if name not in names else name: text for name, text in query.items()}
    unknown = [name for name in found if name not in names]
    if unknown:
        raise ConfigError([f"there is no filter {quoted(name)} on this page{meant(name, names)}" for name in unknown])
    return {name: text.strip() for name, text in found.items() if text.strip()}


def address(path: str, values: Mapping[str, str]) -> str:
    """The path with those of the values that are not empty."""
    kept = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(kept, errors='replace')}" if kept else path
