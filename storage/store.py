"""What other floors may know of the store: a writer that never blocks its caller, and readers that only read."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from storage.rows import (
    ExchangeRecord,
    ExchangeRow,
    FindingRow,
    PairFilter,
    PairRecord,
    PairRow,
    PairSummary,
    PayoffPoint,
    SignalCount,
    ToolCallRow,
    TrafficCount,
)


class StoreError(Exception):
    """The store cannot be opened; the message is one sentence that names the path and what to do."""


class Writer(Protocol):
    """Takes records from any thread; each record is written whole or not at all, in the order offered."""

    def add_exchange(self, record: ExchangeRecord) -> Future[bool] | None:
        """Queue one exchange; None when the queue is full (dropped and counted); the future says whether it was stored."""

    def add_pair(self, record: PairRecord) -> Future[bool] | None:
        """Queue one pair with its shadow exchanges and findings; as `add_exchange`."""

    def flush(self, seconds: float) -> bool:
        """Wait until everything queued is on disk, at most `seconds`; True when it is."""

    @property
    def queued(self) -> int:
        """Records waiting now."""

    @property
    def dropped(self) -> int:
        """Records not taken because the queue was full."""

    @property
    def failed(self) -> int:
        """Records lost to an error of the database (full, locked, read-only)."""

    @property
    def stored(self) -> int:
        """Records on disk since the start."""


class Reader(Protocol):
    """Typed questions to the store; safe from any thread, never blocks the writer."""

    def pairs(self, wanted: PairFilter) -> Sequence[PairSummary]:
        """Newest first."""

    def pair(self, pair_id: str) -> PairRow | None:
        """One pair by its id or by an unambiguous beginning of it (8 characters at least)."""

    def exchange(self, exchange_id: str) -> ExchangeRow | None:
        """One exchange, bodies decompressed."""

    def tool_calls(self, exchange_id: str) -> Sequence[ToolCallRow]:
        """The calls of one exchange, in their order."""

    def findings(self, *, pair_id: str = "", exchange_id: str = "") -> Sequence[FindingRow]:
        """The findings of one pair, or the checks of one exchange."""

    def signal_counts(self, since: float, until: float) -> Sequence[SignalCount]:
        """Findings by group, comparison, aspect and state; checks count under the group of their exchange."""

    def payoffs(self, since: float, until: float) -> Sequence[PayoffPoint]:
        """Every payoff of the period, oldest first."""

    def traffic(self, since: float, until: float) -> Sequence[TrafficCount]:
        """Requests, failures and tokens by provider, model and role."""

    def latencies(self, since: float, until: float, limit: int) -> Sequence[tuple[str, str, str, str, float]]:
        """(provider, model, role, measure, seconds); measure is first_chunk, first_token or seconds; newest `limit` exchanges."""


class Store(Writer, Reader, Protocol):
    """One store: its writer, its readers, and its end."""

    def writable(self) -> bool:
        """True when the last write succeeded or none was tried; what /readyz asks."""

    def sweep(self, now: float) -> int:
        """Delete what retention says is too old or too much at `now` (epoch seconds); the number of exchanges that went."""

    def close(self) -> None:
        """Flush and release the database."""
