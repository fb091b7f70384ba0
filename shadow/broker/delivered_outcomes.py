"""DeliveredOutcomes: what becomes of exchanges that a broker delivers, so that none is counted, shadowed or lost by a redelivery.

An exchange is counted and its shadow starts once the store has it and had not before. What the store cannot take now is held
here and offered again; meanwhile no further exchange is taken.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import structlog

from proxy.exchange import Exchange, Role
from shadow.findings.finding import Finding
from shadow.pipeline.audit_sinks import AuditCounts, nothing
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.reading.parsed_response import ParsedResponse
from storage.rows import ExchangeRecord, IdentityRow, PairRecord
from storage.store import Outcome, Settled, Writer

log = structlog.get_logger("sameweights.consumer")

OFFER_SECONDS = 1.0
"""Seconds between two attempts to store what the store could not take."""


class Deliveries(Protocol):
    """Where exchanges come from."""

    def settled(self, exchange_id: str) -> None:
        """The exchange need not be delivered again."""

    def pause(self, paused: bool) -> None:
        """Deliver none until further notice."""


class DeferredCounts:
    """`AuditCounts` that keeps what a live exchange counts until it is taken; everything else is counted at once.

    A worker handles a live exchange in one go, from `exchange` to the offer of its record: what comes between belongs to it.
    """

    def __init__(self, counts: AuditCounts) -> None:
        self._counts = counts
        self._kept: list[Callable[[], None]] = []
        self._is_live = False

    def __repr__(self) -> str:
        return f"<DeferredCounts kept={len(self._kept)}>"

    def exchange(self, exchange: Exchange, answer: ParsedResponse, outcomes: Sequence[str], *, pair_id: str = "") -> None:
        """Count one answer, a live one later."""
        self._is_live = self._is_live or exchange.role is Role.PRIMARY
        self._count(partial(self._counts.exchange, exchange, answer, outcomes, pair_id=pair_id))

    def findings(
        self, provider: str, model: str, kind: str, control_reason: str, findings: Iterable[Finding], *, pair_id: str
    ) -> None:
        """Count the findings of one pair, or of one answer alone."""
        self._count(partial(self._counts.findings, provider, model, kind, control_reason, findings, pair_id=pair_id))

    def identity(self, row: IdentityRow) -> None:
        """Take who serves a model from now on."""
        self._count(partial(self._counts.identity, row))

    def shadow_skipped(self, reason: str) -> None:
        """Count one request that was not shadowed, or not to its end."""
        self._count(partial(self._counts.shadow_skipped, reason))

    def take(self) -> Sequence[Callable[[], None]]:
        """What the live exchange that was handled last counts; kept no longer."""
        kept, self._kept, self._is_live = self._kept, [], False
        return kept

    def _count(self, call: Callable[[], None]) -> None:
        if self._is_live:
            self._kept.append(call)
        else:
            call()


class _Offered(NamedTuple):
    worker: int
    record: ExchangeRecord | PairRecord
    counts: Sequence[Callable[[], None]]
    then: Callable[[], None]


class DeliveredOutcomes:
    """`AuditOutcomes` of a process that takes exchanges from a broker; all but the store's callback belongs to the loop."""

    def __init__(self, ledger: ExchangeLedger, store: Writer, deliveries: Deliveries, counts: DeferredCounts) -> None:
        self._ledger = ledger
        self._store = store
        self._deliveries = deliveries
        self._counts = counts
        self._held: deque[_Offered] = deque()
        self._is_away = False
        """Whether the store refused a record since it last took one."""
        self._loop = asyncio.get_running_loop()

    def __repr__(self) -> str:
        return f"<DeliveredOutcomes held={len(self._held)}>"

    def __len__(self) -> int:
        """Records that the store could not take."""
        return len(self._held)

    def lost(self, worker: int, reason: str, exchange_id: str = "") -> None:
        """Count one that is lost, and have a live exchange delivered no more."""
        self._ledger.lost(worker, reason)
        if exchange_id:
            _call_all(self._counts.take())
            self._deliveries.settled(exchange_id)

    def offer(self, worker: int, record: ExchangeRecord | PairRecord, then: Callable[[], None] = nothing) -> None:
        """Offer a record to the store; a live exchange is counted, and `then` called, once it is stored."""
        counts = self._counts.take() if isinstance(record, ExchangeRecord) else ()
        self._ledger.offered(worker)
        self._offer(_Offered(worker, record, counts, then))

    async def keep(self) -> None:
        """Offer what is held again, until cancelled."""
        while True:
            await asyncio.sleep(OFFER_SECONDS)
            if self._held:
                self.offer_held()

    def offer_held(self) -> None:
        """Offer once what is held now."""
        held, self._held = self._held, deque()
        for each in held:
            self._offer(each)

    def _offer(self, offered: _Offered) -> None:
        settled = partial(self._settled_in_thread, offered)
        if not self._add(offered.record, settled):
            self._hold(offered, "its queue is full")

    def _add(self, record: ExchangeRecord | PairRecord, settled: Settled) -> bool:
        if isinstance(record, PairRecord):
            return self._store.add_pair(record, settled)
        return self._store.add_exchange(record, settled)

    def _settled_in_thread(self, offered: _Offered, outcome: Outcome) -> None:
        self._loop.call_soon_threadsafe(self._settled, offered, outcome)

    def _settled(self, offered: _Offered, outcome: Outcome) -> None:
        if outcome is Outcome.AWAY:
            self._hold(offered, "it refused them")
            return
        self._take_more()
        if outcome is not Outcome.KNOWN or isinstance(offered.record, PairRecord):
            self._ledger.settle(offered.worker, offered.record, outcome)
            _call_all(offered.counts)
        if outcome is Outcome.STORED:
            _call_all((offered.then,))
        if isinstance(offered.record, ExchangeRecord):
            self._deliveries.settled(offered.record.exchange.id)

    def _take_more(self) -> None:
        if self._held:
            return
        self._deliveries.pause(False)
        if self._is_away:
            self._is_away = False
            log.info("store_back")

    def _hold(self, offered: _Offered, why: str) -> None:
        if not self._is_away:
            self._is_away = True
            log.warning("store_away", reason=why, effect="records are held and offered again; no exchange is taken meanwhile")
        self._held.append(offered)
        self._deliveries.pause(True)


def _call_all(calls: Iterable[Callable[[], None]]) -> None:
    """Call each; a fault of ours in one costs that one alone."""
    for call in calls:
        try:
            call()
        except Exception:
            log.exception("count_failed")
