"""checked(): the parameters of an address, and a sentence for each that a page does not know; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode

from shadow.settings.config_errors import ConfigError, meant, quoted

RENAMED = {"aspect": "signal", "check": "signal"}
"""Parameters of earlier versions, which links in alerts and chats still have."""
NAMES = frozenset({"provider", "model", "route", "tag", "conversation"})
"""Parameters whose value is a name in full, with the blanks that stand around it."""


def checked(query: Mapping[str, str], known: Iterable[str]) -> dict[str, str]:
    """The parameters with a value, by their present names; ConfigError with every unknown one."""
    names = tuple(known)
    found = {RENAMED.get(name, name) if name not in names else name: text for name, text in query.items()}
    unknown = [name for name in found if name not in names]
    if unknown:
        raise ConfigError([f"there is no filter {quoted(name)} on this page{meant(name, names)}" for name in unknown])
    values = {name: text if name in NAMES else text.strip() for name, text in found.items()}
    return {name: text for name, text in values.items() if text}


def address(path: str, values: Mapping[str, str]) -> str:
    """The path with those of the values that are not empty."""
    kept = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(kept, errors='replace')}" if kept else path


def provider_address(name: str, **more: str) -> str:
    """The address of a provider's page."""
    return address(f"/providers/{quote(name, safe='')}", more)
