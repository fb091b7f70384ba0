"""Renders what the audit covers: the funnel from requests to counted pairs with each loss, the cost, and the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from jinja2 import Environment
from prometheus_client import CollectorRegistry

from shadow.pages.audit_cost import audit_cost
from shadow.pages.audit_funnel import audit_funnel
from shadow.pages.page_address import checked
from shadow.pages.period_figures import PeriodFigures, PeriodFiguresCache
from shadow.report.budget_lines import running_budgets
from shadow.report.evident_signals import PERIODS
from shadow.report.verdict_rows import reference_headlines
from shadow.settings.top_level_config import Config
from storage.store import Reader

PARAMETERS = ("since",)
DROPPED = "sameweights_shadow_dropped"


class AuditPage:
    """Renders the page; `registry` holds the counters of this process since `begun`, seconds since the epoch as `now` returns."""

    def __init__(
        self,
        reader: Reader,
        jinja: Environment,
        figures: PeriodFiguresCache,
        config: Config,
        registry: CollectorRegistry,
        *,
        begun: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._reader, self._jinja, self._figures, self._registry, self._now = reader, jinja, figures, registry, now
        self._begun = begun
        self.config = config

    def __repr__(self) -> str:
        return f"<AuditPage {self._figures!r}>"

    def page(self, query: Mapping[str, str], figures: PeriodFigures | None = None) -> str:
        """The coverage of the period `since` (24h by default); ConfigError and `figures` as the overview."""
        since = checked(query, PARAMETERS).get("since") or "24h"
        figures = figures or self._figures.of(since)
        shadow = self.config.shadow
        return self._jinja.get_template("audit.html").render(
            stages=audit_funnel(
                figures.cards,
                self._reader.page_queries.judged(figures.since, 0.0),
                dropped(self._registry),
                sample_rate=shadow.sample_rate if shadow.enabled else 1.0,
            ),
            begun=self._begun,
            figures=figures,
            banners=reference_headlines(figures.references),
            cost=audit_cost(figures.traffic, figures.token_sums, self.config),
            budget=running_budgets(self._reader, self.config, self._now()),
            database=self._reader.extent(),
            storage=self.config.storage,
            shadow=shadow,
            now=self._now(),
            since=since,
            periods=PERIODS,
        )


def dropped(registry: CollectorRegistry) -> Mapping[str, int]:
    """The requests that were not shadowed since the process began, by reason; empty where nothing is counted."""
    families = registry.restricted_registry([f"{DROPPED}_total"]).collect()
    samples = [sample for family in families for sample in family.samples if sample.name == f"{DROPPED}_total"]
    return {sample.labels["reason"]: int(sample.value) for sample in samples}
