"""ratios(): the provider's latency over the reference's on the same requests; shown in a scorecard, no part of its verdict.

Five minutes are one cluster, because answers of the same minutes are slow together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil, exp, log, sqrt
from statistics import fmean, median

from shadow.drift.bootstrap import FEWEST, Choose, interval
from shadow.drift.distributions import t_quantile
from shadow.drift.pace import BLOCK

Times = tuple[float, float]
"""Seconds of the provider and of the reference, both above 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRatio:
    """A ratio with its 95 % interval, None for fewer than ten blocks."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRatios:
    """Of `pairs`: the geometric mean of each pair's ratio, the ratio of the medians, and that of the 95th percentiles."""

    pairs: int
    paired: LatencyRatio
    medians: LatencyRatio
    p95: LatencyRatio


def ratios(timed: Iterable[tuple[float, float, float]], choose: Choose) -> LatencyRatios | None:
    """The ratios of (started, the provider's seconds, the reference's); None without a pair. Times of 0 and less are excluded."""
    blocks: dict[int, list[Times]] = defaultdict(list)
    for started, one, other in timed:
        if one > 0 and other > 0:
            blocks[int(started // BLOCK)].append((one, other))
    if not blocks:
        return None
    found = list(blocks.values())
    return LatencyRatios(
        pairs=sum(map(len, found)),
        paired=_paired(found),
        medians=_resampled(found, 0.5, choose),
        p95=_resampled(found, 0.95, choose),
    )


def _paired(blocks: Sequence[Sequence[Times]]) -> LatencyRatio:
    logs = [[log(one / other) for one, other in block] for block in blocks]
    n, mean = sum(map(len, logs)), fmean(chain.from_iterable(logs))
    if len(logs) < FEWEST:
        return LatencyRatio(value=exp(mean), low=None, high=None)
    spread = sum((sum(block) - len(block) * mean) ** 2 for block in logs)
    error = sqrt(len(logs) / (len(logs) - 1) * spread) / n
    reach = t_quantile(0.975, len(logs) - 1) * error
    return LatencyRatio(value=exp(mean), low=exp(mean - reach), high=exp(mean + reach))


def _resampled(blocks: Sequence[Sequence[Times]], part: float, choose: Choose) -> LatencyRatio:
    def figure(chosen: Sequence[Sequence[Times]]) -> float:
        ones, others = zip(*chain.from_iterable(chosen), strict=True)
        return quantile(ones, part) / quantile(others, part)

    bounds = interval(blocks, figure, choose)
    return LatencyRatio(value=figure(blocks), low=bounds[0] if bounds else None, high=bounds[1] if bounds else None)


def quantile(values: Sequence[float], part: float) -> float:
    """The median, or the smallest value that a share of `part` does not exceed."""
    return median(values) if part == 0.5 else sorted(values)[max(0, ceil(part * len(values)) - 1)]
