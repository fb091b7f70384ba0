"""How much of a group's pairs could be judged of late: silence is told from innocence here.

It looks at pairs that are past, so that whether a test is on never depends on the pair that it would judge.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping

from shadow.drift.exclusions import REMARKS, SENTENCES, Exclusion

RECENT = 200
"""Pairs looked back on for a cache."""
CACHED = 3
"""So many of them came from a cache: then others did unseen, and agreement means nothing."""
LATEST = 50
ENOUGH = 20
MOST = 0.9
"""Nine of ten of the latest pairs left out, of twenty at least: then the group is not measured."""


class RecentCoverage:
    """What became of the latest pairs of a group; `counts` holds every reason since the beginning."""

    def __init__(self, reasons: Iterable[str] = (), cached: Iterable[bool] = (), counts: Mapping[str, int] | None = None) -> None:
        self.reasons = deque(reasons, maxlen=LATEST)
        self.cached = deque(cached, maxlen=RECENT)
        self.counts = Counter(counts or {})

    def add(self, excluded: Iterable[str], *, judged: bool) -> None:
        """Take in a pair: every reason why parts of it were left out, and whether its agreement was judged anyway."""
        found = list(excluded)
        self.counts.update(found)
        self.cached.append(Exclusion.CACHED.value in found)
        main = next((reason for reason in found if reason not in REMARKS), "")
        self.reasons.append("" if judged else main)

    @property
    def caching(self) -> bool:
        """Whether the tests of agreement are off for a cache."""
        return sum(self.cached) >= CACHED

    @property
    def why_not_measured(self) -> str:
        """A sentence when hardly any of the latest pairs could be judged; empty otherwise."""
        if self.caching:
            return SENTENCES[Exclusion.CACHING_REFERENCE]
        left_out = Counter(reason for reason in self.reasons if reason)
        if left_out[Exclusion.SAME_SERVER] and left_out.total() == len(self.reasons):
            return SENTENCES[Exclusion.SAME_SERVER]
        if len(self.reasons) < ENOUGH or left_out.total() < MOST * len(self.reasons):
            return ""
        return _most(left_out)

    @property
    def why_waiting(self) -> str:
        """A sentence for a group of which no pair counted yet: why, by the most frequent reason."""
        left_out = Counter(reason for reason in self.reasons if reason)
        return f"no pair has counted yet: {_most(left_out)}" if left_out else "no pair has counted yet"


def _most(left_out: Counter[str]) -> str:
    ((most, _),) = left_out.most_common(1)
    return SENTENCES[Exclusion(most)]
