"""Building blocks of metrics: cached children, reasons as labels, a histogram filled in bulk, counters of other processes.

Rule: a label value comes from the configuration or from a set written in our code; whatever else arrives is `other`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from threading import Lock
from time import time
from typing import Generic, TypeVar

from prometheus_client import Gauge
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from proxy.worker_stats import WorkerStats

OTHER = "other"
MATCH = "match"
REASON = re.compile(r"[a-z][a-z0-9_]{0,39}")
REASONS_LIMIT = 64
PULSES_KEPT = 256
"""Data-plane processes kept, the one silent for longest dropped first; there are at most 64 workers at once."""

RUNS = 256
"""Different verdicts on whole answers, and scores of pairs, that are held before they are counted one by one."""

M = TypeVar("M")
Fold = Callable[[tuple[str, ...]], "tuple[str, ...] | None"]
"""Gives the label values under which something is counted, None where it is not."""


class CachedChildren(Generic[M]):
    """Children of one metric by their label values, resolved once: `labels()` on each call would double the cost."""

    def __init__(self, resolve: Callable[..., M]) -> None:
        self._resolve = resolve
        self._children: dict[tuple[str, ...], M] = {}

    def __repr__(self) -> str:
        return f"<CachedChildren children={len(self._children)}>"

    def __call__(self, *values: str) -> M:
        """The child with these label values, in the order of the metric's label names."""
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = self._resolve(*values)
        return child


class RoundGauge:
    """A gauge of which all series are set again in each round: those that a round did not set are removed at its end."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._children: dict[tuple[str, ...], Gauge] = {}
        self._set: set[tuple[str, ...]] = set()

    def __repr__(self) -> str:
        return f"<RoundGauge children={len(self._children)} set={len(self._set)}>"

    def set(self, labels: tuple[str, ...], value: float) -> None:
        """Set the series with these label values, in the order of the metric's label names."""
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._gauge.labels(*labels)
        child.set(value)
        self._set.add(labels)

    def end_round(self) -> None:
        """Remove the series that were not set since the last end; one that was set is never absent in between."""
        for labels in self._children.keys() - self._set:
            self._gauge.remove(*labels)
            del self._children[labels]
        self._set.clear()


class ReasonLabels:
    """Reasons written in our own code, in several packages: each passes if it has the form of one, at most `limit` of them."""

    def __init__(self, known: Iterable[str], limit: int = REASONS_LIMIT) -> None:
        self._seen = set(known)
        self._limit = limit

    def of(self, value: str) -> str:
        """`value` itself while it is a short lower-case word and there is room, else `other`."""
        if value in self._seen:
            return value
        if len(self._seen) >= self._limit or not REASON.fullmatch(value):
            return OTHER
        self._seen.add(value)
        return value


class BulkHistogram(Collector):
    """A classic histogram that takes many values at once; one `observe` a chunk of a stream costs ten times as much."""

    def __init__(self, name: str, text: str, labels: Sequence[str], buckets: Sequence[float]) -> None:
        self._name = name
        self._text = text
        self._labels = tuple(labels)
        self._bounds = tuple(buckets)
        self._lock = Lock()
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}
        self._held: list[tuple[tuple[str, ...], Sequence[tuple[str, float]], Mapping[str, str] | None, float]] = []
        self._exemplars: dict[tuple[tuple[str, ...], int], Exemplar] = {}

    def __repr__(self) -> str:
        return f"<BulkHistogram {self._name} series={len(self._counts)} held={len(self._held)}>"

    @property
    def labels(self) -> tuple[str, ...]:
        """The label names."""
        return self._labels

    @property
    def bounds(self) -> tuple[float, ...]:
        """The upper bounds of its buckets, without the last."""
        return self._bounds

    def observe(self, labels: tuple[str, ...], values: Sequence[float]) -> None:
        """Count `values`, finite and not negative, under the label values `labels`."""
        with self._lock:
            self._count(labels, values)

    def note(self, begin: tuple[str, ...], ends: Sequence[tuple[str, float]], exemplar: Mapping[str, str] | None = None) -> None:
        """Count a value for each of the label values that begin with `begin` and end with the word before it in `ends`."""
        with self._lock:
            self._held.append((begin, ends, exemplar, time()))
            if len(self._held) >= RUNS:
                self._settle()

    def describe(self) -> Iterable[Metric]:
        """The metric without samples, from which a registry reads its names."""
        return [Metric(self._name, self._text, "histogram")]

    def collect(self) -> Iterable[Metric]:
        """The metric with all its samples, as of one moment."""
        with self._lock:
            self._settle()
            snapshot = [(labels, list(counts), self._sums[labels]) for labels, counts in self._counts.items()]
            exemplars = dict(self._exemplars)
        metric = Metric(self._name, self._text, "histogram")
        for values, counts, total in snapshot:
            shown = [exemplars.get((values, bucket)) for bucket in range(len(counts))]
            add_histogram(metric, dict(zip(self._labels, values, strict=True)), self._bounds, counts, total, shown)
        return [metric]

    def _count(self, labels: tuple[str, ...], values: Sequence[float]) -> None:
        ordered = sorted(values)
        within = [0, *map(partial(bisect_right, ordered), self._bounds), len(ordered)]
        counts = self._counts.get(labels) or [0] * (len(self._bounds) + 1)
        self._counts[labels] = [count + end - begin for count, (begin, end) in zip(counts, pairwise(within), strict=True)]
        self._sums[labels] = self._sums.get(labels, 0.0) + sum(values)

    def _settle(self) -> None:
        """Count what is held; each bucket leads to the last exemplar in it."""
        values: dict[tuple[str, ...], list[float]] = {}
        for begin, ends, exemplar, moment in self._held:
            for end, value in ends:
                values.setdefault((*begin, end), []).append(value)
                if exemplar:
                    self._exemplars[(*begin, end), bisect_left(self._bounds, value)] = Exemplar(dict(exemplar), value, moment)
        self._held.clear()
        for labels, noted in values.items():
            self._count(labels, noted)


def add_histogram(  # noqa: PLR0917 - the parts of one series
    metric: Metric,
    labels: dict[str, str],
    bounds: Sequence[float],
    counts: Sequence[int],
    total: float,
    exemplars: Sequence[Exemplar | None],
) -> None:
    """Add the samples of one series of a classic histogram: `counts` and `exemplars` are of each bucket alone."""
    for bound, count, exemplar in zip((*bounds, float("inf")), accumulate(counts), exemplars, strict=True):
        metric.add_sample(f"{metric.name}_bucket", labels | {"le": _le(bound)}, count, exemplar=exemplar)
    metric.add_sample(f"{metric.name}_count", labels, sum(counts))
    metric.add_sample(f"{metric.name}_sum", labels, total)


@dataclass(slots=True)
class _Run:
    """How many answers or pairs had the same verdicts, and the exemplar of the last."""

    times: int = 0
    exemplar: Exemplar | None = None


class BulkCounter(Collector):
    """A counter that takes many at once; one `inc` for each check of each answer costs ten times as much.

    Series that differ only in the last label begin at 0 together, for each of the values `begun`, because a ratio needs them all.
    `fold` gives the label values for each of the `ends` that are counted. Exemplars lead to what was not a match: the others are
    most of what a scrape weighs, and no panel shows them.
    """

    def __init__(self, name: str, text: str, labels: Sequence[str], begun: Sequence[str], fold: Fold = lambda end: end) -> None:
        self._name = name.removesuffix("_total")
        self._text = text
        self._labels = tuple(labels)
        self._begun = tuple(begun)
        self._fold = fold
        self._lock = Lock()
        self._counts: dict[tuple[str, ...], int] = {}
        self._exemplars: dict[tuple[str, ...], Exemplar] = {}
        self._runs: defaultdict[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]], _Run] = defaultdict(_Run)

    def __repr__(self) -> str:
        return f"<BulkCounter {self._name} series={len(self._counts)} held={len(self._runs)}>"

    @property
    def labels(self) -> tuple[str, ...]:
        """The label names."""
        return self._labels

    def count(self, begin: tuple[str, ...], ends: tuple[tuple[str, ...], ...], exemplar: Mapping[str, str] | None = None) -> None:
        """Add 1 for each of the label values that begin with `begin` and end with one of `ends`; `exemplar` leads to what did."""
        shown = Exemplar(dict(exemplar), 1.0, time()) if exemplar else None
        with self._lock:
            # because most answers have the same verdicts: those are held as one with a count, until the next scrape
            run = self._runs[begin, ends]
            run.times += 1
            run.exemplar = shown or run.exemplar
            if len(self._runs) > RUNS:
                self._settle()

    def describe(self) -> Iterable[Metric]:
        """The metric without samples, from which a registry reads its names."""
        return [Metric(self._name, self._text, "counter")]

    def collect(self) -> Iterable[Metric]:
        """The metric with all its samples, as of one moment."""
        with self._lock:
            self._settle()
            snapshot = [(values, count, self._exemplars.get(values)) for values, count in self._counts.items()]
        metric = Metric(self._name, self._text, "counter")
        for values, count, exemplar in snapshot:
            metric.add_sample(f"{self._name}_total", dict(zip(self._labels, values, strict=True)), count, exemplar=exemplar)
        return [metric]

    def _settle(self) -> None:
        """Count what is held."""
        for (begin, ends), run in self._runs.items():
            for end in filter(None, map(self._fold, ends)):
                values = (*begin, *map(str, end))
                if values not in self._counts:
                    for last in (*self._begun, values[-1]):
                        self._counts.setdefault((*values[:-1], last), 0)
                self._counts[values] += run.times
                if run.exemplar and values[-1] != MATCH:
                    self._exemplars[values] = run.exemplar
        self._runs.clear()


class WorkerTotals:
    """Cumulative counters of the data-plane processes, as increases: each may restart, and then begins at 0 under another pid."""

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[int, int], dict[str, int]] = OrderedDict()
        self._now: dict[int, WorkerStats] = {}

    def __repr__(self) -> str:
        return f"<WorkerTotals workers={sorted(self._now)}>"

    def increases(self, stats: WorkerStats) -> dict[str, int]:
        """The growth of each counter of `stats` since that process's last statistics."""
        key = (stats.worker, stats.pid)
        last = self._last.pop(key, {})
        totals = {"accepted": stats.accepted, "refused": stats.refused, "handed_over": stats.handed_over}
        totals |= {"unrecorded": stats.unrecorded, "tls_failed": stats.tls_failed}
        self._last[key] = totals
        if len(self._last) > PULSES_KEPT:
            self._last.popitem(last=False)
        self._now[stats.worker] = stats
        return {name: _grown(total, last.get(name, 0)) for name, total in totals.items()}

    @property
    def latest(self) -> Sequence[WorkerStats]:
        """The newest statistics of each worker, for gauges."""
        return tuple(self._now.values())


def _le(bound: float) -> str:
    return "+Inf" if bound == float("inf") else repr(bound)


def _grown(total: int, last: int) -> int:
    # less than before under the same pid, because the number was used again by another process
    return total - last if total >= last else total
