"""`SegmentEvidence`: what the conversations of one candidate show in each segment of requests, and where it is too much.

A segment is a property of the request alone. One by the answers, such as "the reference differs from itself", would make an equal
candidate look worse or better there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import log

from shadow.choice.mean_bounds import against_mean, mean_bounds
from shadow.choice.tournament_terms import TournamentTerms
from shadow.drift.alarm_budget import against_provider
from shadow.drift.conversation_units import ConversationUnit, mean_payoffs

MOST_SEGMENTS = 36
"""Segments of one candidate that are counted, the first to appear: 14 of the divisions, and 20 tags with `other` and `none`."""
FEWEST_IN_SEGMENT = 30
"""Conversations of a segment below which nothing is claimed of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSignal:
    """One required signal in one segment: the mean excess of its `conversations`, with an interval that holds at any look, for
    all segments, signals and places of a tournament together, in nineteen of twenty. `beyond`: more than the tolerance is shown.
    """

    segment: str
    signal: str
    conversations: int
    excess: float
    low: float
    high: float
    beyond: bool


class SegmentEvidence:
    """Counts equal means of conversations by segment and signal, because the evidence of the moment is the same in any order."""

    def __init__(self, terms: TournamentTerms) -> None:
        self._terms = terms
        self._means: Counter[tuple[tuple[str, ...], str, float]] = Counter()
        self._pairs: Counter[str] = Counter()
        self._names: dict[str, None] = {}

    def __repr__(self) -> str:
        return f"<SegmentEvidence {list(self._names)}>"

    def add(self, unit: ConversationUnit, times: int = 1) -> None:
        """Count one closed conversation, or so many that are equal, in each segment by its requests in it."""
        segments = {pair.segments for pair in unit.members}
        if len(segments) == 1:
            self._count(segments.pop(), unit.means.items(), len(unit.members), times)
            return
        for name in dict.fromkeys(name for pair in unit.members for name in pair.segments):
            own = [pair for pair in unit.members if name in pair.segments]
            self._count((name,), mean_payoffs(own).items(), len(own), times)

    def _count(self, names: tuple[str, ...], means: Iterable[tuple[str, float]], pairs: int, times: int) -> None:
        if not names:
            return
        for name in names:
            if name in self._names or len(self._names) < MOST_SEGMENTS:
                self._names[name] = None
                self._pairs[name] += pairs * times
        for signal, mean in means:
            self._means[names, signal, mean] += times

    def copied(self) -> SegmentEvidence:
        """Evidence that goes on from here, and leaves this one as it is."""
        made = SegmentEvidence(self._terms)
        made._means, made._pairs, made._names = self._means.copy(), self._pairs.copy(), self._names.copy()
        return made

    def pairs(self, segment: str) -> int:
        """The requests counted in a segment."""
        return self._pairs[segment]

    def worst(self) -> Iterator[SegmentSignal]:
        """Of each segment by name the required signal that is beyond the tolerance, else that of the largest excess."""
        found: dict[str, dict[str, Counter[float]]] = {}
        required = self._terms.required
        for (names, signal, mean), times in self._means.items():
            if signal in required:
                for name in names:
                    found.setdefault(name, {}).setdefault(signal, Counter())[mean] += times
        for name in sorted(found.keys() & self._names.keys()):
            yield self._worst(name, found[name])

    def _worst(self, name: str, signals: Mapping[str, Counter[float]]) -> SegmentSignal:
        beyond = {signal: self._is_beyond(signal, means) for signal, means in signals.items()}
        signal = max(sorted(signals), key=lambda each: (beyond[each], abs(_mean(signals[each]))))
        means = signals[signal]
        low, high = mean_bounds(means, self._threshold)
        return SegmentSignal(
            segment=name,
            signal=signal,
            conversations=means.total(),
            excess=_mean(means),
            low=low,
            high=high,
            beyond=beyond[signal],
        )

    @property
    def _threshold(self) -> float:
        """The log evidence against one bound of one interval: the level divided among both ends of all intervals."""
        return log(2 * MOST_SEGMENTS * len(self._terms.required) * self._terms.places / self._terms.alpha)

    def _is_beyond(self, signal: str, means: Mapping[float, int]) -> bool:
        """Whether the interval lies beyond the tolerance, on a side that is against the candidate."""
        bound, many = self._terms.bound(signal), sum(means.values())
        sides = against_provider(signal)
        return many >= FEWEST_IN_SEGMENT and any(against_mean(_signed(means, side), bound) >= self._threshold for side in sides)


def _mean(means: Counter[float]) -> float:
    return sum(value * times for value, times in means.items()) / means.total()


def _signed(means: Mapping[float, int], side: int) -> Mapping[float, int]:
    return {value * side: times for value, times in means.items()}
