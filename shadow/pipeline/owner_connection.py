"""A worker's side of the connection to the audit process: what it found is gathered, and sent once a turn of the loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import count
from typing import cast

import structlog

from proxy.exchange import Exchange
from proxy.packing import FrameError, FrameReader
from shadow.findings.finding import Finding
from shadow.metrics.answer_counts import CHECK, answer_counts
from shadow.pipeline.audit_messages import (
    HELLO,
    RESULT,
    ChecksCounted,
    Counted,
    FindingCount,
    FindingsCounted,
    Hello,
    Identified,
    Lost,
    Paid,
    Recorded,
    Reserve,
    Reserved,
    Skipped,
    WorkerState,
    is_own,
    packed,
    unpacked,
)
from shadow.pipeline.audit_sinks import nothing
from shadow.pipeline.budget_account import Cost
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.reading.parsed_response import ParsedResponse
from shadow.settings.top_level_config import Config
from storage.opening import record_preparer
from storage.rows import ExchangeRecord, IdentityRow, PairRecord
from storage.spending import ALL

log = structlog.get_logger("sameweights.audit_worker")


class OwnerConnection(asyncio.Protocol):
    """The connection of worker `number`; `received` is called with each message, `lost` is done when it has ended."""

    def __init__(self, number: int, received: Callable[[object], None], limit: int) -> None:
        self._number = number
        self._received = received
        self._frames = FrameReader(limit)
        self._transport: asyncio.Transport | None = None
        self._gathered: list[object] = []
        self._sending: asyncio.Handle | None = None
        self._loop = asyncio.get_running_loop()
        self.state: Callable[[], WorkerState] | None = None
        self._sent: WorkerState | None = None
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def __repr__(self) -> str:
        return f"<OwnerConnection {self._number} gathered={len(self._gathered)}>"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce this worker."""
        transport = cast("asyncio.Transport", transport)  # uvloop's has no such base
        if not is_own(transport):
            log.error("audit_socket_refused", reason="another user's")
            transport.abort()
            return
        self._transport = transport
        transport.write(packed(HELLO, Hello(self._number, os.getpid())))

    def data_received(self, data: bytes) -> None:
        """Pass on each whole message; bytes that are none end the connection, and this worker."""
        try:
            for _, payload in self._frames.feed(data):
                self._received(unpacked(payload))
        except FrameError:
            log.exception("audit_process_unreadable")
            if self._transport:
                self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        """The audit process is gone, or has closed: nothing more can be sent."""
        self._transport = None
        if not self.lost.done():
            self.lost.set_result(None)

    def add(self, message: object) -> None:
        """Send a message with the others of this turn, in their order."""
        self._gathered.append(message)
        if self._sending is None:
            self._sending = self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Send what was gathered, and the worker's state with it."""
        self._sending = None
        if self._transport is None:
            return
        gathered, self._gathered = self._gathered, []
        if self.state is not None:
            self._sent = self.state()
            gathered.append(self._sent)
            self._loop.call_soon(self._renew)
        self._transport.write(packed(RESULT, gathered))

    def _renew(self) -> None:
        """Send the state again where it has changed: a shadow counts as running until the callbacks of its task have run."""
        if self.state is not None and self.state() != self._sent:
            self.flush()


class SentCounts:
    """`AuditCounts` that are counted in the audit process."""

    def __init__(self, owner: OwnerConnection) -> None:
        self._owner = owner

    def exchange(self, exchange: Exchange, answer: ParsedResponse, outcomes: Sequence[str], *, pair_id: str = "") -> None:
        """Send the counts of one answer."""
        self._owner.add(Counted(answer_counts(exchange, answer, outcomes), pair_id))

    def findings(
        self, provider: str, model: str, kind: str, control_reason: str, findings: Iterable[Finding], *, pair_id: str
    ) -> None:
        """Send what is counted of findings."""
        if kind == CHECK:
            verdicts = tuple([(each.signal._value_, each.state._value_) for each in findings])
            self._owner.add(ChecksCounted(provider, model, verdicts))
            return
        found = tuple([FindingCount(each.signal, each.state, each.score) for each in findings])
        self._owner.add(FindingsCounted(provider, model, kind, control_reason, found, pair_id))

    def identity(self, row: IdentityRow) -> None:
        """The audit process has it already: it found the change."""

    def shadow_skipped(self, reason: str) -> None:
        """Send one skip."""
        self._owner.add(Skipped(reason))


class SentOutcomes:
    """`AuditOutcomes` that the audit process stores and counts."""

    def __init__(self, owner: OwnerConnection) -> None:
        self._owner = owner
        self._preparer = record_preparer()

    def lost(self, worker: int, reason: str, exchange_id: str = "") -> None:  # noqa: ARG002 - its sender is not answered
        """Send one loss."""
        self._owner.add(Lost(worker, reason))

    def offer(self, worker: int, record: ExchangeRecord | PairRecord, then: Callable[[], None] = nothing) -> None:
        """Send a record, prepared so that the audit process has only to write it."""
        try:
            self._owner.add(Recorded(worker, self._preparer.prepare(record)))
        except Exception:
            log.exception("record_not_stored")
            self._owner.add(Recorded(worker, None))
        then()


class SentIdentities(IdentityObserver):
    """Sends what answers show of who serves; what that changes is found in the audit process, which sees all answers."""

    def __init__(self, config: Config, owner: OwnerConnection, *, clean: Callable[[str], str]) -> None:
        super().__init__(config, clean=clean)
        self._owner = owner
        self._names: dict[tuple[str, str], tuple[str, ...]] = {}

    def known_names(self, provider: str, model: str, names: tuple[str, ...]) -> None:
        """Take the names of models that answers of a provider bore; none where the audit process has forgotten them."""
        if names:
            self._names[provider, model] = names
        else:
            self._names.pop((provider, model), None)

    def names_of(self, provider: str, model: str) -> tuple[str, ...]:
        """The names of models in earlier answers of a provider that was asked for `model`."""
        return self._names.get((provider, model), ())

    def observe(self, exchange: Exchange, answer: ParsedResponse) -> tuple[IdentityRow, ...]:
        """Send the traits; the row of a change is made where it is found."""
        self._owner.add(Identified(self.traits_of(exchange, answer)))
        return ()


class SentBudget:
    """`BudgetAccount` of the budgets that the audit process keeps: exact, since each request is reserved there."""

    def __init__(self, owner: OwnerConnection, *, limited: AbstractSet[str], exhausted: Mapping[str, str]) -> None:
        """`limited` are those whose requests have a limit, tenants or `ALL`; `exhausted` are the limits reached, by owner."""
        self._owner = owner
        self._limited = limited
        self._exhausted = exhausted
        self._numbers = count()
        self._asked: dict[int, asyncio.Future[str]] = {}

    def __repr__(self) -> str:
        return f"<SentBudget limited={len(self._limited)} exhausted={dict(self._exhausted)} asked={len(self._asked)}>"

    def reload(self, limited: AbstractSet[str]) -> None:
        """Have the requests of others reserved from the next one on."""
        self._limited = limited

    def changed(self, exhausted: Mapping[str, str]) -> None:
        """Take the limits that are reached."""
        self._exhausted = exhausted

    def answered(self, answer: Reserved) -> None:
        """Take the answer to a reservation."""
        waiting = self._asked.pop(answer.number, None)
        if waiting and not waiting.done():  # a shadow that was ended meanwhile has cancelled it
            waiting.set_result(answer.why)

    def exhausted(self, tenant: str = "") -> str:
        """The limit that was reached when the audit process last said so."""
        return self._exhausted.get(ALL, "") or self._exhausted.get(tenant, "")

    def admit(self, requests: int = 1, tenant: str = "") -> str:  # noqa: ARG002 - admitted in the audit process
        """As `exhausted`: it is admitted where it is reserved."""
        return self.exhausted(tenant)

    def give_back(self, requests: int, tenant: str = "") -> None:
        """Nothing: what is not reserved is not admitted."""

    async def reserve(self, tenant: str = "") -> str:
        """Have one request admitted and on disk, in the audit process."""
        if not self._limited & {ALL, tenant}:
            return ""
        number = next(self._numbers)
        self._asked[number] = asyncio.get_running_loop().create_future()
        self._owner.add(Reserve(number, tenant))
        return await self._asked[number]

    async def pay(self, costs: Sequence[Cost], tenant: str = "") -> None:
        """Send what the answers of one pair cost."""
        self._owner.add(Paid(tuple(costs), tenant))
