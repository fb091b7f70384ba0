"""scorecard(): payoffs to a table, group by group and signal by signal: how large the excess is, how sure, and in which words.

The exact sign test needs no model of the traffic: as long as the provider serves what the reference serves, a payoff that is
not 0 is +1 as often as -1, whatever came before it. The interval takes each conversation as one cluster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shadow.drift.chance import clustered_error, holm, sign_test, t_quantile
from shadow.drift.signals import AGREEMENT, LABELS

GroupKey = tuple[str, str, str, str]
"""(route, model, provider, reference)"""

TOLERANCE = 0.03
ENOUGH_CLUSTERS = 50
ENOUGH_COUNTS = 10
DECISIVE = 0.001
POWER = 0.8416212335729143
"""The normal quantile of 80 %: the chance with which the smallest detectable excess would have been found."""


class Verdict(StrEnum):
    """What a row of the scorecard says, in words."""

    MATCHES = "matches"
    WITHIN = "differs within tolerance"
    DIFFERS = "differs"
    DRIFTS = "drifts"
    TOO_FAITHFUL = "too faithful"
    INCONCLUSIVE = "inconclusive"
    TOO_FEW = "too few"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One payoff; `conversation` is its cluster, "" for a request that stands alone."""

    group: GroupKey
    signal: str
    conversation: str
    payoff: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One signal of one group. `n` pairs counted; in `provider_odd` the provider was the odd one, in `reference_odd` the
    reference; `excess` is the mean payoff, a share in -1..1, with its 95 % interval `low`..`high`.

    `p` is the exact sign test, `p_holm` the same adjusted over the table. `floor` is how often the reference disagrees with
    itself, free of charge (2 x share of -1): exact for labels of two values, a lower bound for others, None where the signal
    has none. `smallest_detectable` is the excess that would have been told from 0 in four tables of five:
    (t quantile of 97.5 % + normal quantile of 80 %) x standard error, at most 1.
    """

    group: GroupKey
    signal: str
    n: int
    provider_odd: int
    reference_odd: int
    excess: float
    low: float
    high: float
    p: float
    p_holm: float
    floor: float | None
    verdict: str
    smallest_detectable: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    group: GroupKey
    signal: str
    clusters: tuple[tuple[int, int], ...]
    plus: int
    minus: int

    @property
    def n(self) -> int:
        return sum(count for count, _ in self.clusters)


def scorecard(points: Iterable[Point], *, tolerance: float = TOLERANCE) -> tuple[Score, ...]:
    """The table of all points, sorted by group and signal; `tolerance` is the excess that is of no account, a share."""
    rows = [_row(group, signal, found) for (group, signal), found in sorted(_grouped(points).items())]
    values = [sign_test(row.plus, row.minus) for row in rows]
    return tuple(
        _score(row, p=p, p_holm=adjusted, tolerance=tolerance)
        for row, p, adjusted in zip(rows, values, holm(values), strict=True)
    )


def _grouped(points: Iterable[Point]) -> dict[tuple[GroupKey, str], list[Point]]:
    found: dict[tuple[GroupKey, str], list[Point]] = defaultdict(list)
    for point in points:
        found[point.group, point.signal].append(point)
    return found


def _row(group: GroupKey, signal: str, points: Sequence[Point]) -> _Row:
    clusters: dict[object, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for index, point in enumerate(points):
        key = point.conversation or index
        count, total = clusters[key]
        clusters[key] = (count + 1, total + point.payoff)
    plus = sum(point.payoff > 0 for point in points)
    minus = sum(point.payoff < 0 for point in points)
    return _Row(group=group, signal=signal, clusters=tuple(clusters.values()), plus=plus, minus=minus)


def _score(row: _Row, *, p: float, p_holm: float, tolerance: float) -> Score:
    excess = (row.plus - row.minus) / row.n
    error = clustered_error(row.clusters, excess)
    reach = t_quantile(0.975, max(len(row.clusters) - 1, 1))
    low, high = max(excess - reach * error, -1.0), min(excess + reach * error, 1.0)
    return Score(
        group=row.group,
        signal=row.signal,
        n=row.n,
        provider_odd=row.plus,
        reference_odd=row.minus,
        excess=excess,
        low=low,
        high=high,
        p=p,
        p_holm=p_holm,
        floor=2 * row.minus / row.n if row.signal in LABELS else None,
        verdict=_verdict(row, low, high, p_holm, tolerance),
        smallest_detectable=min((reach + POWER) * error, 1.0),
    )


def _verdict(row: _Row, low: float, high: float, p_holm: float, tolerance: float) -> Verdict:
    """In words. An agreement signal below 0 means closer to the reference than it is to itself, and has a word of its own;
    a direction signal below 0 is a difference like one above.

    Few clusters or few counts: the interval cannot be trusted, so nothing is concluded from it. Only the sign test, which is
    exact at any size, may then say that there is a difference, without its size: 10 counts and p_holm < 0.001.
    """
    agreement = row.signal in AGREEMENT
    if len(row.clusters) < ENOUGH_CLUSTERS or row.plus + row.minus < ENOUGH_COUNTS:
        if row.plus + row.minus < ENOUGH_COUNTS or p_holm >= DECISIVE:
            return Verdict.TOO_FEW
        return Verdict.TOO_FAITHFUL if agreement and row.minus > row.plus else Verdict.DIFFERS
    if agreement and high < 0:
        return Verdict.TOO_FAITHFUL if high < -tolerance else Verdict.MATCHES
    if high < 0:
        low, high = -high, -low
    return _sized(low, high if agreement else max(high, -low), tolerance)


def _sized(low: float, high: float, tolerance: float) -> Verdict:
    """`low` above 0 is a sure difference; `high` is the largest size that is still credible."""
    if low > tolerance:
        return Verdict.DRIFTS
    if low > 0:
        return Verdict.WITHIN if high < tolerance else Verdict.DIFFERS
    return Verdict.MATCHES if high < tolerance else Verdict.INCONCLUSIVE
