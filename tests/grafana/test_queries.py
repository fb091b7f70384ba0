"""Every query of every panel, rule and alert against what the program exports: names, labels, and the rules of counters."""

import re

import promql_parser
import pytest
from prometheus_client import CollectorRegistry

from shadow.findings.finding import FAILURES
from shadow.metrics.broker_metrics import ConsumerMetrics, PublisherMetrics
from shadow.metrics.definitions import MetricDefinitions
from shadow.metrics.process_metrics import LABELS, ProcessCollector
from shadow.metrics.series import BulkCounter, BulkHistogram
from tests.boards import Target, alerts, boards, filled, panels, records, targets, variables
from tests.promql import COUNTING, Labels, of

SCRAPED = frozenset({"job", "instance", "namespace"})
"""Labels of a target; of `namespace` those of Kubernetes alone, and it is empty elsewhere."""
OF_PROMETHEUS = {
    "up": SCRAPED,
    "scrape_duration_seconds": SCRAPED,
    "scrape_samples_scraped": SCRAPED,
    "ALERTS": frozenset({"alertname", "alertstate", "job", "namespace", "provider", "model"}),
}
STANDARD = {"process_start_time_seconds", "process_virtual_memory_bytes"}
"""Series that each Prometheus client library exports, for dashboards about any program."""
OF_A_JOURNEY = {"sameweights:drift_noise:ratio6h"}
"""The one record that a journey of a day alone reads, against the noise that it made."""
WINDOW = re.compile(r"\d+[smhd]")


def exported() -> tuple[dict[str, frozenset[str]], set[str]]:
    """The labels of every exported series, as scraped, and the names of those that only grow."""
    labels, growing = {}, set()
    registry = CollectorRegistry()
    MetricDefinitions(registry)
    PublisherMetrics(registry, 0)
    of_consumer = CollectorRegistry()
    ConsumerMetrics(of_consumer)
    for metric in ProcessCollector(0, dict).describe():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        labels[name] = SCRAPED | frozenset(LABELS)
        growing |= {name} if metric.type == "counter" else set()
    for collector in [*registry._collector_to_names, *of_consumer._collector_to_names]:
        [metric] = collector.describe()
        own = (
            collector.labels
            if isinstance(collector, BulkHistogram | BulkCounter)
            else (collector._labels if hasattr(collector, "_labels") else collector._labelnames)
        )
        found = SCRAPED | frozenset(own)
        if metric.type == "histogram":
            labels |= {f"{metric.name}_bucket": found | {"le"}, f"{metric.name}_count": found, f"{metric.name}_sum": found}
            growing |= {f"{metric.name}_{end}" for end in ("bucket", "count", "sum")}
        else:
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            labels[name] = found
            growing |= {name} if metric.type == "counter" else set()
    return labels, growing


RAW, GROWING = exported()


def known() -> dict[str, frozenset[str]]:
    """The labels of raw and of recorded series; a rule may use those recorded before it."""
    found = RAW | OF_PROMETHEUS
    for name, expr in records().items():
        found[name] = Labels(found).of(expr)
    return found


KNOWN = known()
EXPRESSIONS = {
    **{f"rule {name}": expr for name, expr in records().items()},
    **{f"alert {name}": rule["expr"] for name, rule in alerts().items()},
    **{f"{target} {number}": target.filled() for number, target in enumerate(targets())},
}


@pytest.mark.parametrize("expr", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_every_name_is_exported_or_recorded_and_every_label_is_on_it(expr):
    for selector in of(expr):
        assert selector.name in KNOWN, f"{selector.name} is neither exported nor recorded"
        assert selector.labels <= KNOWN[selector.name], (selector.name, selector.labels - KNOWN[selector.name])
    Labels(KNOWN).of(expr)


@pytest.mark.parametrize("expr", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_counters_are_only_looked_at_as_increases(expr):
    for selector in of(expr):
        if selector.name in GROWING:
            assert selector.inside in COUNTING, f"{selector.name} stands bare"
            assert selector.ranged
        else:
            assert selector.inside not in COUNTING, f"{selector.name} does not only grow"


@pytest.mark.parametrize("target", [*targets()], ids=str)
def test_a_panel_leaves_the_window_to_grafana(target: Target):
    for found in re.findall(r"\[([^\]]+)\]", target.expr):
        assert found == "$__rate_interval"


@pytest.mark.parametrize("target", [*targets()], ids=str)
def test_legend_names_existing_labels_that_distinguish_the_series(target: Target):
    left = Labels(KNOWN).of(target.filled())
    named = set(re.findall(r"\{\{(\w+)\}\}", target.legend))
    assert named <= left, f"{target}: {named - left}"
    if not target.instant and named:
        assert left - named <= {"job", "namespace", "route", "reference", "role", "signal", "instance"}, left - named


@pytest.mark.parametrize("name", [*boards()])
def test_variables_query_existing_labels(name):
    board = boards()[name]
    for each in board["templating"]["list"]:
        if each["type"] == "query":
            found = re.fullmatch(r"label_values\((.+), (\w+)\)", each["query"])
            (selector,) = of(filled(found[1], variables(board)))
            assert {found[2], *selector.labels} <= KNOWN[selector.name]


@pytest.mark.slow
def test_marks_on_the_graphs_query_existing_alerts():
    for board in boards().values():
        for each in board["annotations"]["list"]:
            assert promql_parser.parse(filled(each["expr"], variables(board)))
            pattern = re.search(r'alertname=~"([^"]+)"', each["expr"])[1]
            assert [name for name in alerts() if re.fullmatch(pattern, name)]


def test_recorded_name_states_its_window():
    for name, expr in records().items():
        windows = set(WINDOW.findall(" ".join(re.findall(r"\[(\w+)\]", expr))))
        assert windows <= set(WINDOW.findall(name)), name


def test_rules_add_up_the_replicas():
    for name in records():
        assert "pod" not in KNOWN[name]
        assert "instance" not in KNOWN[name]


def test_what_counts_as_compared_leaves_out_the_signals_of_failure():
    [tile] = [target.expr for target in targets() if (target.board, target.panel) == ("overview", "Compared")]
    two = (alerts()[name]["expr"] for name in ("SameweightsNothingCompared", "SameweightsProviderNotCompared"))
    for expr in (tile, *two):
        pairs = re.findall(r"(?:divergence_cross:increase1h|comparisons_total)\{([^}]+)\}", expr)
        left_out = [re.search(r'signal!~"([^"]+)"', selector) for selector in pairs]
        assert left_out
        assert all(found and set(found[1].split("|")) == set(FAILURES) for found in left_out), expr


def test_share_of_the_compared_is_of_all_providers_in_both_its_terms():
    [tile] = [target for target in targets() if (target.board, target.panel) == ("overview", "Compared")]
    both = re.findall(r"\{([^}]+)\}", tile.expr)
    assert len(both) == 2
    assert {re.sub(r', signal!~"[^"]+"', "", selector) for selector in both} == {'job=~"$job"'}
    [text] = [panel["description"] for panel in panels(boards()["overview"]) if panel["title"] == "Compared"]
    assert "of all providers together" in text


def test_every_record_is_read_by_a_panel_an_alert_or_another_rule():
    read = {selector.name for expr in EXPRESSIONS.values() for selector in of(expr)}
    assert set(records()) - read == OF_A_JOURNEY


def test_no_exported_series_of_the_audit_is_forgotten():
    used = {selector.name for expr in EXPRESSIONS.values() for selector in of(expr)}
    whole = {re.sub(r"_(bucket|count|sum)$", "", name) if name not in RAW or "_bucket" in name else name for name in used}
    forgotten = {re.sub(r"_(bucket|count|sum)$", "", name) for name in GROWING | set(RAW)} - whole - STANDARD
    assert not forgotten, "exported, and neither drawn nor in a rule"
