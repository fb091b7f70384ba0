"""The reference page lists exactly the series that exist, with their labels and buckets."""

import platform
import re
from importlib.metadata import version
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from proxy.exchange import FailureKind
from shadow.findings.finding import FindingState
from shadow.metrics.broker_metrics import ConsumerMetrics, PublisherMetrics
from shadow.metrics.definitions import MetricDefinitions, judged, unmeasured

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(sameweights_\w+)` \| (counter|gauge|histogram) \|([\w, ]*)\| .+ \|$", re.MULTILINE)
BUCKETS = re.compile(r"^\| `(sameweights_\w+)` \| ([\d. ]+) \|$", re.MULTILINE)


def collectors():
    registry = CollectorRegistry()
    MetricDefinitions(registry)
    PublisherMetrics(registry, 0)
    of_consumer = CollectorRegistry()
    ConsumerMetrics(of_consumer)
    for collector in [*registry._collector_to_names, *of_consumer._collector_to_names]:
        [metric] = collector.describe()
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        yield name, metric.type, collector


def labels_of(collector) -> list[str]:
    return list(collector._labels if hasattr(collector, "_labels") else collector._labelnames)


def bounds_of(collector) -> list[float]:
    bounds = collector._bounds if hasattr(collector, "_bounds") else collector._kwargs.get("buckets") or collector._upper_bounds
    return [bound for bound in bounds if bound != float("inf")]


def test_every_series_is_documented_with_its_type_and_labels_and_none_beside():
    documented = {name: (kind, labels.replace(",", " ").split()) for name, kind, labels in ROW.findall(PAGE)}
    assert documented == {name: (kind, labels_of(collector)) for name, kind, collector in collectors()}


def test_the_buckets_of_every_histogram_are_documented():
    documented = {name: [float(bound) for bound in bounds.split()] for name, bounds in BUCKETS.findall(PAGE)}
    assert documented == {name: bounds_of(collector) for name, kind, collector in collectors() if kind == "histogram"}


@pytest.mark.parametrize("value", [*FailureKind, *FindingState])
def test_every_closed_label_value_is_documented(value):
    assert f"`{value.value}`" in PAGE


def test_metric_names_follow_prometheus_conventions():
    for name, kind, _ in collectors():
        assert re.fullmatch(r"sameweights_[a-z]+(_[a-z]+)*", name)
        assert name.endswith("_total") == (kind == "counter")
        assert kind != "histogram" or name.endswith(("_seconds", "_ratio", "_tokens"))


def test_the_build_is_named_by_its_version_and_that_of_python():
    registry = CollectorRegistry()
    MetricDefinitions(registry)
    labels = {"version": version("sameweights"), "python": platform.python_version()}
    assert registry.get_sample_value("sameweights_build_info", labels) == 1


@pytest.mark.parametrize(
    ("finding", "by_signal", "by_state"),
    [
        (("text", "match"), ("text", "match"), None),
        (("text", "differ"), ("text", "differ"), None),
        (("text", "not_measured"), None, ("not_measured",)),
        (("first_token", "match"), None, None),
        (("first_token", "not_measured"), None, None),
    ],
)
def test_a_finding_is_counted_by_its_signal_where_it_is_judged_else_by_its_state_and_speed_nowhere(finding, by_signal, by_state):
    assert (judged(finding), unmeasured(finding)) == (by_signal, by_state)
