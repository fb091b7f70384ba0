"""The most series that a configuration can ever make, sizes of labels multiplied, and about how many there will be.

Rule: every label has its size here; a test finds a label without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from proxy.exchange import FailureKind, Role
from shadow.drift.drift_signals import DriftSignal
from shadow.drift.state_transitions import DriftState as Latched
from shadow.findings.error_classes import ErrorClass
from shadow.findings.finding import FindingState, Signal
from shadow.findings.pair import PairKind
from shadow.metrics.answer_counts import CLASSES
from shadow.metrics.definitions import DRIFT, MetricDefinitions
from shadow.metrics.drift_metrics import BLAMES
from shadow.metrics.label_names import LabelNames
from shadow.metrics.plain_series import CounterFamily, HistogramFamily
from shadow.metrics.process_metrics import FIGURES, KINDS
from shadow.metrics.series import REASONS_LIMIT, BulkCounter, BulkHistogram
from shadow.sampling.budget import UNITS
from shadow.settings.top_level_config import Config

GROUP = frozenset(DRIFT) - {"signal"}
"""Labels that go together: a route has one provider and one reference, so they do not multiply."""
CLOSED: Mapping[str, int] = {
    "role": len(Role),
    # and 101 and `other`
    "code": len(CLASSES) + len(FailureKind) + 2,
    "class": len(ErrorClass) + 1,
    "comparison": len(PairKind),
    "result": len(FindingState),
    "table": 2,
    # spans and evaluations for an OTLP endpoint, and what becomes of them
    "kind": 2,
    "delivery": 8,
    "outcome": 5,
    "type": 2,
    "signal": len(Signal),
    "side": 2,
    # of the four each signal has two
    "direction": 2,
    "reason": REASONS_LIMIT + 1,
    "unit": len(UNITS),
    "state": len(Latched),
    "blame": len(BLAMES),
    # because only the present one is shown
    "identity": 1,
    "version": 1,
    "python": 1,
}


OF_NONE, OF_EACH = 150, 370
"""Series of no provider, and of each provider and model: 11,280 at 10 providers and 3 models (`bench/scrape.py`)."""


def series_bound(config: Config) -> int:
    """The most series that /metrics can hold under this configuration, whatever clients and providers send.

    Names that a reload took away are not in it: each stays a label until the next start, at most `label_names.MOST` of a kind.
    """
    registry = _Listing()
    MetricDefinitions(registry)
    routes, _, models = LabelNames(config).sizes
    sizes = label_sizes(config)
    processes = len(FIGURES) * len(KINDS) * max(config.proxy.workers, config.shadow.audit_workers)
    return processes + sum(_lines(each) * _children(_labels(each), sizes, routes * models) for each in registry.collectors)


def label_sizes(config: Config) -> Mapping[str, int]:
    """The most values of each label in a process that was started with this configuration and not reloaded."""
    _, providers, models = LabelNames(config).sizes
    return {
        **CLOSED,
        "provider": providers,
        "reference": providers,
        "model": models,
        "worker": config.proxy.workers,
        "upstream": LabelNames(config).upstreams,
        # and `other`, because a host may not know the tenants of the host that forwarded the request
        "tenant": len(config.tenants) + 1,
    }


def series_estimate(config: Config) -> int:
    """About how many series there are once each provider answered chats with tools for each model that is named."""
    _, providers, _ = LabelNames(config).sizes
    return OF_NONE + OF_EACH * (providers - 1) * max(LabelNames(config).named_models, 1)


def series_words(config: Config) -> str:
    """Both figures in words. Where no model is named, one that is learned from answers adds as many again."""
    models = "" if LabelNames(config).named_models else " with one model"
    return f"about {series_estimate(config):,} metric series in use{models}, at most {series_bound(config):,}"


def _children(labels: tuple[str, ...], sizes: Mapping[str, int], groups: int) -> int:
    if set(labels) >= GROUP:
        own = {**sizes, "signal": len(DriftSignal)}
        return groups * prod(own[label] for label in labels if label not in GROUP)
    return prod(sizes[label] for label in labels)


class _Listing(CollectorRegistry):
    """A registry that records the collectors registered in it."""

    def __init__(self) -> None:
        super().__init__()
        self.collectors: list[Collector] = []

    def register(self, collector: Collector) -> None:
        self.collectors.append(collector)
        super().register(collector)


def _labels(collector: Collector) -> tuple[str, ...]:
    if isinstance(collector, BulkHistogram | BulkCounter):
        return collector.labels
    if isinstance(collector, HistogramFamily | CounterFamily):
        return collector.label_names
    # because the library exposes them nowhere else; a collector of another kind is an error here, and not one series
    return tuple(collector._labelnames)  # type: ignore[attr-defined]  # noqa: SLF001


def _lines(collector: Collector) -> int:
    """Lines of one child: a histogram, which is never one of the library's, has its buckets and +Inf, a count and a sum."""
    return len(collector.bounds) + 3 if isinstance(collector, BulkHistogram | HistogramFamily) else 1
