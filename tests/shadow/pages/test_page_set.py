"""All pages over one store, and another configuration."""

from prometheus_client import CollectorRegistry

from shadow.pages.page_set import PageSet
from shadow.settings.top_level_config import Config


def config(name: str, **shadow) -> Config:
    return Config.model_validate({"proxy": {"providers": {name: {"base_url": "https://example.com/v1"}}}, "shadow": shadow})


def test_another_configuration_is_used_from_the_next_page_on(store):
    pages = PageSet(store, config("before"), CollectorRegistry())
    assert '<option value="before">' in pages.pairs.page({})
    pages.reload(config("afterwards", requests=10))
    for page in (pages.pairs.page({}), pages.answers.page({})):
        assert '<option value="afterwards">' in page
        assert '<option value="before">' not in page
    for page in (pages.overview.page({}), pages.audit.page({})):
        assert "0 of 10 requests of this day spent" in page


def test_each_page_shows_what_it_reads_or_which_providers_it_lists(sqlite_store):
    pages = PageSet(sqlite_store, config("one"), CollectorRegistry())
    figures, read = "<PeriodFiguresCache of []>", repr(sqlite_store)
    names = ("overview", "audit", "provider", "answers", "pairs", "choose", "pair", "exchange", "conversation")
    assert [repr(pages), *(repr(getattr(pages, name)) for name in names)] == [
        f"<PageSet <OverviewPage {figures}>>",
        f"<OverviewPage {figures}>",
        f"<AuditPage {figures}>",
        f"<ProviderPage {figures}>",
        "<AnswersPage providers=1>",
        "<PairsPage providers=1>",
        "<ChoosePage []>",
        f"<OnePairPage of {read}>",
        f"<ExchangePage of {read}>",
        f"<ConversationPage of {read}>",
    ]
    assert repr(pages.studies).startswith("<StudiesPage of ")
