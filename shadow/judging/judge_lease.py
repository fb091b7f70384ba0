"""`JudgeLease`: the right of one process at a time to judge a store, kept by renewing it while a step of the judge runs.

What the process holds in memory is that of the store as long as no other process had the lease: `hold` returns whether that is
known. A store that was away, or a process that was stopped, takes nothing from another process before that one could renew.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto

from storage.store import JudgementStore, StoreError

RENEWALS = 4
"""How often the lease is renewed while it lasts."""
GAP_SECONDS = 2.0
"""Between two looks at the lease of another process, from which the store was away or this process stopped in between."""
SETTLE_SECONDS = 1.5
"""After such a gap no lease that has run out is taken for so long, since its holder may renew it."""


class Holding(Enum):
    """The last state of a process's lease that the process has read."""

    NONE = auto()
    TAKEN = auto()
    """It is held, and another process may have judged before."""
    KEPT = auto()
    """It is held, and no other process judged since it was taken."""


class JudgeLease:
    """The lease of `holder`; safe from any thread. Times are epoch seconds but for `is_sure`, which asks `clock`."""

    def __init__(self, store: JudgementStore, holder: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._holder = holder
        self._clock = clock
        self._lock = threading.Lock()
        self._is_held = False
        self._renewed_at = float("-inf")
        self._sure_from = float("-inf")
        self._looked_at: float | None = None
        self._settles_at = float("-inf")

    def __repr__(self) -> str:
        return f"<JudgeLease {self._holder} {'held' if self._is_held else 'not held'}, renewed at {self._renewed_at}>"

    @property
    def seconds(self) -> float:
        """How long the lease lasts after a renewal."""
        return self._store.lease_seconds

    def holds(self, now: float) -> bool:
        """Whether the lease is held at `now`, as far as is known: one that was not renewed has ended."""
        return self._is_held and self._renewed_at <= now < self._renewed_at + self.seconds

    @property
    def is_sure(self) -> bool:
        """Whether the lease cannot have run out yet, by a clock that is never set."""
        return self._is_held and self._clock() < self._sure_from + self.seconds

    def hold(self, now: float) -> Holding:
        """Take, renew or keep the lease; StoreError where the store does not answer."""
        with self._lock:
            # because a clock that was set back must not keep us from renewing
            if self._is_held and self._renewed_at <= now < self._renewed_at + self.seconds / RENEWALS:
                return Holding.KEPT
            began, kept = self._clock(), self._is_held
            if self._store.renew(self._holder, now, self.seconds):
                self._hold_from(now, began)
                return Holding.KEPT if kept else Holding.TAKEN
            self._is_held = False
            if not self._may_take(now) or not self._store.claim(self._holder, now, self.seconds):
                return Holding.NONE
            self._hold_from(now, began)
            return Holding.TAKEN

    def renew(self, now: float) -> None:
        """Renew the lease where it is held; it is never taken here, because the judge must know that it was."""
        with self._lock, suppress(StoreError):
            if self._is_held:
                began = self._clock()
                if self._store.renew(self._holder, now, self.seconds):
                    self._hold_from(now, began)
                else:
                    self._is_held = False

    def lose(self) -> None:
        """Take note that the store refused what the holder of the lease alone may write."""
        with self._lock:
            self._is_held = False

    def release(self) -> None:
        """Give the lease back, so that another process may judge at once."""
        with self._lock:
            self._is_held = False
            with suppress(StoreError):  # the lease ends by itself
                self._store.release(self._holder)

    def _hold_from(self, now: float, began: float) -> None:
        self._is_held, self._renewed_at, self._sure_from, self._looked_at = True, now, began, now

    def _may_take(self, now: float) -> bool:
        """Whether this process has looked regularly, so that the holder had time to renew."""
        before, self._looked_at = self._looked_at, now
        if before is not None and not before <= now <= before + GAP_SECONDS:
            self._settles_at = now + SETTLE_SECONDS
        return now >= self._settles_at
