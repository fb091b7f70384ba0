"""Totals of a broker's metrics only rise, and gauges are those of the last moment."""

import pytest
from prometheus_client import CollectorRegistry

from shadow.metrics.broker_metrics import FORWARDING, REDELIVERIES, Backlog, ConsumerMetrics, PublisherMetrics
from shadow.metrics.definitions import MetricDefinitions
from shadow.metrics.process_metrics import FIGURES


def test_publisher_totals_rise_by_what_was_added_and_never_fall():
    registry = CollectorRegistry()
    metrics = PublisherMetrics(registry, limit=100)
    for published in (5, 7, 6, 9):
        metrics.show(connected=True, offset=0.5, waiting=3, size=40, published=published, retries=1)
    shown = {name: registry.get_sample_value(f"sameweights_{name}") for name in ("published_total", "publish_retries_total")}
    assert shown == {"published_total": 9, "publish_retries_total": 1}
    assert registry.get_sample_value("sameweights_publisher_queue_bytes") == 40
    assert registry.get_sample_value("sameweights_publisher_limit_bytes") == 100
    metrics.show(connected=False, offset=0.5, waiting=0, size=0, published=9, retries=1)
    assert registry.get_sample_value("sameweights_broker_connected") == 0
    assert registry.get_sample_value("sameweights_broker_clock_offset_seconds") == 0.5


def test_publisher_shows_what_waits_and_counts_retries_apart_from_what_was_published():
    registry = CollectorRegistry()
    metrics = PublisherMetrics(registry, limit=100)
    counted = []
    for published, retries in ((9, 2), (9, 5), (9, 4), (12, 6)):
        metrics.show(connected=True, offset=0.0, waiting=3, size=40, published=published, retries=retries)
        names = ("published_total", "publish_retries_total", "publisher_queue_length")
        counted.append([registry.get_sample_value(f"sameweights_{name}") for name in names])
    assert counted == [[9, 2, 3], [9, 5, 3], [9, 5, 3], [12, 6, 3]]
    assert repr(metrics) == "<PublisherMetrics published=12 retries=6>"


@pytest.mark.parametrize(("totals", "counted"), [((2, 2), 2), ((2, 1), 2), ((2, 1, 4), 5), ((0, 1), 1)])
def test_total_of_redelivered_exchanges_that_falls_is_counted_from_where_it_fell_to(totals, counted):
    registry = CollectorRegistry()
    metrics = ConsumerMetrics(registry)
    for total in totals:
        metrics.show(connected=True, offset=0.0, redelivered={"audited": total})
    assert registry.get_sample_value("sameweights_redelivered_total", {"outcome": "audited"}) == counted
    assert repr(metrics) == f"<ConsumerMetrics redelivered={{'audited': {totals[-1]}}}>"


def test_stream_of_which_every_message_is_readable_shows_none_that_is_not():
    registry = CollectorRegistry()
    ConsumerMetrics(registry).backlog([Backlog(stream="S", messages=2, size=30, limit=100, age=1.5)])
    assert registry.get_sample_value("sameweights_backlog_unreadable_messages", {"stream": "S"}) == 0


def test_consumer_shows_each_stream_and_each_outcome_from_the_start():
    registry = CollectorRegistry()
    metrics = ConsumerMetrics(registry)
    for outcome in REDELIVERIES:
        assert registry.get_sample_value("sameweights_redelivered_total", {"outcome": outcome}) == 0
    metrics.backlog([Backlog(stream="S", messages=2, size=30, limit=100, age=1.5, unreadable=1)])
    metrics.show(connected=True, offset=0.5, redelivered={"audited": 2})
    metrics.show(connected=True, offset=0.5, redelivered={"audited": 3})
    assert registry.get_sample_value("sameweights_redelivered_total", {"outcome": "audited"}) == 3
    assert registry.get_sample_value("sameweights_backlog_age_seconds", {"stream": "S"}) == 1.5
    assert registry.get_sample_value("sameweights_backlog_unreadable_messages", {"stream": "S"}) == 1
    assert registry.get_sample_value("sameweights_backlog_limit_bytes", {"stream": "S"}) == 100
    assert registry.get_sample_value("sameweights_backlog_messages", {"stream": "S"}) == 2
    assert registry.get_sample_value("sameweights_backlog_bytes", {"stream": "S"}) == 30
    assert registry.get_sample_value("sameweights_broker_clock_offset_seconds") == 0.5
    assert registry.get_sample_value("sameweights_broker_connected") == 1


def test_every_series_of_a_forwarding_host_exists():
    registry = CollectorRegistry()
    MetricDefinitions(registry)
    PublisherMetrics(registry, limit=1)
    known = {*registry._names_to_collectors, *(name for _, name, _ in FIGURES)}
    assert set(FORWARDING) - known == set()
