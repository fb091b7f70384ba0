"""Where the audit of an exchange puts its results: counts, records, losses; the same for one process and for several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from proxy.exchange import Exchange
from shadow.findings.finding import Finding
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.reading.parsed_response import ParsedResponse
from storage.rows import ExchangeRecord, IdentityRow, PairRecord
from storage.store import Writer


def nothing() -> None:
    """What follows a record that nothing follows."""


class AuditCounts(Protocol):
    """Takes what /metrics counts."""

    def exchange(self, exchange: Exchange, answer: ParsedResponse, outcomes: Sequence[str], *, pair_id: str = "") -> None:
        """Counts one answer; `outcomes` are the schema classes of its tool calls."""

    def findings(
        self, provider: str, model: str, kind: str, control_reason: str, findings: Iterable[Finding], *, pair_id: str
    ) -> None:
        """Counts the findings of one pair, or of one answer alone."""

    def identity(self, row: IdentityRow) -> None:
        """Takes who serves a model from now on."""

    def shadow_skipped(self, reason: str) -> None:
        """Counts one request that was not shadowed, or not to its end."""


class AuditOutcomes(Protocol):
    """Takes what becomes of each exchange and each pair."""

    def lost(self, worker: int, reason: str, exchange_id: str = "") -> None:
        """Counts one that is lost; `exchange_id` names a live exchange."""

    def offer(self, worker: int, record: ExchangeRecord | PairRecord, then: Callable[[], None] = nothing) -> None:
        """Offers a record to the store; `then` is called once it is known that no other process audits the same exchange."""


class StoredOutcomes:
    """`AuditOutcomes` of the process that has the store."""

    def __init__(self, ledger: ExchangeLedger, store: Writer) -> None:
        self._ledger = ledger
        self._store = store

    def __repr__(self) -> str:
        return f"<StoredOutcomes {self._ledger!r}>"

    def lost(self, worker: int, reason: str, exchange_id: str = "") -> None:  # noqa: ARG002 - its sender is not answered
        """Count one that is lost."""
        self._ledger.lost(worker, reason)

    def offer(self, worker: int, record: ExchangeRecord | PairRecord, then: Callable[[], None] = nothing) -> None:
        """Offer a record to the store, and count what becomes of it; each exchange comes once, so that `then` need not wait."""
        if isinstance(record, PairRecord):
            self._ledger.offer(worker, self._store.add_pair, record)
        else:
            self._ledger.offer(worker, self._store.add_exchange, record)
        then()
