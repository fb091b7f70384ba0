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


def test_families_show_their_names_labels_and_number_of_series():
    counter = CounterFamily("tokens_total", "Tokens.", ("who", "what"))
    histogram = HistogramFamily("wait_seconds", "Waits.", ("who",), BUCKETS)
    counter("a", "x").inc(2)
    histogram("a").observe(0.5)
    histogram("b").observe(0.5)
    assert (counter.label_names, histogram.label_names, histogram.bounds) == (("who", "what"), ("who",), BUCKETS)
    assert [repr(counter), repr(histogram)] == ["<CounterFamily tokens series=1>", "<HistogramFamily wait_seconds series=2>"]
    assert [repr(counter("a", "x")), repr(histogram("a"))] == ["<PlainCounter 2.0>", "<PlainHistogram 1 values>"]


def test_families_are_described_without_samples_by_name_help_and_type():
    for family, name, kind in (
        (CounterFamily("tokens_total", "Help.", ()), "tokens", "counter"),
        (HistogramFamily("wait_seconds", "Help.", (), BUCKETS), "wait_seconds", "histogram"),
    ):
        for [metric] in (family.describe(), family.collect()):
            assert (metric.name, metric.documentation, metric.type, metric.samples) == (name, "Help.", kind, [])


def test_exemplar_of_a_bucket_is_that_of_its_last_value_that_has_one():
    histogram = HistogramFamily("wait_seconds", "Waits.", (), BUCKETS)()
    for value, exemplar in ((0.6, {"pair_id": "a"}), (0.7, {"pair_id": "b"}), (0.8, None), (9.0, {"pair_id": "c"})):
        histogram.observe(value, exemplar)
    assert [shown and (shown.labels, shown.value) for shown in histogram.exemplars] == [
        *(None, None, ({"pair_id": "b"}, 0.7), None, ({"pair_id": "c"}, 9.0))
    ]
