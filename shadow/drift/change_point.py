"""estimate(): since when a test's payoffs lean and how large the excess is since then, from its stored pairs at an alarm.

The start is the place from which the excess over a moving hurdle is largest. Its interval and that of the size are approximate.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shadow.drift.distributions import clustered_error, t_quantile

REACH = 50_000
"""Evaluated pairs that are read back."""
ROUNDS = 3
NATS = 3.0
"""Starts whose log likelihood is at most so much below the best are credible too."""
SEGMENTS = 5
EXAMPLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedPair:
    """One evaluated pair of a signal, as stored. `kind` is its type of request; `payoff` leans to the provider where +1."""

    pair_id: str
    started: float
    conversation: str
    kind: str
    payoff: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KindTotals:
    """What one type of request contributes: its pairs since the start, and the sum of their payoffs."""

    kind: str
    pairs: int
    excess: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePoint:
    """Where an excess began: `since` is the start of its first pair (epoch seconds), credible from `earliest` to `latest`;
    `place` is that pair's place in the evidence. `size` is the mean payoff since then with its approximate 95 % interval,
    `before` the mean until then. `odd` counts the pairs since then that lean its way, `pair_ids` are the newest of them.
    """

    place: int
    pairs: int
    odd: int
    since: float
    earliest: float
    latest: float
    size: float
    low: float
    high: float
    before: float
    segments: tuple[KindTotals, ...]
    pair_ids: tuple[str, ...]


def estimate(evidence: Sequence[EvaluatedPair], *, direction: int, tolerance: float, baseline: float = 0.0) -> ChangePoint:
    """The change in a signal's evaluated pairs, oldest first and at least one: since when they lean further than the accepted
    `baseline`.
    """
    leaning = [direction * each.payoff for each in evidence]
    place, first, last = start(leaning, tolerance, baseline)
    since = evidence[place:]
    # because pairs come in the order in which they ended: of those that ran at once a later one may have started first
    credible = [each.started for each in evidence[first : last + 1]]
    size, low, high = excess(since, direction)
    odd = [each.pair_id for each in reversed(since) if direction * each.payoff > 0]
    return ChangePoint(
        place=place,
        pairs=len(since),
        odd=len(odd),
        since=evidence[place].started,
        earliest=min(credible),
        latest=max(credible),
        size=size,
        low=low,
        high=high,
        before=sum(leaning[:place]) / place if place else 0.0,
        segments=_segments(since, direction),
        pair_ids=tuple(odd[:EXAMPLES]),
    )


def start(leaning: Sequence[int], tolerance: float, baseline: float = 0.0) -> tuple[int, int, int]:
    """The place from which payoffs lean further than the accepted `baseline`, and the first and the last place that are credible
    too.
    """
    place, hurdle = 0, baseline + tolerance
    for _ in range(ROUNDS):
        place = max(range(len(leaning)), key=_sums(leaning, hurdle).__getitem__)
        further = sum(leaning[place:]) / (len(leaning) - place) - baseline
        hurdle = baseline + max(tolerance, further) / 2
    since = leaning[place:]
    size, spread = sum(since) / len(since) - baseline, sum(map(abs, since)) / len(since)
    sums = _sums(leaning, hurdle)
    # near the best start the log likelihood falls as the sum does, times size over spread
    reach = NATS * spread / size if size > 0 else 0.0
    credible = [index for index, total in enumerate(sums) if total >= sums[place] - reach]
    return place, min(credible), max(credible)


def excess(evidence: Iterable[EvaluatedPair], direction: int) -> tuple[float, float, float]:
    """The mean payoff with its 95 % interval, each conversation one cluster; the whole range where there is only one."""
    clusters: dict[object, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for index, each in enumerate(evidence):
        count, total = clusters[each.conversation or index]
        clusters[each.conversation or index] = count + 1, total + direction * each.payoff
    sums = list(clusters.values())
    mean = sum(total for _, total in sums) / sum(count for count, _ in sums)
    reach = t_quantile(0.975, max(len(sums) - 1, 1)) * clustered_error(sums, mean)
    return mean, max(mean - reach, -1.0), min(mean + reach, 1.0)


def _sums(leaning: Sequence[int], hurdle: float) -> list[float]:
    """For each place, the sum of what lies from there to the end above the hurdle."""
    found, total = [0.0] * len(leaning), 0.0
    for index in range(len(leaning) - 1, -1, -1):
        total += leaning[index] - hurdle
        found[index] = total
    return found


def _segments(evidence: Iterable[EvaluatedPair], direction: int) -> tuple[KindTotals, ...]:
    """The types of request that contribute most, the largest first."""
    pairs, sums = Counter[str](), Counter[str]()
    for each in evidence:
        pairs[each.kind] += 1
        sums[each.kind] += direction * each.payoff
    return tuple(
        KindTotals(kind=kind, pairs=pairs[kind], excess=total) for kind, total in sums.most_common(SEGMENTS) if total > 0
    )
