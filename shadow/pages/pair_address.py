"""`PairQuery`: the filter of a list of pairs as an address and back; pure.

The same parameters narrow the list and lead from one pair of it to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from shadow.pages.page_address import address, checked
from shadow.presentation.found_text import TextPattern
from shadow.report.evident_signals import verdict_period
from shadow.report.filters import pair_filter
from shadow.report.text_search import searched_text
from shadow.settings.config_errors import ConfigError, meant, quoted
from storage.rows import PairFilter

FILTERS = (
    "provider",
    "model",
    "signal",
    "state",
    "segment",
    "route",
    "upstream",
    "tag",
    "conversation",
    "tenant",
    "since",
    "until",
)
PARAMETERS = (*FILTERS, "text", "show", "before")
SHOWS = ("evidence", "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairQuery:
    """The parameters of an address, and the filter that they make; `pattern` is that of the text to be found, if any."""

    words: Mapping[str, str]
    wanted: PairFilter
    pattern: TextPattern | None = None

    @property
    def shows_all(self) -> bool:
        """Whether pairs without evidence are listed too."""
        return not self.wanted.evidence

    @property
    def filters(self) -> Mapping[str, str]:
        """The parameters without the place in the list."""
        return {name: text for name, text in self.words.items() if name != "before"}

    @property
    def period(self) -> str:
        """The period whose verdicts state what is evidence."""
        return verdict_period(self.words.get("since", ""), self.words.get("until", ""))

    @property
    def narrowed(self) -> bool:
        """Whether any filter but `show` is set."""
        return bool(set(self.words) - {"show"})

    def page(self, before: str) -> str:
        """The address of the list from the pair `before` on; of its beginning where that is empty."""
        return address("/pairs", {**self.filters, "before": before})

    def pair(self, pair_id: str) -> str:
        """The address of one pair that leads on within this list."""
        return address(f"/pairs/{quote(pair_id, safe='')}", self.filters)

    @property
    def other(self) -> str:
        """The address of the same list with, or without, the pairs that are no evidence."""
        rest = {name: text for name, text in self.filters.items() if name != "show"}
        return address("/pairs", {**rest, "show": SHOWS[0] if self.shows_all else SHOWS[1]})


def pair_query(query: Mapping[str, str], *, now: float, limit: int, tenants: Iterable[str] = ()) -> PairQuery:
    """The filter of an address; ConfigError with every unknown parameter and word.

    Pairs that are evidence are listed by default; where a state is given, all pairs in that state. `tenants` are those whose
    pairs the reader may see; empty for all.
    """
    words = checked(query, PARAMETERS)
    show = words.get("show", SHOWS[1] if words.get("state") else SHOWS[0])
    errors = [] if show in SHOWS else [f"show: no such word: {quoted(show)}{meant(show, SHOWS)}"]
    given = {name: words.get(name, "") for name in FILTERS}
    pattern = None
    try:
        pattern = searched_text("text", words["text"]) if "text" in words else None
    except ConfigError as error:
        errors += error.errors
    try:
        wanted = pair_filter(**given, evidence=show == SHOWS[0], limit=limit, now=now, flag="")
    except ConfigError as error:
        raise ConfigError([*errors, *error.errors]) from None
    if errors:
        raise ConfigError(errors)
    wanted = replace(wanted, before_id=words.get("before", ""), tenants=tuple(sorted(tenants)))
    return PairQuery(words=words, wanted=wanted, pattern=pattern)
