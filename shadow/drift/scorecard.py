"""scorecard(): payoffs to a table, group by group and signal by signal: how large the excess is, how sure, and in which words.

The exact sign test needs no model of the traffic: as long as the provider serves what the reference serves, a payoff that is
not 0 is +1 as often as -1, whatever came before it. The interval takes each conversation as one cluster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log, log1p

from shadow.drift.bets import GRID, log_mean
from shadow.drift.chance import always_reach, clustered_error, e_benjamini_hochberg, holm, sign_test, t_quantile
from shadow.drift.signals import AGREEMENT, LABELS, Signal
from shadow.drift.stakes import PROVIDER, REFERENCE, WEIGHTS

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
class Sum:
    """Payoffs of one signal in one `cluster` (a conversation, by any name): of `pairs`, `plus` were +1 and `minus` -1."""

    group: GroupKey
    signal: str
    cluster: str | int
    pairs: int
    plus: int
    minus: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One signal of one group. `n` pairs counted; in `provider_odd` the provider was the odd one, in `reference_odd` the
    reference; `excess` is the mean payoff, a share in -1..1, with its 95 % interval `low`..`high`.

    `p` is the exact sign test, `p_holm` the same adjusted over the table. `floor` is how often the reference disagrees with
    itself, free of charge (2 x share of -1): exact for labels of two values, a lower bound for others, None where the signal
    has none. `smallest_detectable` is the excess that would have been told from 0 in four tables of five:
    (t quantile of 97.5 % + normal quantile of 80 %) x standard error, at most 1.

    `always_low`..`always_high` may be looked at whenever one likes while the table grows, as on a page that is loaded again and
    again: it leaves the truth at any time in at most about one table of twenty. `log_e` is the logarithm of an e-value: bets on
    both sides, as the detector's and without its restarts.
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
    always_low: float
    always_high: float
    log_e: float


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
    return table(map(_alone, enumerate(points)), tolerance=tolerance)


def table(sums: Iterable[Sum], *, tolerance: float = TOLERANCE) -> tuple[Score, ...]:
    """As `scorecard`, of payoffs that were summed already; the sums of one cluster may come in parts, in any order."""
    rows = [_row(group, signal, found) for (group, signal), found in sorted(_grouped(sums).items())]
    values = [sign_test(row.plus, row.minus) for row in rows]
    return tuple(
        _score(row, p=p, p_holm=adjusted, tolerance=tolerance)
        for row, p, adjusted in zip(rows, values, holm(values), strict=True)
    )


def _alone(numbered: tuple[int, Point]) -> Sum:
    index, point = numbered
    plus, minus = int(point.payoff > 0), int(point.payoff < 0)
    cluster = point.conversation or index
    return Sum(group=point.group, signal=point.signal, cluster=cluster, pairs=1, plus=plus, minus=minus)


def _grouped(sums: Iterable[Sum]) -> dict[tuple[GroupKey, str], list[Sum]]:
    found: dict[tuple[GroupKey, str], list[Sum]] = defaultdict(list)
    for one in sums:
        found[one.group, one.signal].append(one)
    return found


def _row(group: GroupKey, signal: str, sums: Sequence[Sum]) -> _Row:
    clusters: dict[object, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for one in sums:
        count, total = clusters[one.cluster]
        clusters[one.cluster] = (count + one.pairs, total + one.plus - one.minus)
    plus, minus = sum(one.plus for one in sums), sum(one.minus for one in sums)
    return _Row(group=group, signal=signal, clusters=tuple(clusters.values()), plus=plus, minus=minus)


def _score(row: _Row, *, p: float, p_holm: float, tolerance: float) -> Score:
    excess = (row.plus - row.minus) / row.n
    error = clustered_error(row.clusters, excess)
    reach = t_quantile(0.975, max(len(row.clusters) - 1, 1))
    low, high = max(excess - reach * error, -1.0), min(excess + reach * error, 1.0)
    always = always_reach(row.n, _variance(row, excess))
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
        always_low=max(excess - always, -1.0),
        always_high=min(excess + always, 1.0),
        log_e=log_e_value(row.signal, row.plus, row.minus),
    )


def _variance(row: _Row, excess: float) -> float:
    """Of one payoff, with what its conversation adds: n pairs of variance v tell as much as they would if each stood alone."""
    spread = sum((total - count * excess) ** 2 for count, total in row.clusters)
    return spread / row.n


def log_e_value(signal: str, plus: int, minus: int) -> float:
    """The logarithm of an e-value against "y and r may be swapped": its mean is at most 1 then, whatever depends on what.

    The mean of all bets of the grid on both sides, each side by its part of the budget.
    """
    sides = ((PROVIDER, plus, minus), (REFERENCE, minus, plus))
    logs = [
        log(WEIGHTS[signal, side] / len(GRID)) + wins * log1p(bet) + losses * log1p(-bet)
        for side, wins, losses in sides
        for bet in GRID
    ]
    return _log_sum(logs) - log(sum(WEIGHTS[signal, side] for side, _, _ in sides))


def group_evidence(scores: Iterable[Score]) -> Mapping[GroupKey, float]:
    """The logarithm of one e-value for each group: the mean over all its signals by their parts of the budget; a signal that
    no pair counted for says nothing, which is an e-value of 1.
    """
    logs: dict[GroupKey, dict[str, float]] = defaultdict(dict)
    for score in scores:
        logs[score.group][score.signal] = score.log_e
    parts = {signal: sum(WEIGHTS[signal.value, side] for side in (PROVIDER, REFERENCE)) for signal in Signal}
    return {
        group: _log_sum([log(part) + own.get(signal.value, 0.0) for signal, part in parts.items()]) for group, own in logs.items()
    }


def discoveries(scores: Iterable[Score], alpha: float = 0.05) -> frozenset[GroupKey]:
    """The groups that differ, among however many: in the mean at most a share of `alpha` of them in error (e-BH)."""
    evidence = group_evidence(scores)
    groups = list(evidence)
    return frozenset(groups[place] for place in e_benjamini_hochberg([evidence[group] for group in groups], alpha))


def _log_sum(logs: Sequence[float]) -> float:
    return log_mean(logs) + log(len(logs))


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
