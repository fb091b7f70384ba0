"""What the processes report of themselves, and what a reload adds, as a scrape shows it."""

import json

import pytest
from prometheus_client import CollectorRegistry

from proxy.exchange import Role
from proxy.worker_stats import WorkerStats
from shadow.metrics.observe import Metrics
from shadow.reading.parsed_response import parse_response
from shadow.settings.top_level_config import Config
from storage.rows import IdentityRow
from storage.store import BatchTotals
from tests.exchanges import exchange, said

PROVIDER = {"base_url": "https://candidate.example/v1"}


class Exported:
    """Metrics of a configuration, and what a scrape of them shows."""

    def __init__(self, provider=(), **config):
        self._registry = CollectorRegistry()
        self.metrics = Metrics(self._registry, configured(provider, **config))

    def value(self, name, **labels):
        return self._registry.get_sample_value(f"sameweights_{name}", labels)

    def answered(self, usage=None, **more):
        body = json.loads(said())
        made = exchange(json.dumps({**body, "usage": usage or body["usage"]}).encode(), **more)
        self.metrics.exchange(made, parse_response(made), ())


def configured(provider=(), **config):
    return Config.model_validate({"proxy": {"providers": {"candidate": {**PROVIDER, **dict(provider)}}}, **config})


def leg(model="pretend-small"):
    return {"provider": "candidate", "model": model, "role": "primary"}


def test_refused_connections_exported_items_and_the_last_scrape_are_shown():
    exported = Exported()
    exported.metrics.admin_refused()
    exported.metrics.admin_refused()
    exported.metrics.exported("span", "sent", 3)
    exported.metrics.exported("span", "sent", 4)
    exported.metrics.scraped(0.25)
    assert exported.value("admin_refused_total") == 2
    assert exported.value("otel_items_total", kind="span", delivery="sent") == 7
    assert exported.value("scrape_render_seconds") == 0.25


def test_shadows_that_run_and_connections_to_providers_are_gauges():
    exported = Exported()
    exported.metrics.gauges(inbox=0, shadows=3)
    assert (exported.value("shadow_in_flight_requests"), exported.value("shadow_waiting_requests")) == (3, 0)
    exported.metrics.gauges(inbox=1)
    gauges = ("shadow_queue_length", "shadow_in_flight_requests", "store_queue_length", "store_lag_seconds")
    assert [exported.value(name) for name in gauges] == [1, 0, 0, 0]
    for worker, connections in ((0, 5), (1, 2)):
        exported.metrics.stats(WorkerStats(worker=worker, pid=worker + 7, upstream_open=connections))
    assert exported.value("upstream_connections") == 7
    assert exported.metrics.workers() == {7: 0, 8: 1}


def test_live_requests_of_a_tenant_are_counted_by_provider_and_outcome_and_its_shadows_are_not():
    exported = Exported(tenants=[{"name": "alpha", "key_env": "ALPHA"}])
    exported.answered(tenant="alpha")
    exported.answered(tenant="alpha", status=404)
    exported.answered(tenant="alpha", role=Role.SHADOW)
    exported.answered()
    found = {
        code: exported.value("tenant_requests_total", tenant="alpha", provider="candidate", code=code) for code in ("2xx", "4xx")
    }
    assert found == {"2xx": 1, "4xx": 1}
    assert exported.value("tenant_requests_total", tenant="other", provider="candidate", code="2xx") is None


@pytest.mark.parametrize(("broker", "begins"), [({}, None), ({"broker": {"url": "nats://127.0.0.1:4222"}}, 0)])
def test_losses_on_the_way_through_a_broker_begin_at_zero_where_there_is_one(broker, begins):
    exported = Exported(**broker)
    for reason in ("broker_too_large", "broker_full", "broker_too_old", "undeliverable"):
        assert exported.value("handover_dropped_total", reason=reason) == begins
    for reason in ("audit_slow", "malformed", "inbox_full", "process_killed"):
        assert exported.value("handover_dropped_total", reason=reason) == 0
    assert exported.value("handover_dropped_total", reason="ended") is None


def test_model_that_a_reload_brings_begins_at_zero_with_its_prices():
    exported = Exported()
    exported.metrics.reload(configured({"models": {"kestrel": "kestrel-7b"}, "price_input": 1e6, "price_output": 0}))
    assert exported.value("requests_total", **leg("kestrel"), code="2xx") == 0
    exported.answered(model="kestrel")
    assert exported.value("money_total", **leg("kestrel")) == 9.0
    assert exported.value("money_uncertain_total", **leg("kestrel")) is None, "the cost is known exactly"


@pytest.mark.parametrize(("tokens", "counted"), [(0, 0), (1, 1), (100_000_000, 100_000_000), (100_000_001, None), (-1, None)])
def test_up_to_a_hundred_million_tokens_of_one_answer_are_counted(tokens, counted):
    exported = Exported(admin={"models": ["pretend-small"]})
    exported.answered({"prompt_tokens": tokens, "completion_tokens": 3, "total_tokens": tokens + 3})
    assert exported.value("tokens_total", **leg(), type="input") == counted


def test_identity_of_a_model_that_the_configuration_does_not_name_is_shown_under_its_own_name():
    exported = Exported()
    named = {"provider": "candidate", "model": "kestrel-7b"}
    row = IdentityRow(exchange_id="e", started=1.0, **named, identity="aa", previous="bb", changes="[]", facts="{}")
    exported.metrics.identity(row)
    assert exported.value("serving_identity_info", **named, identity="aa") == 1
    assert exported.value("serving_identity_changes_total", **named) == 1


def test_totals_that_fall_are_no_increase_and_count_again_beyond_where_they_stood():
    exported = Exported()
    for batches in (5, 4, 5, 6):
        exported.metrics.batches(BatchTotals(batches, float(batches)))
    assert (exported.value("store_batches_total"), exported.value("store_batch_seconds_total")) == (6, 6.0)
