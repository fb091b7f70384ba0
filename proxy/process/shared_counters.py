"""SharedCounters: the counts of one `serve`, in memory that its processes share and that outlives each of them.

A killed process loses no count: a number is added when its event happens, and the next process continues from it. Each field of a
row is written by one process only: those of PLANE by the forwarding process of the row, those of AUDIT by the audit. In the row
of pairs it is the audit that counts as `ended` those that it offered to the store.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping

from proxy.process.memory_file import memory_file

WORKERS = 64
"""Forwarding processes at the most, a row each; the row behind them counts the audit's pairs."""
PAIRS = WORKERS
PLANE = ("ended", "audit_down", "audit_slow", "too_large", "unpackable")
"""Exchanges that ended and were to be recorded, and those of them that were not handed over, by reason."""
AUDIT = (
    *("stored", "store_failed", "store_full", "error", "malformed", "inbox_full", "process_killed"),
    *("published", "broker_too_large", "broker_full", "broker_too_old", "undeliverable"),
)
"""What became of those that were handed over: in the database, acknowledged by the broker, or lost, by reason."""
FIELDS = {name: index for index, name in enumerate((*PLANE, *AUDIT))}
_LOADED, _REFUSED = (WORKERS + 1) * len(FIELDS), (WORKERS + 1) * len(FIELDS) + 1
"""Where the parent notes when the configuration was last loaded (seconds since 1970, 0 for never); if it was refused since."""
_SHADOWS = _REFUSED + 1
"""Where the audit notes how many shadows it has under way."""
SIZE = (_SHADOWS + 1) * 8


class CounterRow:
    """The counts of one worker."""

    __slots__ = ("_at", "_counts")

    def __init__(self, counts: memoryview, at: int) -> None:
        self._counts = counts
        self._at = at * len(FIELDS)

    def __repr__(self) -> str:
        return f"<CounterRow { {field: self[field] for field in FIELDS if self[field]} }>"

    def add(self, field: str, count: int = 1) -> None:
        """Count something now."""
        self._counts[self._at + FIELDS[field]] += count

    def end(self) -> None:
        """Count an exchange that ended; the first field, and the only one that each request counts."""
        self._counts[self._at] += 1

    def raise_to(self, field: str, total: int) -> None:
        """Count an event that is already counted elsewhere."""
        self._counts[self._at + FIELDS[field]] = max(self[field], total)

    def __getitem__(self, field: str) -> int:
        return int(self._counts[self._at + FIELDS[field]])

    @property
    def sent(self) -> int:
        """Exchanges that ended and were not dropped before they were sent; what waits to be sent is among them."""
        return self["ended"] - sum(self[field] for field in PLANE[1:])

    @property
    def settled(self) -> int:
        """Exchanges of which it is known what became of them in the audit."""
        return sum(self[field] for field in AUDIT)


class SharedCounters:
    """All rows; in memory of this process alone where no descriptor is given."""

    def __init__(self, descriptor: int | None = None) -> None:
        memory = bytearray(SIZE) if descriptor is None else mmap.mmap(descriptor, SIZE)
        self._counts = memoryview(memory).cast("Q")

    def row(self, worker: int) -> CounterRow:
        """The counts of a worker; those of one that cannot be are the first one's."""
        return CounterRow(self._counts, worker if 0 <= worker <= WORKERS else 0)

    def note_load(self, at: float, *, refused: bool) -> None:
        """Note that the configuration was loaded at `at` (epoch seconds), or refused. The outcome is noted itself, since the
        times of two loads do not tell which was the last within a second, or after the clock was set back.
        """
        if not refused:
            self._counts[_LOADED] = int(at)
        self._counts[_REFUSED] = refused

    @property
    def loads(self) -> tuple[int, bool]:
        """When the configuration was last loaded, 0 for never, and whether it was refused since."""
        return int(self._counts[_LOADED]), bool(self._counts[_REFUSED])

    def note_shadows(self, count: int) -> None:
        """Note how many shadows the audit has under way, those that wait among them."""
        self._counts[_SHADOWS] = count

    @property
    def shadows(self) -> int:
        """How many shadows the audit had under way when it last noted it."""
        return int(self._counts[_SHADOWS])

    def totals(self) -> Mapping[str, int]:
        """The counts of all exchanges, without the pairs."""
        rows = [self.row(worker) for worker in range(WORKERS)]
        return {field: sum(row[field] for row in rows) for field in FIELDS}


def shared_memory() -> int:
    """The descriptor of memory for a board that processes may inherit; OSError when there is none to be had."""
    descriptor = memory_file()
    os.write(descriptor, bytes(SIZE))
    return descriptor
