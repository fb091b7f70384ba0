"""Counters and histograms of what every answer counts, for one thread that adds and any that read: an addition, and no more.

Rule: the same samples as the library's, which takes ten times as long for each value, since it locks and checks each time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from time import time

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from shadow.metrics.series import CachedChildren, add_histogram


class PlainCounter:
    """One series of a counter."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def __repr__(self) -> str:
        return f"<PlainCounter {self.value}>"

    def inc(self, amount: float = 1) -> None:
        """Add an amount, finite and not negative."""
        self.value += amount


class PlainHistogram:
    """One series of a classic histogram with these upper bounds of its buckets, without the last."""

    __slots__ = ("_bounds", "counts", "exemplars", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.exemplars: list[Exemplar | None] = [None] * (len(bounds) + 1)
        """The last exemplar of each bucket."""
        self.total = 0.0

    def __repr__(self) -> str:
        return f"<PlainHistogram {sum(self.counts)} values>"

    def observe(self, value: float, exemplar: Mapping[str, str] | None = None) -> None:
        """Count a value, finite and not negative; `exemplar` leads to what had it."""
        bucket = bisect_left(self._bounds, value)
        self.counts[bucket] += 1
        self.total += value
        if exemplar:
            self.exemplars[bucket] = Exemplar(dict(exemplar), value, time())


class CounterFamily(CachedChildren[PlainCounter], Collector):
    """A counter with labels; its series begin at 0 when they are first named."""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        super().__init__(lambda *_: PlainCounter())
        self._name = name.removesuffix("_total")
        self._text = text
        self._labels = tuple(labels)

    def __repr__(self) -> str:
        return f"<CounterFamily {self._name} series={len(self._children)}>"

    @property
    def label_names(self) -> tuple[str, ...]:
        """The label names."""
        return self._labels

    def describe(self) -> Iterable[Metric]:
        """The metric without samples, from which a registry reads its names."""
        return [Metric(self._name, self._text, "counter")]

    def collect(self) -> Iterable[Metric]:
        """The metric with all its samples."""
        metric = Metric(self._name, self._text, "counter")
        for values, child in [*self._children.items()]:
            metric.add_sample(f"{self._name}_total", dict(zip(self._labels, values, strict=True)), child.value)
        return [metric]


class HistogramFamily(CachedChildren[PlainHistogram], Collector):
    """A classic histogram with labels; its series begin at 0 when they are first named."""

    def __init__(self, name: str, text: str, labels: Sequence[str], buckets: Sequence[float]) -> None:
        super().__init__(lambda *_: PlainHistogram(self._bounds))
        self._name = name
        self._text = text
        self._labels = tuple(labels)
        self._bounds = tuple(buckets)

    def __repr__(self) -> str:
        return f"<HistogramFamily {self._name} series={len(self._children)}>"

    @property
    def label_names(self) -> tuple[str, ...]:
        """The label names."""
        return self._labels

    @property
    def bounds(self) -> tuple[float, ...]:
        """The upper bounds of its buckets, without the last."""
        return self._bounds

    def describe(self) -> Iterable[Metric]:
        """The metric without samples, from which a registry reads its names."""
        return [Metric(self._name, self._text, "histogram")]

    def collect(self) -> Iterable[Metric]:
        """The metric with all its samples; each series as of one moment."""
        metric = Metric(self._name, self._text, "histogram")
        for values, child in [*self._children.items()]:
            labels = dict(zip(self._labels, values, strict=True))
            add_histogram(metric, labels, self._bounds, [*child.counts], child.total, child.exemplars)
        return [metric]
