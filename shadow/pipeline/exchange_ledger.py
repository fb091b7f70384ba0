"""ExchangeLedger: what became of each exchange that a data-plane process sent: stored, or lost for a reason, counted once.

A data-plane process numbers what it sends, and its stats hold how many it has sent. What is missing from the numbers was in
a process that was killed: in the audit that took it and had not stored it, or in the sender itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from proxy.process.shared_counters import PAIRS, WORKERS, SharedCounters
from storage.store import Outcome, Settled

Record = TypeVar("Record")
PROCESS_KILLED = "process_killed"


class ExchangeLedger:
    """Compares the numbers of the senders with what arrived here; `stored` is how many exchanges of each worker are stored.

    Threads: `stored` and `failed` are called by the store's, all else by the loop's.
    """

    def __init__(
        self, counters: SharedCounters, stored: Mapping[int, int], on_stored: Callable[[object], None] | None = None
    ) -> None:
        """`on_stored` is called with each record that the store has written, in the store's thread."""
        self._on_stored = on_stored
        self._counters = counters
        self._rows = [counters.row(worker) for worker in range(WORKERS + 1)]
        for worker, count in stored.items():
            self._rows[worker].raise_to("stored", count)
        self._known = [row.settled for row in self._rows]
        """Exchanges of each worker that arrived here, or whose fate is known otherwise."""
        self._links: Counter[int] = Counter()
        self._settled = [partial(self.settled, worker) for worker in range(WORKERS + 1)]

    def __repr__(self) -> str:
        return f"<ExchangeLedger arrived={sum(self._known)} connections={self._links.total()}>"

    def connected(self, worker: int) -> None:
        """A connection of a worker has begun."""
        self._links[worker] += 1

    def disconnected(self, worker: int) -> None:
        """A connection of a worker has ended; what it carried has been read."""
        self._links[worker] -= 1

    def arrived(self, worker: int) -> None:
        """An exchange has arrived, whatever becomes of it."""
        self._known[worker] += 1

    def lost(self, worker: int, reason: str) -> None:
        """An exchange that had arrived is lost."""
        self._rows[worker].add(reason)

    def shadows(self, count: int) -> None:
        """Note how many shadows are under way now: where this process is killed, they are lost."""
        self._counters.note_shadows(count)

    def killed_shadows(self) -> int:
        """Shadows that a process before this one had when it was killed: those under way, and pairs that it had offered to the
        store and of which the store had counted none of its answers. Each is returned once.
        """
        row = self._rows[PAIRS]
        pairs = row["ended"] - sum(row[field] for field in ("stored", "store_failed", "store_full", PROCESS_KILLED))
        row.add(PROCESS_KILLED, max(pairs, 0))
        under_way = self._counters.shadows
        self._counters.note_shadows(0)
        return max(pairs, 0) + under_way

    def offered(self, worker: int) -> None:
        """A record is offered to the store; an exchange was counted when it ended."""
        if worker == PAIRS:
            self._rows[PAIRS].end()

    def published(self, worker: int) -> None:
        """An exchange that had arrived is acknowledged by the broker."""
        self._rows[worker].add("published")

    def offer(self, worker: int, add: Callable[[Record, Settled], bool], record: Record) -> None:
        """Offer a record to the store by `add`, and count what becomes of it."""
        self.offered(worker)
        settled = self._settled[worker] if self._on_stored is None else partial(self.settle, worker, record)
        if not add(record, settled):
            self.lost(worker, "store_full")

    def settled(self, worker: int, outcome: Outcome) -> None:
        """The store has written an exchange, had it already, or could not."""
        self._rows[worker].add("stored" if outcome.on_disk else "store_failed")

    def settle(self, worker: int, record: object, outcome: Outcome) -> None:
        """Count what became of a record that was offered elsewhere, and pass on one that is stored."""
        self.settled(worker, outcome)
        if outcome is Outcome.STORED and self._on_stored is not None:
            self._on_stored(record)

    def sent(self, worker: int, sent: int) -> int:
        """Compares what a sender has sent with what arrived; counts what is missing as lost, and returns its number.

        While an older connection of the worker is still being read, nothing is missing yet.
        """
        missing = sent - self._known[worker]
        if self._links[worker] > 1 or missing <= 0:
            return 0
        self._known[worker] = sent
        self._rows[worker].add(PROCESS_KILLED, missing)
        return missing
