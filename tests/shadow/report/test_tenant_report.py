"""A tenant has requests, times and money, and no verdict."""

import json

import pytest

from shadow.pricing.price_list import PriceList
from shadow.report.budget_lines import BudgetLine
from shadow.report.row_sampling import RowSampling
from shadow.report.tenant_report import (
    NO_VERDICT,
    TenantReport,
    TenantTimes,
    TenantTraffic,
    tenant_json,
    tenant_report,
    tenant_text,
)
from tests.conformance import DAY, PATIENCE, START, exchange_record
from tests.most_rows import MostRows
from tests.shadow.pricing.test_period_money import summed
from tests.shadow.report.test_money_table import line


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


WHOLE = TenantReport(
    tenant="alpha",
    since=1_700_000_000.0,
    until=1_700_086_400.0,
    traffic=(
        TenantTraffic(provider="near", requests=1_200, failures=1, errors=2, prompt_tokens=3_400, completion_tokens=5_600),
        TenantTraffic(provider="far", requests=1, failures=0, errors=0, prompt_tokens=0, completion_tokens=0),
    ),
    times=(TenantTimes(provider="near", measure="first_token", answers=1, p50=0.256, p95=1.5),),
    money=(line("live", summed(10, fresh=1_000_000)),),
    budget=(BudgetLine(tenant="alpha", unit="requests", spent=10, limit=20, period="day"),),
    rows=RowSampling(without_pair=9, kept=3, sentence="rows are sampled"),
)


def test_a_whole_report_has_requests_times_sample_budget_and_money():
    assert tenant_text(WHOLE).split("\n") == [
        "tenant alpha  from 2023-11-14 22:13:20 to 2023-11-15 22:13:20 UTC",
        "near: 1,200 requests, 3 failed, 3,400 prompt tokens, 5,600 completion tokens",
        "far: 1 request, 0 failed, 0 prompt tokens, 0 completion tokens",
        "near: first token 0.26 s (p50), 1.50 s (p95), 1 answer",
        "of all tenants rows are sampled",
        "budget: 10 of 20 requests of this day spent",
        "near: 1.00 for 10 answers at the configured prices",
        NO_VERDICT,
    ]


@pytest.mark.parametrize(("since", "begin"), [(0.0, "until"), (-1.0, "until"), (0.5, "from 1970-01-01 00:00:00 to")])
def test_a_period_without_a_begin_has_an_end_alone(since, begin):
    empty = TenantReport(tenant="alpha", since=since, until=60.0, traffic=(), times=(), money=())
    assert tenant_text(empty).split("\n") == [
        f"tenant alpha  {begin} 1970-01-01 00:01:00 UTC",
        "no request in this period",
        NO_VERDICT,
    ]


def test_requests_of_several_models_and_times_of_each_provider_are_summed(sqlite_store):
    for number, (provider, model, role) in enumerate(
        [("near", "a", "primary"), ("near", "b", "primary"), ("near", "a", "shadow"), ("far", "a", "primary")]
    ):
        record = exchange_record(f"e{number}", provider=provider, model=model, role=role, tenant="alpha", seconds=1.0 + number)
        sqlite_store.add_exchange(record)
    assert sqlite_store.flush(PATIENCE)
    found = tenant_report(sqlite_store, "alpha", 0.0, START + DAY, PriceList({}))
    assert [(row.provider, row.requests, row.prompt_tokens, row.completion_tokens) for row in found.traffic] == [
        ("far", 1, 10, 4),
        ("near", 2, 20, 8),
    ]
    assert [(row.provider, row.measure) for row in found.times] == sorted((row.provider, row.measure) for row in found.times)


def test_times_of_a_tenant_are_read_of_its_newest_10_000_answers_alone(sqlite_store):
    reader = MostRows(sqlite_store)
    tenant_report(reader, "alpha", 0.0, START, PriceList({}))
    assert reader.most["tenant_records"] == [10_000]
