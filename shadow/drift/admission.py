"""`Admission`: counts a request once in 24 hours and a conversation ten times, so that one repeated difference is no drift.

Only the start times of the pairs decide: pairs out of order and clocks that jump move a pair in or out of its 24 hours. The judge
applies it and a report reads the stored judgements (`counts`), so that both count the same pairs.
"""

from __future__ import annotations

from shadow.drift.exclusions import Exclusion
from shadow.drift.recent_names import RecentNames

DAY = 86_400.0
PER_CONVERSATION = 10
MOST = 100_000
"""Names of pairs, requests and conversations that a group holds: 2 MB at most, for 33,000 pairs that have three each. The oldest
eighth goes first.
"""

EXCLUDED = frozenset({Exclusion.REPEATED.value, Exclusion.CONVERSATION_FULL.value})
"""Judgements by this rule; a pair that has no judgement yet counts."""


def counts(judgement: str, *, agreement: bool) -> bool:
    """Whether a payoff counts after the judgement of its pair; `agreement`: it is of a signal of agreement."""
    return judgement not in EXCLUDED and not (agreement and judgement == Exclusion.CACHING_REFERENCE)


class Admission:
    """The requests and conversations of one group that counted in the last 24 hours."""

    def __init__(self) -> None:
        self._names = RecentNames(most=MOST, seconds=DAY)

    def __repr__(self) -> str:
        return f"<Admission {self._names!r}>"

    def why_not(self, *, pair_id: str, fingerprint: str, conversation: str, at: float) -> Exclusion:
        """Why the pair, started at `at` (epoch seconds), does not count; NONE when it does. `admit` records it."""
        if any(self._names.near(name, at) for name in _requests(pair_id, fingerprint)):
            return Exclusion.REPEATED
        near = self._names.near(_name("conversation", conversation), at) if conversation else 0
        return Exclusion.CONVERSATION_FULL if near >= PER_CONVERSATION else Exclusion.NONE

    def admit(self, *, pair_id: str, fingerprint: str, conversation: str, at: float) -> None:
        """Record a pair that counts, now or when the record is rebuilt from the store."""
        for name in _requests(pair_id, fingerprint):
            self._names.add(name, at)
        if conversation:
            self._names.add(_name("conversation", conversation), at)


def _requests(pair_id: str, fingerprint: str) -> tuple[bytes, ...]:
    """The pair itself, and its request where that could be read."""
    pair = _name("pair", pair_id)
    return (pair, _name("request", fingerprint)) if fingerprint else (pair,)


def _name(kind: str, text: str) -> bytes:
    return f"{kind} {text}".encode("utf-8", "surrogatepass")
