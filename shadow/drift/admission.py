"""Which pairs of a group are let in: a request once in 24 hours, a conversation ten times, so that one oddity is not a drift.

By the times of the pairs alone: out-of-order pairs and clocks that jump only ever move a pair in or out of its 24 hours. The
judge rules by it and a report reads those rulings (`counts`), so that both go by the same pairs.
"""

from __future__ import annotations

from shadow.drift.exclusions import Exclusion

DAY = 86_400.0
PER_CONVERSATION = 10
TIDY_EVERY = 1_000
MOST = 50_000
"""Names of requests and, apart from them, of conversations remembered of a group: about 10 MB; the oldest are forgotten first."""


LEFT_OUT = frozenset({Exclusion.REPEATED.value, Exclusion.CONVERSATION_FULL.value})
"""Rulings of this rule; a pair that waits for its ruling counts."""


def counts(ruling: str, *, agreement: bool) -> bool:
    """Whether a payoff of a pair counts after what was ruled on the pair; `agreement` tells what kind of signal it is of."""
    return ruling not in LEFT_OUT and not (agreement and ruling == Exclusion.CACHING_REFERENCE)


class Admission:
    """What was let in of late."""

    def __init__(self) -> None:
        self._requests: dict[str, float] = {}
        self._conversations: dict[str, list[float]] = {}
        self._since_tidied = 0

    def why_not(self, *, pair_id: str, fingerprint: str, conversation: str, at: float) -> Exclusion:
        """NONE when the pair, started at `at` (epoch seconds), may be let in; it is let in by `let_in`."""
        if any(name in self._requests and _near(self._requests[name], at) for name in _names(pair_id, fingerprint)):
            return Exclusion.REPEATED
        near = sum(_near(time, at) for time in self._conversations.get(conversation, ()))
        return Exclusion.CONVERSATION_FULL if near >= PER_CONVERSATION else Exclusion.NONE

    def let_in(self, *, pair_id: str, fingerprint: str, conversation: str, at: float) -> None:
        """Remember a pair that counts; also how the memory is made again from what is stored."""
        for name in _names(pair_id, fingerprint):
            self._requests[name] = at
        if conversation:
            self._conversations.setdefault(conversation, []).append(at)
        self._since_tidied += 1
        if self._since_tidied >= TIDY_EVERY:
            self._tidy(at)
        for kept in (self._requests, self._conversations):
            while len(kept) > MOST:
                del kept[next(iter(kept))]

    def _tidy(self, now: float) -> None:
        self._since_tidied = 0
        self._requests = {name: time for name, time in self._requests.items() if _near(time, now)}
        kept = {name: [time for time in times if _near(time, now)] for name, times in self._conversations.items()}
        self._conversations = {name: times for name, times in kept.items() if times}


def _near(one: float, other: float) -> bool:
    return abs(one - other) < DAY


def _names(pair_id: str, fingerprint: str) -> tuple[str, ...]:
    """The pair itself, and its request where that could be read."""
    return (f"pair {pair_id}", f"request {fingerprint}") if fingerprint else (f"pair {pair_id}",)
