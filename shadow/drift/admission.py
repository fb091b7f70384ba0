"""`Admission`: counts a request once in 24 hours and a conversation ten times, so that one repeated difference is no drift.

Only the start times of the pairs decide: pairs out of order and clocks that jump move a pair in or out of its 24 hours. The judge
applies it and a report reads the stored judgements (`counts`), so that both count the same pairs.
"""

from __future__ import annotations

from hashlib import blake2b

from shadow.drift.exclusions import Exclusion

DAY = 86_400.0
PER_CONVERSATION = 10
PRUNE_EVERY = 1_000
MOST = 50_000
"""Names of requests, and as many of conversations, that a group keeps: 23 MiB at most. The oldest are dropped first."""
NAME_BYTES = 12
"""Of the hash that a name is kept as: any two of 100,000 names are equal with a chance of 6e-20, and each takes 48 bytes."""

EXCLUDED = frozenset({Exclusion.REPEATED.value, Exclusion.CONVERSATION_FULL.value})
"""Judgements by this rule; a pair that has no judgement yet counts."""


def counts(judgement: str, *, agreement: bool) -> bool:
    """Whether a payoff counts after the judgement of its pair; `agreement`: it is of a signal of agreement."""
    return judgement not in EXCLUDED and not (agreement and judgement == Exclusion.CACHING_REFERENCE)


class Admission:
    """The requests and conversations of one group that counted in the last 24 hours."""

    def __init__(self) -> None:
        self._requests: dict[bytes, float] = {}
        self._conversations: dict[bytes, tuple[float, ...]] = {}
        self._since_pruning = 0

    def __repr__(self) -> str:
        return f"<Admission requests={len(self._requests)} conversations={len(self._conversations)}>"

    def why_not(self, *, pair_id: str, fingerprint: str, conversation: str, at: float) -> Exclusion:
        """Why the pair, started at `at` (epoch seconds), does not count; NONE when it does. `admit` records it."""
        if any(name in self._requests and _near(self._requests[name], at) for name in _names(pair_id, fingerprint)):
            return Exclusion.REPEATED
        near = sum(_near(time, at) for time in self._conversations.get(_name("conversation", conversation), ()))
        return Exclusion.CONVERSATION_FULL if near >= PER_CONVERSATION else Exclusion.NONE

    def admit(self, *, pair_id: str, fingerprint: str, conversation: str, at: float) -> None:
        """Record a pair that counts, now or when the record is rebuilt from the store."""
        for name in _names(pair_id, fingerprint):
            self._requests[name] = at
        if conversation:
            name = _name("conversation", conversation)
            self._conversations[name] = (*self._conversations.get(name, ()), at)
        self._since_pruning += 1
        if self._since_pruning >= PRUNE_EVERY:
            self._prune(at)
        for kept in (self._requests, self._conversations):
            while len(kept) > MOST:
                del kept[next(iter(kept))]

    def _prune(self, now: float) -> None:
        """Drop what is a day older than a pair, and nothing newer: a late pair would take the last 24 hours with it."""
        self._since_pruning = 0
        oldest = now - DAY
        self._requests = {name: time for name, time in self._requests.items() if time > oldest}
        kept = {name: tuple(time for time in times if time > oldest) for name, times in self._conversations.items()}
        self._conversations = {name: times for name, times in kept.items() if times}


def _near(one: float, other: float) -> bool:
    return abs(one - other) < DAY


def _names(pair_id: str, fingerprint: str) -> tuple[bytes, ...]:
    """The pair itself, and its request where that could be read."""
    pair = _name("pair", pair_id)
    return (pair, _name("request", fingerprint)) if fingerprint else (pair,)


def _name(kind: str, text: str) -> bytes:
    return blake2b(f"{kind} {text}".encode("utf-8", "surrogatepass"), digest_size=NAME_BYTES).digest()
