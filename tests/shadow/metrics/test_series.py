"""The parts of metrics: kept children, bounded reasons, a histogram in bulk, counters of processes that restart."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, Histogram, disable_created_metrics

from proxy.worker_stats import WorkerStats
from shadow.metrics.series import BulkCounter, BulkHistogram, CachedChildren, ReasonLabels, RoundGauge, WorkerTotals

BUCKETS = (0.1, 0.5, 1.0)


def test_a_child_is_resolved_once():
    asked = []
    kept = CachedChildren(lambda *values: asked.append(values) or object())
    assert kept("a", "b") is kept("a", "b")
    assert kept("a", "c") is not kept("a", "b")
    assert asked == [("a", "b"), ("a", "c")]


def test_round_gauge_removes_at_the_end_of_a_round_what_the_round_did_not_set():
    registry = CollectorRegistry()
    gauge = RoundGauge(Gauge("state", "State.", ("name",), registry=registry))
    values = []
    for names in (("a", "b"), ("b",), (), ("a",)):
        for name in names:
            gauge.set((name,), 1)
        gauge.end_round()
        values.append([registry.get_sample_value("state", {"name": name}) for name in "ab"])
    assert values == [[1, 1], [None, 1], [None, None], [1, None]]


def test_reasons_pass_while_they_look_like_one_and_there_is_room():
    reasons = ReasonLabels(["known"], limit=2)
    assert [reasons.of(word) for word in ("known", "budget", "one_more", "budget")] == ["known", "budget", "other", "budget"]


def test_a_reason_that_is_no_word_of_ours_is_other():
    reasons = ReasonLabels(())
    for word in ("", "Big", "two words", "x" * 50, "\ud800", 'a"b'):
        assert reasons.of(word) == "other"


@given(st.lists(st.lists(st.floats(0, 3), max_size=30), max_size=5))
def test_histogram_filled_in_bulk_equals_the_librarys(batches):
    disable_created_metrics()
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    bulk = BulkHistogram("gap_seconds", "Gaps.", ("who",), BUCKETS)
    ours.register(bulk)
    plain = Histogram("gap_seconds", "Gaps.", ("who",), buckets=BUCKETS, registry=theirs)
    for batch in batches:
        bulk.observe(("a",), batch)
        for value in batch:
            plain.labels("a").observe(value)
    if not batches:
        return
    plain.labels("a")
    assert _samples(ours) == _samples(theirs)


SCORES = st.lists(st.tuples(st.sampled_from("xyz"), st.one_of(st.sampled_from(BUCKETS), st.floats(0, 3))), max_size=4)


@given(st.lists(st.one_of(st.tuples(st.tuples(st.sampled_from("ab")), SCORES), st.none()), max_size=30))
def test_scores_counted_in_bulk_equal_the_librarys(events):
    disable_created_metrics()
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    bulk = BulkHistogram("likeness", "Likeness.", ("who", "what"), BUCKETS)
    ours.register(bulk)
    plain = Histogram("likeness", "Likeness.", ("who", "what"), buckets=BUCKETS, registry=theirs)
    for number, event in enumerate(events):
        if event is None:
            bulk.collect()
            continue
        begin, scores = event
        shown = {"pair_id": str(number)} if number % 3 else None
        bulk.note(begin, scores, shown)
        for what, value in scores:
            plain.labels(*begin, what).observe(value, shown)
    assert _samples(ours) == _samples(theirs)
    assert _leads(ours) == _leads(theirs)


def test_scores_are_counted_once_many_are_held():
    bulk = BulkHistogram("likeness", "Likeness.", ("who",), BUCKETS)
    for _ in range(3 * 256 + 1):
        bulk.note((), [("a", 0.5)])
        assert len(bulk._held) < 256
    [metric] = bulk.collect()
    assert [sample.value for sample in metric.samples if sample.name == "likeness_count"] == [3 * 256 + 1]


ENDS = st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from(["match", "differ", "unknown"])), max_size=4).map(tuple)


@given(st.lists(st.one_of(st.tuples(st.tuples(st.sampled_from("ab")), ENDS), st.none()), max_size=30))
def test_counter_filled_in_bulk_equals_counting_one_by_one(events):
    bulk, plain = BulkCounter("checks_total", "Checks.", ("who", "what", "state"), ("match", "differ")), {}
    for event in events:
        if event is None:
            bulk.collect()
            continue
        begin, ends = event
        bulk.count(begin, ends)
        for what, state in ends:
            for last in ("match", "differ", state):
                plain.setdefault((*begin, what, last), 0)
            plain[*begin, what, state] += 1
    assert _counted(bulk) == list(plain.items())


def test_ever_new_verdicts_are_counted_and_not_held():
    bulk = BulkCounter("checks_total", "Checks.", ("what", "state"), ())
    for number in range(3 * 256):
        bulk.count((), ((str(number), "match"), ("x", "match")))
        assert len(bulk._runs) <= 256
    assert dict(_counted(bulk))["x", "match"] == 3 * 256


def test_counter_counts_under_the_labels_that_its_fold_gives_and_nothing_where_it_gives_none():
    bulk = BulkCounter("results_total", "Results.", ("state",), (), lambda end: end[1:] if end[0] != "hidden" else None)
    bulk.count((), (("x", "match"), ("y", "match"), ("hidden", "match")))
    assert _counted(bulk) == [(("match",), 2)]


def test_each_series_leads_to_the_last_that_had_something_to_show():
    bulk = BulkCounter("checks_total", "Checks.", ("what", "state"), ("match", "differ"))
    bulk.count((), (("x", "match"), ("y", "differ")), {"pair_id": "1"})
    bulk.count((), (("x", "match"), ("y", "differ")), {"pair_id": "2"})
    bulk.count((), (("x", "match"), ("y", "differ")))
    bulk.count((), (("x", "differ"),), {"pair_id": "3"})
    assert "match" not in {sample.labels["state"] for sample in bulk.collect()[0].samples if sample.exemplar}
    for _ in range(2):
        [metric] = bulk.collect()
        shown = {tuple(sample.labels.values()): sample.exemplar and sample.exemplar.labels for sample in metric.samples}
        assert {sample.exemplar.value for sample in metric.samples if sample.exemplar} == {1}
        assert shown["y", "differ"] == {"pair_id": "2"}
        assert shown["x", "differ"] == {"pair_id": "3"}
        assert shown["y", "match"] is None


def _counted(bulk):
    [metric] = bulk.collect()
    return [(tuple(sample.labels.values()), sample.value) for sample in metric.samples]


def _leads(registry):
    return {
        tuple(sorted(sample.labels.items())): (sample.exemplar.labels, sample.exemplar.value)
        for metric in registry.collect()
        for sample in metric.samples
        if sample.exemplar
    }


def _samples(registry):
    return {
        (sample.name, *sorted(sample.labels.items())): round(sample.value, 6)
        for metric in registry.collect()
        for sample in metric.samples
    }


def test_an_infinite_value_stays_in_the_last_bucket():
    bulk = BulkHistogram("gap_seconds", "Gaps.", (), BUCKETS)
    bulk.observe((), [math.inf, 0.05])
    [metric] = bulk.collect()
    assert [sample.value for sample in metric.samples if sample.name == "gap_seconds_bucket"] == [1, 1, 1, 2]


def test_only_increases_of_a_process_are_added():
    totals = WorkerTotals()
    assert totals.increases(WorkerStats(pid=1, accepted=5)) == {
        "accepted": 5,
        "refused": 0,
        "handed_over": 0,
        "unrecorded": 0,
        "tls_failed": 0,
    }
    assert totals.increases(WorkerStats(pid=1, accepted=7))["accepted"] == 2


def test_restarted_process_counts_from_zero_under_its_own_pid():
    totals = WorkerTotals()
    totals.increases(WorkerStats(worker=0, pid=1, accepted=100))
    assert totals.increases(WorkerStats(worker=0, pid=2, accepted=3))["accepted"] == 3
    assert totals.increases(WorkerStats(worker=0, pid=1, accepted=101))["accepted"] == 1, (
        "a late report of the old one still counts once"
    )


def test_a_pid_used_again_is_another_process():
    totals = WorkerTotals()
    totals.increases(WorkerStats(pid=9, accepted=100))
    assert totals.increases(WorkerStats(pid=9, accepted=4))["accepted"] == 4


def test_gauges_follow_the_newest_process_of_each_worker():
    totals = WorkerTotals()
    for report in (
        WorkerStats(worker=0, pid=1, in_flight=9),
        WorkerStats(worker=1, pid=2, in_flight=1),
        WorkerStats(worker=0, pid=3, in_flight=2),
    ):
        totals.increases(report)
    assert sum(report.in_flight for report in totals.latest) == 3


def test_of_endless_restarts_the_last_256_processes_are_remembered():
    totals = WorkerTotals()
    for pid in range(1, 258):
        totals.increases(WorkerStats(pid=pid, accepted=5))
    assert totals.increases(WorkerStats(pid=2, accepted=6))["accepted"] == 1
    assert totals.increases(WorkerStats(pid=257, accepted=6))["accepted"] == 1
    assert totals.increases(WorkerStats(pid=1, accepted=6))["accepted"] == 6, "the first is forgotten, as if it were new"


def test_each_kind_of_series_shows_its_name_and_what_it_holds():
    histogram = BulkHistogram("gap_seconds", "Gaps.", ("who", "what"), BUCKETS)
    histogram.observe(("a", "x"), [0.2])
    histogram.note(("a",), [("x", 0.2)])
    counter = BulkCounter("checks_total", "Checks.", ("who", "what"), ())
    counter.count(("a",), (("x",),))
    gauge = RoundGauge(Gauge("state", "State.", ("name",), registry=CollectorRegistry()))
    gauge.set(("a",), 1)
    kept = CachedChildren(lambda *_: object())
    kept("a")
    totals = WorkerTotals()
    totals.increases(WorkerStats(worker=3, pid=1))
    assert [repr(each) for each in (histogram, counter, gauge, kept, totals)] == [
        "<BulkHistogram gap_seconds series=1 held=1>",
        "<BulkCounter checks series=0 held=1>",
        "<RoundGauge children=1 set=1>",
        "<CachedChildren children=1>",
        "<WorkerTotals workers=[3]>",
    ]
    assert (histogram.labels, histogram.bounds, counter.labels) == (("who", "what"), BUCKETS, ("who", "what"))


def test_series_in_bulk_are_described_without_samples_by_name_help_and_type():
    for made, name, kind in (
        (BulkHistogram("gap_seconds", "Help.", (), BUCKETS), "gap_seconds", "histogram"),
        (BulkCounter("checks_total", "Help.", (), ()), "checks", "counter"),
    ):
        for [metric] in (made.describe(), made.collect()):
            assert (metric.name, metric.documentation, metric.type, metric.samples) == (name, "Help.", kind, [])


@pytest.mark.parametrize(("word", "passes"), [("r" * 40, True), ("r" * 41, False), ("r_9", True), ("9r", False)])
def test_reason_is_a_lower_case_word_of_up_to_forty_characters(word, passes):
    assert ReasonLabels(()).of(word) == (word if passes else "other")


def test_64_reasons_are_shown_and_the_known_ones_are_among_them():
    reasons = ReasonLabels(["known"])
    shown = {reasons.of(f"reason_{'abcdefghij'[number % 10]}{'abcdefghij'[number // 10]}") for number in range(70)}
    assert len(shown - {"other"}) == 63
    assert reasons.of("known") == "known"


@pytest.mark.parametrize(("noted", "held"), [(255, 255), (256, 0)])
def test_scores_of_256_pairs_are_held_at_most(noted, held):
    histogram = BulkHistogram("likeness", "Likeness.", ("who", "what"), BUCKETS)
    for _ in range(noted):
        histogram.note(("a",), [("x", 0.2)])
    assert repr(histogram) == f"<BulkHistogram likeness series={int(not held)} held={held}>"


@pytest.mark.parametrize(("different", "held"), [(256, 256), (257, 0)])
def test_256_different_verdicts_are_held_at_most(different, held):
    counter = BulkCounter("checks_total", "Checks.", ("who", "what"), ())
    for number in range(different):
        counter.count((f"{number}",), (("x",),))
    assert repr(counter) == f"<BulkCounter checks series={0 if held else different} held={held}>"


def test_counter_that_falls_or_stays_under_one_pid_is_counted_anew_or_not_at_all():
    totals = WorkerTotals()
    grown = [totals.increases(WorkerStats(worker=0, pid=1, accepted=count))["accepted"] for count in (5, 5, 7, 3)]
    assert grown == [5, 0, 2, 3]
