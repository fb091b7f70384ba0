"""ShadowQueue: sampled requests that wait for a place, in order, bounded in number, bytes and age.

A burst is sampled like a quiet time: what exceeds the places waits. What cannot wait, or has waited too long, is skipped with
a reason.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from shadow.reading.parsed_exchange import ParsedExchange
from shadow.sampling.sampler import SamplingDecision

MOST_BYTES = 64 * 1024 * 1024
"""Bytes of bodies that wait, and of those in flight, however few requests they are of; parsed, they take several times as
many.
"""


class SampledRequest(NamedTuple):
    """A request that waits: what was read of it, what was decided, and since when it waits (seconds of the monotonic clock)."""

    parsed: ParsedExchange
    decision: SamplingDecision
    since: float
    size: int


class ShadowQueue:
    """At most `most` requests, none of them longer than `patience` seconds; `skipped` is called with each reason."""

    def __init__(self, *, most: int, patience: float, skipped: Callable[[str], None]) -> None:
        self._most = most
        self._patience = patience
        self._skipped = skipped
        self._queue: deque[SampledRequest] = deque()
        self._bytes = 0
        self._in_flight_bytes = 0
        """Bytes of the requests in flight."""

    def __repr__(self) -> str:
        return f"<ShadowQueue waiting={len(self)}/{self._most} bytes={self._bytes} bytes_running={self._in_flight_bytes}>"

    def __len__(self) -> int:
        return len(self._queue)

    def fits(self, parsed: ParsedExchange) -> bool:
        """Whether there is room for one more."""
        return len(self._queue) < self._most and (not self._queue or self._bytes + body_bytes(parsed) <= MOST_BYTES)

    def add(self, parsed: ParsedExchange, decision: SamplingDecision, monotonic: float) -> None:
        """Append it, whether it fits or not: callers look at `fits` first."""
        sampled = SampledRequest(parsed, decision, monotonic, body_bytes(parsed))
        self._queue.append(sampled)
        self._bytes += sampled.size

    def next(self, monotonic: float, wall: float) -> SampledRequest | None:
        """The one that waits longest and is not too old, to be given back by `done`; those that are too old are skipped.

        None where no request waits, or where too many bytes are in flight already; a single request always fits.
        """
        while self._queue:
            if self._in_flight_bytes and self._in_flight_bytes + self._queue[0].size > MOST_BYTES:
                return None
            sampled = self._queue.popleft()
            self._bytes -= sampled.size
            if self._age(sampled, monotonic, wall) <= self._patience:
                self._in_flight_bytes += sampled.size
                return sampled
            self._skipped("late")
        return None

    def done(self, sampled: SampledRequest) -> None:
        """The shadow of what `next` returned has ended."""
        self._in_flight_bytes -= sampled.size

    def drop_late(self, monotonic: float, wall: float) -> None:
        """Skip those that have become too old, although none of the places has become free."""
        while self._queue and self._age(self._queue[0], monotonic, wall) > self._patience:
            self._bytes -= self._queue.popleft().size
            self._skipped("late")

    def clear(self, reason: str) -> None:
        """Skip all of them."""
        for _ in range(len(self._queue)):
            self._skipped(reason)
        self._queue.clear()
        self._bytes = 0

    @staticmethod
    def _age(sampled: SampledRequest, monotonic: float, wall: float) -> float:
        """Seconds since the live answer ended by the wall clock, which may jump; at least the seconds that it has waited here."""
        exchange = sampled.parsed.exchange
        return max(monotonic - sampled.since, wall - (exchange.started + exchange.seconds))


def body_bytes(parsed: ParsedExchange) -> int:
    """Bytes of both bodies of one exchange."""
    response = parsed.exchange.response
    return len(parsed.exchange.request.body) + (len(response.body) if response else 0)
