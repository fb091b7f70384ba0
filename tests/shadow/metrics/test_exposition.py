"""Both text formats hold the same samples as the library's encoders write."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.samples import Exemplar

from shadow.metrics import exposition
from shadow.metrics.exposition import Exposition

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
NUMBERS = st.one_of(st.integers(0, 10**18), st.floats(0, allow_nan=False), st.sampled_from([0.1, 1e-9, 1e22, float("inf")]))


def samples(parse, body: bytes) -> list[tuple]:
    return [
        (family.name, family.type, family.documentation, sample.name, sorted(sample.labels.items()), sample.value)
        for family in parse(body.decode())
        for sample in family.samples
    ]


@given(st.dictionaries(TEXTS, NUMBERS, max_size=4), TEXTS)
def test_both_formats_equal_the_librarys_for_any_label_number_and_help(values, words):
    disable_created_metrics()
    registry = CollectorRegistry()
    gauge = Gauge("level", f"Level {words}", ("who",), registry=registry)
    counter = Counter("things", "Things.", ("who", "above"), registry=registry)
    histogram = Histogram("seconds", "Seconds.", ("who",), buckets=(0.1, 1), registry=registry)
    for name, value in values.items():
        gauge.labels(name).set(value)
        counter.labels(name, "x").inc(value)
        histogram.labels(name).observe(min(value, 5))
    ours = Exposition(registry)
    for _ in range(2):
        assert samples(parse_text, ours.text()) == samples(parse_text, generate_latest(registry))
        assert samples(parse_openmetrics, ours.openmetrics()) == samples(parse_openmetrics, openmetrics(registry))


def test_not_a_number_and_negative_infinity_are_written_as_prometheus_reads_them():
    registry = CollectorRegistry()
    gauge = Gauge("level", "Level.", ("who",), registry=registry)
    gauge.labels("a").set(float("nan"))
    gauge.labels("b").set(float("-inf"))
    assert b'level{who="a"} NaN\nlevel{who="b"} -Inf\n' in Exposition(registry).text()


def test_exemplar_is_sent_in_openmetrics_while_it_is_fresh(monkeypatch):
    registry = CollectorRegistry()
    Counter("things", "Things.", registry=registry).inc(1, {"pair_id": "p1"})
    ours = Exposition(registry)
    assert b' # {pair_id="p1"} 1 1' in ours.openmetrics()
    assert b"pair_id" not in ours.text()
    now = time.time()
    monkeypatch.setattr(exposition, "time", lambda: now + exposition.FRESH + 1)
    assert b"pair_id" not in ours.openmetrics()
    assert b"things_total 1\n" in ours.openmetrics()


@pytest.mark.parametrize(("limit", "kept"), [(11, 11), (10, 2)])
def test_label_texts_are_kept_up_to_a_limit_and_beyond_it_those_that_are_shown(monkeypatch, limit, kept):
    monkeypatch.setattr(exposition, "LABELS_KEPT", limit)
    registry = CollectorRegistry()
    gauge = Gauge("level", "Level.", ("who",), registry=registry)
    for number in range(10):
        gauge.labels(f"{number}").set(number)
    ours = Exposition(registry)
    first = ours.text()
    assert ours.text() == first
    assert b'level{who="9"} 9\n' in first
    for number in range(9):
        gauge.remove(f"{number}")
    assert ours.text().count(b"level{") == 1
    assert repr(ours) == f"<Exposition labels={kept}>"


class _One:
    """A registry of one counter whose exemplar is of the second 1,000."""

    def collect(self):
        metric = Metric("things", "Things.", "counter")
        metric.add_sample("things_total", {}, 1.0, exemplar=Exemplar({"pair_id": "p1"}, 1.0, 1_000.0))
        return [metric]


@pytest.mark.parametrize(("now", "sent"), [(1_119.5, True), (1_120.5, False)])
def test_exemplar_is_fresh_for_two_minutes(monkeypatch, now, sent):
    monkeypatch.setattr(exposition, "time", lambda: now)
    line = b'things_total 1 # {pair_id="p1"} 1 1000.000\n' if sent else b"things_total 1\n"
    assert line in Exposition(_One()).openmetrics()
