"""A tenant has requests, times and money, and no verdict."""

import json

from shadow.pricing.price_list import PriceList
from shadow.report.budget_lines import BudgetLine
from shadow.report.tenant_report import NO_VERDICT, tenant_json, tenant_report, tenant_text
from tests.conformance import DAY, PATIENCE, START, exchange_record


def test_text_and_json_have_the_tenants_figures_and_where_verdicts_are(store):
    store.add_exchange(exchange_record("a1", tenant="alpha", status=500, seconds=2.0))
    store.add_exchange(exchange_record("a2", tenant="alpha", seconds=1.0))
    store.add_exchange(exchange_record("b1", tenant="beta"))
    assert store.flush(PATIENCE)
    found = tenant_report(store, "alpha", 0.0, START + 60, PriceList({}))
    text = tenant_text(found)
    assert "near: 2 requests, 1 failed, 20 prompt tokens, 8 completion tokens" in text
    assert "near: seconds 1.00 s (p50), 1.00 s (p95), 1 answer" in text
    assert text.endswith(NO_VERDICT)
    written = json.loads(tenant_json(found))
    assert (written["schema"], written["tenant"], written["verdicts"]) == ("sameweights.tenant/1", "alpha", NO_VERDICT)
    assert written["traffic"][0]["requests"] == 2


def test_sampled_rows_are_stated_and_times_are_of_the_share_alone(store):
    store.add_exchange(exchange_record("a1", tenant="alpha", seconds=1.0))
    store.add_exchange(exchange_record("a2", tenant="alpha", seconds=9.0, drawn=False))
    store.add_exchange(exchange_record("a3", tenant="alpha", seconds=9.0)._replace(kept=False))
    assert store.flush(PATIENCE)
    found = tenant_report(store, "alpha", 0.0, START + DAY, PriceList({}))
    text = tenant_text(found)
    assert "near: seconds 1.00 s (p50), 1.00 s (p95), 1 answer" in text
    assert "of all tenants rows are sampled: of 3 requests without a pair 2 (67 %) have a row" in text
    assert json.loads(tenant_json(found))["rows"]["without_pair"] == 3


def test_a_tenant_whose_rows_are_all_kept_has_no_sentence_about_a_sample(store):
    store.add_exchange(exchange_record("a1", tenant="alpha"))
    assert store.flush(PATIENCE)
    assert "sampled" not in tenant_text(tenant_report(store, "alpha", 0.0, START + 60, PriceList({})))


def test_a_tenant_without_requests_is_reported_as_having_none(store):
    assert "no request in this period" in tenant_text(tenant_report(store, "alpha", 0.0, START, PriceList({})))


def test_budget_of_the_tenant_is_in_its_report_and_no_others(store):
    lines = [BudgetLine(tenant=name, unit="money", spent=1.5, limit=2.0, period="day") for name in ("alpha", "beta", "")]
    found = tenant_report(store, "alpha", 0.0, START, PriceList({}), budget=lines)
    assert tenant_text(found).count("budget: 1.50 of 2.00 money of this day spent") == 1
    assert json.loads(tenant_json(found))["budget"] == [
        {"tenant": "alpha", "unit": "money", "spent": 1.5, "limit": 2.0, "period": "day"}
    ]
