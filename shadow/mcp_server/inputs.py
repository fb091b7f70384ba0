"""Checks the arguments of a tool; a wrong one becomes a sentence that quotes it and names what is known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from shadow.report.known_names import known_names, unknown_names
from shadow.settings.config_errors import ConfigError, meant, quoted
from storage.store import Reader

MOST = 100
"""Most rows of one page."""
KNOWN = 20
"""Most known names that the sentence about an unknown one lists."""
_PAGE = re.compile(r"after-([0-9a-f]{8,64})")


def rfc3339(at: float | None) -> str | None:
    """A moment as RFC 3339 in UTC; None and 0 are no moment."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds") if at else None


def instant(at: float) -> str:
    """A bound of a period as RFC 3339; 0 is 1970."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def one_of(what: str, given: str, known: Iterable[str]) -> str:
    """The name itself when it is known; ConfigError otherwise."""
    names = sorted(set(known))
    if given in names:
        return given
    raise ConfigError([f"no such {what}: {quoted(given)}{meant(given, names[:KNOWN]) or '; none is recorded yet'}"])


def check_recorded(reader: Reader, *, provider: str, model: str, upstream: str = "") -> None:
    """ConfigError for a name that no record of any time has, because an empty list would look like agreement."""
    if provider:
        one_of("provider", provider, known_names(reader, "provider"))
    if model:
        check_model(model, known_names(reader, "model"))
    if upstream and unknown_names(reader, {"upstream": upstream}):
        raise ConfigError([f"no such upstream: {quoted(upstream)}; explain_alert names those of a provider's drift states"])


def check_model(given: str, known: Iterable[str]) -> None:
    """ConfigError for a model that is not known. Clients choose the names of models, so the sentence holds none of them."""
    if given not in known:
        raise ConfigError([f"no such model: {quoted(given)}; provider_summary names those that are recorded"])


def page_of(last_id: str) -> str:
    """The page that follows the row of this id."""
    return f"after-{last_id}"


def id_before(page: str) -> str:
    """The id after which a page begins, "" for the first page; ConfigError for anything that no page is called."""
    if not page:
        return ""
    found = _PAGE.fullmatch(page)
    if found is None:
        raise ConfigError([f"no such page: {quoted(page)}; pass `next_page` of the page before as it is"])
    return found[1]


def rows_wanted(limit: int) -> int:
    """The number of rows; ConfigError outside of 1 to 100."""
    if not 1 <= limit <= MOST:
        raise ConfigError([f"limit: {limit} is not between 1 and {MOST}"])
    return limit
