"""The page of what the audit covers."""

import pytest
from prometheus_client import CollectorRegistry

from shadow.metrics.observe import Metrics
from shadow.pages.audit_page import dropped
from shadow.pages.page_set import PageSet
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from storage.spending import Spending
from tests.reading import Reading
from tests.records import NOW, add_live, add_pair


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def pages(store, registry):
    return PageSet(store, Config(), registry, now=lambda: NOW + 60)


def text(page: str) -> str:
    return " ".join(Reading(page).text.split())


def test_funnel_cost_and_database_are_on_the_page(store, pages):
    add_live(store, "near")
    add_pair(store, "near", "Hello", "Hello")
    assert store.flush(20)
    shown = text(pages.audit.page({}))
    assert "0 of 2 requests count" in shown
    for part in ("1 sent to the reference 50 %", "1 comparable", "waits for the judge", "The audit sent 1 request", "No budget"):
        assert part in shown


def test_empty_database_has_a_page(pages):
    assert "no records yet" in text(pages.audit.page({}))


def test_requests_that_were_not_shadowed_are_counted_by_reason(registry, pages):
    metrics = Metrics(registry, Config())
    metrics.shadow_skipped("budget_money")
    metrics.shadow_skipped("budget_money")
    assert dropped(registry)["budget_money"] == 2
    assert "2 the budget of money is spent → raise shadow.money" in text(pages.audit.page({}))


def test_registry_without_the_counter_has_no_reasons():
    assert dropped(CollectorRegistry()) == {}


def test_parameter_that_the_page_does_not_know_is_refused(pages):
    with pytest.raises(ConfigError):
        pages.audit.page({"provider": "near"})


def test_reason_of_a_tenants_budget_has_its_own_remedy(registry, pages):
    Metrics(registry, Config()).shadow_skipped("tenant_budget_tokens")
    assert "1 the tenant's budget of tokens is spent → raise its budget" in text(pages.audit.page({}))


def test_budgets_of_tenants_are_on_the_page_and_the_overview_has_those_that_are_spent(store, registry):
    tenants = [{"name": name, "key_env": name.upper(), "budget": {"requests": 2}} for name in ("alpha", "beta")]
    pages = PageSet(store, Config.model_validate({"tenants": tenants}), registry, now=lambda: NOW + 60)
    store.spend(NOW, Spending(2, 0, 0.0), "alpha")
    store.spend(NOW, Spending(1, 0, 0.0), "beta")
    shown, first = text(pages.audit.page({})), text(pages.overview.page({}))
    assert "tenant alpha: 2 of 2 requests" in shown
    assert "tenant beta: 1 of 2 requests of this day spent." in shown
    assert "tenant alpha: 2 of 2 requests" in first
    assert "beta" not in first
