"""scorecard(): one estimate for each group and signal: how large the excess is, its interval and p, and the outcome in a word.

The test needs no model of the traffic: as long as the provider serves what the reference serves, the two may be swapped in a
whole conversation (`shadow.drift.sign_flips`); its pairs may share one cause. The interval takes each conversation as a cluster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from math import log, log1p
from typing import NamedTuple

from shadow.drift.alarm_budget import WEIGHTS, against_provider
from shadow.drift.betting_factors import GRID, log_mean
from shadow.drift.detectable_effect import ALPHA, DECISIVE, ENOUGH_CLUSTERS, ENOUGH_COUNTS, smallest_seen
from shadow.drift.distributions import always_reach, clustered_error, e_benjamini_hochberg, holm, t_quantile
from shadow.drift.drift_signals import AGREEMENT, LABELS, DriftSignal
from shadow.drift.sign_flips import flip_test


class GroupKey(NamedTuple):
    """What one drift state belongs to; `upstream` is a server behind a provider that is a router, "" for the provider as a
    whole.
    """

    route: str
    model: str
    provider: str
    reference: str
    upstream: str = ""

    @property
    def whole(self) -> GroupKey:
        """The group of the provider as a whole."""
        return self._replace(upstream="")

    @property
    def party(self) -> str:
        """The provider, or the server behind it, as a sentence names it."""
        return f"{self.upstream} behind {self.provider}" if self.upstream else self.provider


TOLERANCE = 0.03
BREAKDOWN = 0.30
"""An excess that only a breakdown reaches: a row that could not have shown less is undecided."""


class SignalOutcome(StrEnum):
    """The outcome of one row of the scorecard; a difference is one after Holm's correction over the whole table."""

    MATCHES = "matches"
    WITHIN = "differs within tolerance"
    DIFFERS = "differs"
    DRIFTS = "drifts"
    TOO_FAITHFUL = "too faithful"
    NONE_SEEN = "no difference seen"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteredPayoff:
    """One payoff; `conversation` is its cluster, "" for a request that stands alone."""

    group: GroupKey
    signal: str
    conversation: str
    payoff: int


class ClusterSum(NamedTuple):
    """Payoffs of one signal in one `cluster` (a conversation, by any name): of `pairs`, `plus` were +1 and `minus` -1. It stands
    for `clusters` of them that are alike in all their sums.
    """

    group: GroupKey
    signal: str
    cluster: str | int
    pairs: int
    plus: int
    minus: int
    clusters: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectEstimate:
    """One signal of one group. `n` pairs counted; in `provider_odd` the provider was the odd one, in `reference_odd` the
    reference; `excess` is the mean payoff, a share in -1..1, with its 95 % interval `low`..`high`.

    `p` is the test of flipped conversations (where each has one pair: the exact sign test), `p_holm` the same adjusted over the
    table. `floor` is how often the reference disagrees with itself, free of charge (2 x share of -1): exact for labels of two
    values, a lower bound for others, None where the signal has none. `clusters` counts conversations. `smallest` is the least
    excess that four of five such tables would have shown, by the rule of this very row (`detectable_effect`); None where even
    a breakdown would not have shown.

    `always_low`..`always_high` may be looked at whenever one likes while the table grows, as on a page that is loaded again and
    again: it leaves the truth at any time in at most about one table of twenty. `log_e` is the logarithm of an e-value: bets as
    the detector's, without its restarts, on the directions that are a difference of the provider.
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
    clusters: int
    outcome: SignalOutcome
    smallest: float | None
    always_low: float
    always_high: float
    log_e: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    group: GroupKey
    signal: str
    clusters: tuple[tuple[int, int], ...]
    n: int
    plus: int
    minus: int

    @property
    def leaning(self) -> tuple[int, int]:
        """Conversations in which the provider was the odd one more often, and those in which the reference was."""
        totals = [total for _, total in self.clusters if total]
        plus = sum(total > 0 for total in totals)
        return plus, len(totals) - plus


def scorecard(points: Iterable[ClusteredPayoff], *, tolerance: float = TOLERANCE) -> tuple[EffectEstimate, ...]:
    """The table of all points, sorted by group and signal; `tolerance` is the excess that is tolerated, a share."""
    return table(map(_alone, enumerate(points)), tolerance=tolerance)


def table(sums: Iterable[ClusterSum], *, tolerance: float = TOLERANCE) -> tuple[EffectEstimate, ...]:
    """As `scorecard`, of payoffs that were summed already; the sums of one cluster may come in parts, in any order."""
    rows = [_row(group, signal, found) for (group, signal), found in sorted(_grouped(sums).items())]
    values = [flip_test(total for _, total in row.clusters) for row in rows]
    return tuple(
        _score(row, p=p, p_holm=adjusted, tolerance=tolerance, rows=len(rows))
        for row, p, adjusted in zip(rows, values, holm(values), strict=True)
    )


def _alone(numbered: tuple[int, ClusteredPayoff]) -> ClusterSum:
    index, point = numbered
    plus, minus = int(point.payoff > 0), int(point.payoff < 0)
    cluster = point.conversation or index
    return ClusterSum(group=point.group, signal=point.signal, cluster=cluster, pairs=1, plus=plus, minus=minus)


def _grouped(sums: Iterable[ClusterSum]) -> dict[tuple[GroupKey, str], list[ClusterSum]]:
    found: dict[tuple[GroupKey, str], list[ClusterSum]] = defaultdict(list)
    for one in sums:
        found[one.group, one.signal].append(one)
    return found


def _row(group: GroupKey, signal: str, sums: Sequence[ClusterSum]) -> _Row:
    kinds: dict[object, tuple[int, int, int]] = {}
    for one in sums:
        count, total, _ = kinds.get(one.cluster, (0, 0, 0))
        kinds[one.cluster] = (count + one.pairs, total + one.plus - one.minus, one.clusters)
    n, plus, minus = (sum(getattr(one, name) * one.clusters for one in sums) for name in ("pairs", "plus", "minus"))
    # sorted, so that the sums of floats do not depend on the order in which the clusters were read
    clusters = chain.from_iterable([(count, total)] * alike for count, total, alike in sorted(kinds.values()))
    return _Row(group=group, signal=signal, clusters=tuple(clusters), n=n, plus=plus, minus=minus)


def _score(row: _Row, *, p: float, p_holm: float, tolerance: float, rows: int) -> EffectEstimate:
    excess = (row.plus - row.minus) / row.n
    error = clustered_error(row.clusters, excess)
    reach = t_quantile(0.975, max(len(row.clusters) - 1, 1))
    low, high = max(excess - reach * error, -1.0), min(excess + reach * error, 1.0)
    always = always_reach(row.n, _variance(row, excess))
    smallest = smallest_seen(conversations=row.clusters, rows=rows)
    return EffectEstimate(
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
        clusters=len(row.clusters),
        outcome=_difference(row, low, high, p_holm, tolerance) or _no_difference(row, high, smallest, tolerance),
        smallest=smallest,
        always_low=max(excess - always, -1.0),
        always_high=min(excess + always, 1.0),
        log_e=log_e_value(row.signal, *row.leaning),
    )


def _variance(row: _Row, excess: float) -> float:
    """Of one payoff, with what its conversation adds: n pairs of variance v inform as much as independent ones."""
    spread = sum((total - count * excess) ** 2 for count, total in row.clusters)
    return spread / row.n


def log_e_value(signal: str, plus: int, minus: int) -> float:
    """The logarithm of an e-value against "y and r may be swapped": its mean is at most 1 then, whatever depends on what.

    The mean of all bets of the grid on each direction that is a difference of the provider, each by its part of the budget. In a
    table `plus` and `minus` count conversations that lean to a side: one vote each, because one conversation may repeat its
    difference.
    """
    counts = {1: (plus, minus), -1: (minus, plus)}
    logs = [
        log(WEIGHTS[signal, side] / len(GRID)) + counts[side][0] * log1p(bet) + counts[side][1] * log1p(-bet)
        for side in against_provider(signal)
        for bet in GRID
    ]
    return _log_sum(logs) - log(part(signal))


def part(signal: str) -> float:
    """A signal's part of the budget, in the directions that are a difference of the provider."""
    return sum(WEIGHTS[signal, side] for side in against_provider(signal))


def group_evidence(scores: Iterable[EffectEstimate]) -> Mapping[GroupKey, float]:
    """The logarithm of one e-value for each group: the mean over all its signals by their parts of the budget; a signal that
    no pair counted for is worth 1.
    """
    logs: dict[GroupKey, dict[str, float]] = defaultdict(dict)
    for score in scores:
        logs[score.group][score.signal] = score.log_e
    parts = {signal.value: part(signal.value) for signal in DriftSignal}
    whole = log(sum(parts.values()))
    return {
        group: _log_sum([log(own_part) + own.get(signal, 0.0) for signal, own_part in parts.items()]) - whole
        for group, own in logs.items()
    }


def discoveries(scores: Iterable[EffectEstimate], alpha: float = 0.05) -> frozenset[GroupKey]:
    """The groups that differ, among however many: in the mean at most a share of `alpha` of them in error (e-BH)."""
    evidence = group_evidence(scores)
    groups = list(evidence)
    return frozenset(groups[place] for place in e_benjamini_hochberg([evidence[group] for group in groups], alpha))


def _log_sum(logs: Sequence[float]) -> float:
    return log_mean(logs) + log(len(logs))


def _difference(row: _Row, low: float, high: float, p_holm: float, tolerance: float) -> SignalOutcome | None:
    """The kind of difference, or None. An agreement signal below 0 means closer to the reference than it is to itself, and has
    a word of its own; a direction signal below 0 is a difference like one above.

    Fewer than 10 counts are never a difference. Under 50 conversations the interval is too imprecise: only the test of flips,
    which is valid at any size, may then show that there is one, without its size, by a p_holm below 0.001, which takes at least
    11 conversations that lean to a side.
    """
    counts, agreement = row.plus + row.minus, row.signal in AGREEMENT
    few = len(row.clusters) < ENOUGH_CLUSTERS
    if counts < ENOUGH_COUNTS or p_holm > (DECISIVE if few else ALPHA):
        return None
    if few:
        return SignalOutcome.TOO_FAITHFUL if agreement and row.minus > row.plus else SignalOutcome.DIFFERS
    if agreement and high < 0:
        return SignalOutcome.TOO_FAITHFUL if high < -tolerance else SignalOutcome.MATCHES
    if high < 0:
        low, high = -high, -low
    if low <= 0:
        return None
    return SignalOutcome.DRIFTS if low > tolerance else SignalOutcome.WITHIN if high < tolerance else SignalOutcome.DIFFERS


def _no_difference(row: _Row, high: float, smallest: float | None, tolerance: float) -> SignalOutcome:
    """The outcome of a row without a difference: `matches` needs an interval of enough conversations."""
    low = 2 * (row.plus - row.minus) / row.n - high
    largest = high if row.signal in AGREEMENT else max(high, -low)
    enough = len(row.clusters) >= ENOUGH_CLUSTERS and row.plus + row.minus >= ENOUGH_COUNTS
    if enough and largest < tolerance:
        return SignalOutcome.MATCHES
    return SignalOutcome.NONE_SEEN if smallest is not None and smallest <= BREAKDOWN else SignalOutcome.UNDECIDED
