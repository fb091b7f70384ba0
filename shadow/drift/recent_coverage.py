"""`RecentCoverage`: whether enough of a group's latest pairs could be judged, and a sentence why not.

It counts past pairs only, so that whether a test is on never depends on the pair that it would judge.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping

from shadow.drift.exclusions import REMARKS, SENTENCES, Exclusion

RECENT = 200
"""Latest pairs in which answers from a cache are counted."""
CACHED = 3
"""So many of them from a cache turn the tests of agreement off, because further ones may go unnoticed."""
LATEST = 50
ENOUGH = 20
MOST = 0.9
"""With nine of ten of the latest pairs excluded, of twenty at least, the group is not measured."""


class RecentCoverage:
    """The outcome of the latest pairs of a group; `counts` holds every reason since the beginning."""

    def __init__(self, reasons: Iterable[str] = (), cached: Iterable[bool] = (), counts: Mapping[str, int] | None = None) -> None:
        self.reasons = deque(reasons, maxlen=LATEST)
        self.cached = deque(cached, maxlen=RECENT)
        self.counts = Counter(counts or {})

    def __repr__(self) -> str:
        return f"<RecentCoverage latest={len(self.reasons)} cached={sum(self.cached)} counts={dict(self.counts)}>"

    def add(self, excluded: Iterable[str], *, judged: bool) -> None:
        """Add a pair: every reason why parts of it were excluded, and whether its agreement was judged anyway."""
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
        excluded_by = Counter(reason for reason in self.reasons if reason)
        if excluded_by[Exclusion.SAME_SERVER] and excluded_by.total() == len(self.reasons):
            return SENTENCES[Exclusion.SAME_SERVER]
        if len(self.reasons) < ENOUGH or excluded_by.total() < MOST * len(self.reasons):
            return ""
        return _most(excluded_by)

    @property
    def why_waiting(self) -> str:
        """Why no pair of the group counted yet, by the most frequent reason, as a sentence."""
        excluded_by = Counter(reason for reason in self.reasons if reason)
        return f"no pair has counted yet: {_most(excluded_by)}" if excluded_by else "no pair has counted yet"


def _most(excluded_by: Counter[str]) -> str:
    ((most, _),) = excluded_by.most_common(1)
    return SENTENCES[Exclusion(most)]
