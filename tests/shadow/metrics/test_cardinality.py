"""The bound on series holds whatever is sent, and covers every label."""

import re
from collections import Counter

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from proxy.exchange import Failure, FailureKind, Role
from shadow.compare.failed_responses import NO_ANSWER
from shadow.drift.excess_estimates import GroupKey
from shadow.findings.error_classes import ErrorClass
from shadow.findings.finding import Finding, FindingState, Signal
from shadow.measures.schema_validation import OUTCOMES
from shadow.metrics.answer_counts import OTHER, answer_counts
from shadow.metrics.cardinality import _labels, _lines, _Listing, label_sizes, series_bound, series_estimate, series_words
from shadow.metrics.observe import ERRORS, Metrics
from shadow.metrics.plain_series import CounterFamily, HistogramFamily
from shadow.metrics.process_metrics import FIGURES, KINDS
from shadow.reading.parsed_response import parse_response
from shadow.settings.top_level_config import Config
from tests.exchanges import exchange, said

PROVIDERS = {name: {"base_url": f"https://{name}.example/v1"} for name in ("one", "two")}


def configured(**proxy) -> Config:
    return Config.model_validate({"proxy": {"providers": PROVIDERS, **proxy}, "admin": {"models": ["m1"]}})


def lines(registry: CollectorRegistry) -> int:
    return sum(not line.startswith("#") for line in generate_latest(registry).decode().splitlines())


def test_bound_holds_for_names_that_are_not_configured():
    config = configured(routes=[{"name": "chat", "model": "m1", "provider": "one", "reference": "two"}])
    registry = CollectorRegistry()
    metrics = Metrics(registry, config)
    for number in range(40):
        model, provider = f"stranger-{number}", ("one", "two", f"unknown-{number}")[number % 3]
        for role in Role:
            made = exchange(said(), provider=provider, model=model, role=role)
            metrics.exchange(made, parse_response(made), (*OUTCOMES, f"odd-{number}"))
        for kind in ("cross", "self", "check"):
            found = [Finding(signal=signal, state=state) for signal in Signal for state in FindingState]
            metrics.findings(provider, model, kind, "random", found, pair_id=f"p{number}")
        metrics.shadow_skipped(f"reason_{'abcdefghij'[number % 10]}{'abcdefghij'[number // 10]}")
    assert 500 < lines(registry) <= series_bound(config)


def test_it_multiplies_every_label_that_a_metric_shows():
    registry = _Listing()
    metrics = Metrics(registry, configured())
    made = exchange(said())
    metrics.exchange(made, parse_response(made), (*OUTCOMES,))
    assert lines(registry) > 100, "what is counted later is counted"
    shown = {}
    for collector in registry.collectors:
        names = {name for metric in collector.collect() for sample in metric.samples for name in sample.labels}
        if names:
            shown[collector] = names - {"le"}
    assert {type(collector) for collector in shown} >= {CounterFamily, HistogramFamily}
    assert all(set(_labels(collector)) == names for collector, names in shown.items())


def test_child_of_a_metric_has_as_many_series_as_it_shows():
    registry = _Listing()
    metrics = Metrics(registry, configured())
    made = exchange(said())
    metrics.exchange(made, parse_response(made), (*OUTCOMES,))
    for collector in registry.collectors:
        samples = [sample for metric in collector.collect() for sample in metric.samples if not sample.name.endswith("_created")]
        children = Counter(tuple(value for name, value in sample.labels.items() if name != "le") for sample in samples)
        assert set(children.values()) <= {_lines(collector)}
        assert not isinstance(collector, Histogram), "whose buckets the bound on series does not count"


def test_routes_and_models_widen_it_and_nothing_else():
    small = series_bound(configured())
    assert series_bound(configured(routes=[{"name": "chat", "model": "m1", "provider": "one"}])) > small
    assert series_bound(configured(routes=[{"name": "chat", "model": "m2", "provider": "one"}])) > small
    assert series_bound(configured(timeouts={"connect": 3})) == small


@pytest.mark.parametrize("names", ["", "a", "ab"])
def test_tenants_and_one_for_those_of_other_hosts_are_the_values_of_their_label(names):
    config = Config.model_validate({"tenants": [{"name": name, "key_env": "K"} for name in names]})
    registry = CollectorRegistry()
    metrics = Metrics(registry, config)
    for tenant in "abcd":
        made = exchange(said())
        metrics.exchange(made._replace(labels=made.labels._replace(tenant=tenant)), parse_response(made), ())
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    shown = {each.labels["tenant"] for each in samples if each.name == "sameweights_tenant_requests_total"}
    assert shown == {*names, "other"}
    assert label_sizes(config)["tenant"] == len(shown)


def test_the_estimate_counts_each_provider_with_each_named_model():
    assert series_estimate(configured()) == 150 + 2 * 370
    more = Config.model_validate({"proxy": {"providers": PROVIDERS}, "admin": {"models": ["m1", "m2", "m3"]}})
    assert series_estimate(more) == 150 + 6 * 370
    assert series_estimate(Config.model_validate({"proxy": {"providers": PROVIDERS}})) == 150 + 2 * 370
    assert series_estimate(more) < series_bound(more)


def test_series_of_a_configuration_without_a_model_are_stated_for_one():
    assert re.fullmatch(r"about 890 metric series in use, at most [\d,]+", series_words(configured()))
    without = Config.model_validate({"proxy": {"providers": PROVIDERS}})
    assert series_words(without).startswith("about 890 metric series in use with one model, at most ")


def test_the_errors_are_the_classes_and_one_for_none():
    assert len(ERRORS) == len(ErrorClass) + 1
    assert NO_ANSWER in ERRORS


def test_each_payoff_of_each_route_is_within_it():
    config = configured(routes=[{"name": "chat", "model": "m1", "provider": "one", "reference": "two"}])
    registry = CollectorRegistry()
    metrics = Metrics(registry, config)
    before = lines(registry)
    for route in ("chat", "one", "gone"):
        metrics.drift.counted(GroupKey(route, "m1", "one", "two"), [("answer_kind", 1)])
    assert lines(registry) - before == 9
    assert lines(registry) < series_bound(config)


def test_the_bound_holds_for_models_that_are_learned():
    config = Config.model_validate({"proxy": {"providers": PROVIDERS}})
    registry = CollectorRegistry()
    metrics = Metrics(registry, config)
    for number in range(40):
        made = exchange(said(), provider=("one", "two")[number % 2], model=f"stranger-{number}")
        metrics.exchange(made, parse_response(made), OUTCOMES)
        metrics.drift.counted(GroupKey("default", f"stranger-{number}", "one", "two"), [("answer_kind", 1)])
    assert 500 < lines(registry) <= series_bound(config)


def test_closed_labels_have_as_many_values_as_can_be_shown():
    sizes = label_sizes(configured())
    statuses = [exchange(said(), status) for status in (101, 200, 300, 400, 500, 600)]
    ends = [exchange(answered=False, failure=Failure(kind=kind, detail="", after_head=False)) for kind in FailureKind]
    assert sizes["code"] == len({answer_counts(made, parse_response(made), ()).code for made in (*statuses, *ends)})
    assert sizes["class"] == len(ERRORS)
    assert sizes["outcome"] == len({*OUTCOMES, OTHER})
    assert sizes["reason"] == 64 + 1
    registry = CollectorRegistry()
    Metrics(registry, configured())
    tables = {sample.labels["table"] for metric in registry.collect() for sample in metric.samples if "table" in sample.labels}
    assert sizes["table"] == len(tables)


@pytest.mark.parametrize("most", [2, 5])
def test_bound_grows_with_the_processes_of_the_kind_that_has_most(most):
    def bound(workers, audit_workers):
        tables = {"proxy": {"workers": workers}, "shadow": {"audit_workers": audit_workers}}
        return series_bound(Config.model_validate(tables))

    each = len(FIGURES) * len(KINDS)
    assert bound(1, most) - bound(1, 1) == each * (most - 1)
    assert bound(most, most) == bound(most, 1)
