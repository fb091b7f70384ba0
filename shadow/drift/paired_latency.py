"""ratios(): the provider's latency over the reference's on the same requests; shown in a scorecard, no part of its verdict.

Five minutes are one cluster, because answers of the same minutes are slow together.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from math import ceil, exp, log, sqrt
from statistics import fmean

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
    one, other = (_BlockValues(blocks, side) for side in (0, 1))

    def figure(chosen: Sequence[int]) -> float:
        drawn = [0] * len(blocks)
        for place in chosen:
            drawn[place] += 1
        return one.quantile(part, drawn) / other.quantile(part, drawn)

    places = range(len(blocks))
    bounds = interval(places, figure, choose)
    return LatencyRatio(value=figure(places), low=bounds[0] if bounds else None, high=bounds[1] if bounds else None)


class _BlockValues:
    """One side's values of all blocks, sorted once: a quantile of drawn blocks then takes no sort of its own."""

    def __init__(self, blocks: Sequence[Sequence[Times]], side: int) -> None:
        found = sorted((pair[side], place) for place, block in enumerate(blocks) for pair in block)
        self._values = [value for value, _ in found]
        self._places = [place for _, place in found]

    def __repr__(self) -> str:
        return f"<_BlockValues {len(self._values)}>"

    def quantile(self, part: float, drawn: Sequence[int]) -> float:
        """The `quantile` of the values when each block is there as many times as `drawn` states for its place."""
        upto = list(accumulate(map(drawn.__getitem__, self._places)))
        ranks = _ranks(part, upto[-1])
        return fmean(self._values[bisect_right(upto, rank)] for rank in ranks)


def quantile(values: Sequence[float], part: float) -> float:
    """The median, or the smallest value that a share of `part` does not exceed."""
    found = sorted(values)
    return fmean(found[rank] for rank in _ranks(part, len(found)))


def _ranks(part: float, count: int) -> tuple[int, ...]:
    """The places, from 0, of the sorted values whose mean is the quantile: two for the median of an even number."""
    if part == 0.5:
        return (count - 1) // 2, count // 2
    return (max(0, ceil(part * count) - 1),)
