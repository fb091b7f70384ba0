"""`SampledRows`: how the rows of a period are sampled, in the words of the report, counted at most once a minute."""

from __future__ import annotations

import threading
from collections.abc import Callable

from shadow.report.filters import moment_of
from shadow.report.row_sampling import row_sampling
from storage.store import Reader

FRESH_SECONDS = 60.0
KEPT = 8
"""Periods whose sentences are kept."""


class SampledRows:
    """Counts in `reader`; `now` returns seconds since the epoch. Safe from any thread."""

    def __init__(self, reader: Reader, now: Callable[[], float]) -> None:
        self._reader, self._now = reader, now
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, str]] = {}

    def __repr__(self) -> str:
        return f"<SampledRows of {sorted(self._kept)}>"

    def sentence(self, since: str) -> str:
        """Of the period from `since` to now; "" where every request has a row. ConfigError for a time that is none."""
        now = self._now()
        with self._lock:
            counted, found = self._kept.pop(since, (float("-inf"), ""))
            if not counted <= now < counted + FRESH_SECONDS:
                sampling = row_sampling(self._reader, moment_of("since", since, now), now)
                counted, found = now, sampling.sentence if sampling else ""
            self._kept[since] = counted, found
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return found
