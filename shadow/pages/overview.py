"""Renders the first page: which providers differ, since when, how much and how surely, what was not measured, and the cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
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
from shadow.report.verdict_rows import VerdictRow, headline, unmeasured_lines, verdict_row
from shadow.settings.top_level_config import Config
from storage.store import Reader

PARAMETERS = ("since",)


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
        """The verdicts of the period `since` (24h by default); ConfigError when it is not a time, or for another parameter.

        Without `figures` it waits for those of the period.
        """
        since = checked(query, PARAMETERS).get("since") or "24h"
        figures = figures or self._figures.of(since)
        rows = overview_rows(figures, since)
        return self._jinja.get_template("overview.html").render(
            rows=rows,
            headline=headline([row.verdict for row in rows]),
            adverse=any(row.verdict.is_adverse for row in rows),
            figures=figures,
            notes=[f"{card.provider}: {note.phrase}" for card in figures.cards for note in card.verdict.notes],
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


def overview_rows(figures: PeriodFigures, since: str) -> tuple[OverviewRow, ...]:
    """A row for each provider, model and reference of the period, the worst verdict first."""
    courses = {key: course_steps(points) for key, points in figures.courses.items()}
    top = max((highest(steps) for steps in courses.values()), default=0.0)
    return tuple(_row(card, figures, sparkline(courses.get(_key(card), ()), top), since) for card in figures.cards)


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
