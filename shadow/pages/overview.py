"""Renders the first page: which providers differ, since when, how much and how surely, what was not measured, and the cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment

from shadow.pages.audit_cost import audit_cost
from shadow.pages.course_plot import course_steps, highest, sparkline
from shadow.pages.page_address import address, checked, provider_address
from shadow.pages.period_figures import PeriodFigures, PeriodFiguresCache
from shadow.report.budget_lines import running_budgets
from shadow.report.drift_lines import DriftLine, of_providers
from shadow.report.evident_signals import PERIODS, evident_signals
from shadow.report.figures import Scorecard
from shadow.report.verdict_rows import (
    VerdictRow,
    headline,
    reference_headlines,
    unmeasured_lines,
    verdict_row,
    verdict_rows,
)
from shadow.settings.config_errors import ConfigError, quoted
from shadow.settings.top_level_config import Config
from storage.store import Reader

PARAMETERS = ("since", "after")
ROWS = 50
"""Rows of one view, since clients choose how many models there are."""
LONGEST = 9
"""Most digits of a number of rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewRow:
    """One row: the verdict with its worst finding, since when (epoch seconds; `alarm`: by an alarm whose side is not yet known),
    the course as bars, since when it is slower than its own past, and where it leads.
    """

    verdict: VerdictRow
    since: float | None
    alarm: bool
    bars: Sequence[tuple[int, int]]
    slower: float | None
    address: str
    pairs_address: str
    evidence_address: str
    """Empty where the verdict rests on no pair."""


class OverviewPage:
    """Renders the page; `now` returns seconds since the epoch."""

    def __init__(
        self,
        reader: Reader,
        jinja: Environment,
        figures: PeriodFiguresCache,
        config: Config,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._reader, self._jinja, self._figures = reader, jinja, figures
        self._now = now
        self.config = config

    def __repr__(self) -> str:
        return f"<OverviewPage {self._figures!r}>"

    def page(self, query: Mapping[str, str], figures: PeriodFigures | None = None) -> str:
        """The verdicts of the period `since` (24h by default), without the `after` worst; ConfigError when these are no time and
        no number, or for another parameter.

        Without `figures` it waits for those of the period.
        """
        words = checked(query, PARAMETERS)
        since, after = words.get("since") or "24h", _number(words.get("after", "0"))
        figures = figures or self._figures.of(since)
        cards = figures.cards[after : after + ROWS]
        return self._jinja.get_template("overview.html").render(
            rows=overview_rows(figures, cards, since),
            headline=headline(verdict_rows(figures.cards)),
            adverse=any(card.verdict.word.is_adverse for card in figures.cards),
            figures=figures,
            banners=reference_headlines(figures.references),
            after=after,
            others=_others(len(figures.cards), after, since),
            notes=[f"{card.provider}: {note.phrase}" for card in cards for note in card.verdict.notes],
            unmeasured=unmeasured_lines(figures.cards),
            cost=audit_cost(figures.traffic, figures.token_sums, self.config),
            budget=self._budget(),
            since=since,
            periods=PERIODS,
        )

    def _budget(self) -> Sequence[str]:
        """The limits of all, and those of tenants that are reached."""
        lines = running_budgets(self._reader, self.config, self._now())
        return [line.sentence for line in lines if not line.tenant or line.is_spent]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST):
        raise ConfigError([f"after: no such number of rows: {quoted(text)}"])
    return int(text)


def _others(found: int, after: int, since: str) -> Sequence[tuple[str, str]]:
    """What leads to the rows before and after those of a view: the words of a link, and its address."""
    places = [("The worst", 0)] if after else []
    places += [(f"The next of {found:,}", after + ROWS)] if after + ROWS < found else []
    return [(words, address("/", {"since": since, "after": f"{place}" if place else ""})) for words, place in places]


def overview_rows(figures: PeriodFigures, cards: Iterable[Scorecard], since: str) -> tuple[OverviewRow, ...]:
    """A row for each of the cards of the period."""
    courses = {key: course_steps(points) for key, points in figures.courses.items()}
    top = max((highest(steps) for steps in courses.values()), default=0.0)
    return tuple(_row(card, figures, sparkline(courses.get(_key(card), ()), top), since) for card in cards)


def _row(card: Scorecard, figures: PeriodFigures, bars: Sequence[tuple[int, int]], since: str) -> OverviewRow:
    wanted = {"model": card.model, "since": since}
    alarms = [line.since for line in of_providers(figures.drift) if _key(line) == _key(card)]
    alarm = min((at for at in alarms if at is not None), default=None)
    return OverviewRow(
        verdict=verdict_row(card),
        since=alarm if card.verdict.since is None else card.verdict.since,
        alarm=card.verdict.since is None and alarm is not None,
        bars=bars,
        slower=next((line.since for line in figures.paces if (line.provider, line.model) == _key(card)[:2] and line.since), None),
        address=provider_address(card.provider, **wanted),
        pairs_address=address("/pairs", {"provider": card.provider, **wanted, "show": "all"}),
        evidence_address=address("/pairs", {"provider": card.provider, **wanted}) if evident_signals(card) else "",
    )


def _key(one: Scorecard | DriftLine) -> tuple[str, str, str]:
    return one.provider, one.model, one.reference
