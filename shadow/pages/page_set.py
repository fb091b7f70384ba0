"""`PageSet`: every page of the admin port over one store, made once. Reading and rendering block: call them in a thread."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from shadow.pages.answers_page import AnswersPage
from shadow.pages.audit_page import AuditPage
from shadow.pages.choose_page import ChoosePage
from shadow.pages.conversation_page import ConversationPage
from shadow.pages.exchange_page import ExchangePage
from shadow.pages.overview import OverviewPage
from shadow.pages.page_environment import environment
from shadow.pages.pair_page import OnePairPage
from shadow.pages.pairs_page import PairsPage
from shadow.pages.period_figures import PeriodFiguresCache
from shadow.pages.provider_page import ProviderPage
from shadow.pages.runbook import runbook
from shadow.pages.studies_page import StudiesPage
from shadow.report.evident_signals import EvidentSignals
from shadow.settings.top_level_config import Config
from storage.opening import own_folder
from storage.store import Reader


class PageSet:
    """The pages; `acts`: alarms can be acknowledged and muted from them; `now` returns seconds since the epoch, and the counters
    of `registry` are since `begun`, now where that is None.
    """

    def __init__(
        self,
        reader: Reader,
        config: Config,
        registry: CollectorRegistry,
        *,
        acts: bool = False,
        begun: float | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        begun = now() if begun is None else begun
        self._jinja = jinja = environment()
        self.figures = figures = PeriodFiguresCache(reader, now=now)
        self.overview = OverviewPage(reader, jinja, figures, config, now=now)
        self.provider = ProviderPage(reader, jinja, figures, config, acts=acts)
        self.pairs = PairsPage(reader, jinja, config, self.evident, now=now)
        self.pair = OnePairPage(reader, jinja, self.evident, now=now)
        self.answers = AnswersPage(reader, jinja, config, now=now)
        self.exchange = ExchangePage(reader, jinja)
        self.conversation = ConversationPage(reader, jinja, self.evident)
        self.audit = AuditPage(reader, jinja, figures, config, registry, begun=begun, now=now)
        self.choose = ChoosePage(reader, jinja, config, now=now)
        self.studies = StudiesPage(own_folder(config.storage), jinja)
        self._entries = runbook()

    def __repr__(self) -> str:
        return f"<PageSet {self.overview!r}>"

    def evident(self, period: str) -> EvidentSignals:
        """What is evidence by the verdicts of a period."""
        return EvidentSignals(self.figures.of(period).cards)

    def reload(self, config: Config) -> None:
        """Use the providers, prices and budget of `config` from the next page on."""
        for page in (self.overview, self.provider, self.pairs, self.answers, self.audit, self.choose):
            page.config = config

    def runbook(self) -> str:
        """The runbook: for each alert what it means and what to do."""
        return self._jinja.get_template("runbook.html").render(entries=self._entries)

    def message(self, title: str, text: str) -> str:
        """A page with one message."""
        return self._jinja.get_template("message.html").render(title=title, text=text)
