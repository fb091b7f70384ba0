from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from shadow.metrics.plain_series import CounterFamily, HistogramFamily

BUCKETS = (0.0, 0.5, 1.0, 2.5)
NAMES = st.sampled_from("ab")
VALUES = st.one_of(st.sampled_from(BUCKETS), st.floats(0, 3))


def _shown(registry):
    """Every sample of a registry, with the labels and the value of its exemplar."""
    samples = [sample for metric in registry.collect() for sample in metric.samples]
    return [
        (each.name, each.labels, each.value, (each.exemplar.labels, each.exemplar.value) if each.exemplar else None)
        for each in samples
    ]


@given(st.lists(st.tuples(NAMES, NAMES, VALUES), max_size=20))
def test_counters_equal_the_librarys(events):
    disable_created_metrics()
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    plain = CounterFamily("tokens_total", "Tokens.", ("who", "what"))
    ours.register(plain)
    counter = Counter("tokens_total", "Tokens.", ("who", "what"), registry=theirs)
    for who, what, amount in events:
        plain(who, what).inc(amount)
        counter.labels(who, what).inc(amount)
    assert _shown(ours) == _shown(theirs)


@given(st.lists(st.tuples(NAMES, VALUES, st.booleans()), max_size=20))
def test_histograms_equal_the_librarys(events):
    disable_created_metrics()
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    plain = HistogramFamily("wait_seconds", "Waits.", ("who",), BUCKETS)
    ours.register(plain)
    histogram = Histogram("wait_seconds", "Waits.", ("who",), buckets=BUCKETS, registry=theirs)
    for number, (who, value, leads) in enumerate(events):
        exemplar = {"pair_id": f"{number}"} if leads else None
        plain(who).observe(value, exemplar)
        histogram.labels(who).observe(value, exemplar)
    assert _shown(ours) == _shown(theirs)


def test_a_series_that_was_only_named_is_shown_at_zero():
    plain = CounterFamily("requests_total", "Requests.", ("code",))
    plain("2xx")
    [metric] = plain.collect()
    assert [(sample.labels, sample.value) for sample in metric.samples] == [({"code": "2xx"}, 0)]


def test_a_histogram_without_labels_is_shown_from_the_begin():
    plain = HistogramFamily("overhead_seconds", "Overhead.", (), BUCKETS)
    plain()
    [metric] = plain.collect()
    assert [sample.value for sample in metric.samples] == [0] * (len(BUCKETS) + 3)
