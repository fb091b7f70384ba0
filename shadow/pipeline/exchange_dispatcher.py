"""ExchangeDispatcher: gives each exchange to a worker, by its conversation, and counts and stores what the workers found.

What needs all exchanges in their order stays here: conversations, who serves, the budget, and what became of each exchange.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Protocol

import structlog

from proxy.exchange import Exchange
from proxy.packing import unpack
from proxy.process.shared_counters import PAIRS
from shadow.metrics.observe import Metrics
from shadow.pipeline import audit_messages as messages
from shadow.pipeline.budget_account import UNKNOWN, Cost, KeptAccount
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.frame_bytes import message_bytes
from shadow.pipeline.identity_observer import KEPT, IdentityObserver, IdentityTraits
from shadow.pipeline.reference_probe import has_references
from shadow.pipeline.task_errors import log_error
from shadow.pipeline.worker_lanes import Lane, WorkerLanes, WorkerLink
from shadow.reading.completion import Completion
from shadow.reading.parsed_exchange import parse_exchange
from shadow.reading.parsed_request import parse_request
from shadow.sampling.conversations import ConversationPlace, Conversations
from shadow.settings.top_level_config import Config
from storage.opening import PreparedRecord
from storage.rows import IdentityRow
from storage.source_names import source
from storage.spending import ALL, HOUR
from storage.store import Outcome, PreparedWriter

log = structlog.get_logger("sameweights.audit")

TURN_SECONDS = 0.002
"""How long exchanges are placed in one turn of the loop."""
ANSWER_SHARE = 0.2
"""Of the time in which everything must end, what is left for the shadows when exchanges still wait."""


class PackedSource(Protocol):
    """Where exchanges come from, packed: the receiver of the local socket."""

    async def take_packed(self) -> tuple[int, bytes]:
        """The sender and payload of the next exchange, which counts as waiting until it is `released`; waits for one."""

    def take_packed_now(self) -> tuple[int, bytes] | None:
        """The next exchange, or None when none waits."""

    def release(self, size: int) -> None:
        """An exchange of so many bytes waits no longer."""

    give_up: Callable[[bool], bool]
    """Called when there is no room for more bytes or (False) exchanges: True where an exchange was released."""


class ExchangeDispatcher:
    """Several workers instead of one: the same calls as `Worker`, with a source of packed exchanges."""

    def __init__(
        self,
        config: Config,
        *,
        source: PackedSource,
        store: PreparedWriter,
        metrics: Metrics,
        account: KeptAccount,
        welcome: tuple[bytes, bytes],
        identities: IdentityObserver,
        ledger: ExchangeLedger,
        run: str,
    ) -> None:
        """`welcome` is what the workers must share: the secret of the sample, and that of pseudonyms."""
        self._source = source
        self._store = store
        self._metrics = metrics
        self._account = account
        self._secret, self._pseudonyms = welcome
        self._identities = identities
        identities.forgotten = self._forgotten
        self._changes: OrderedDict[str, tuple[IdentityRow, ...]] = OrderedDict()
        """The rows that wait for the record of their exchange, the oldest first: of a worker that was killed it never comes."""
        self._ledger = ledger
        self._run = run
        self._references = has_references(config)
        self._conversations = Conversations(self._secret)
        self._exhausted: Mapping[str, str] = {}
        self._hour = 0
        """The hour since the epoch in which the workers were last sent what is reached: a period begins with an hour."""
        self._copies = CandidateCopies()
        self._spending: set[asyncio.Task[None]] = set()
        self.workers = WorkerLanes(
            config.shadow.audit_workers,
            limit=message_bytes(config),
            welcome=self._welcome,
            received=self._received,
            lost=self._lost,
            taken=source.release,
            under_way=ledger.shadows,
        )
        self._bounds = {False: config.shadow.inbox, True: config.shadow.inbox_bytes}
        source.give_up = self._give_up

    def __repr__(self) -> str:
        return f"<ExchangeDispatcher {self.workers!r}>"

    @property
    def shadowing(self) -> int:
        """Shadows that run now."""
        return sum(lane.state.shadows for lane in self.workers.lanes)

    @property
    def waiting(self) -> int:
        """Sampled exchanges whose shadow waits for a place now."""
        return sum(lane.state.waiting for lane in self.workers.lanes)

    async def start(self, path: str) -> None:
        """Listen for the workers."""
        await self.workers.start(path)

    def work(self) -> list[Coroutine[None, None, None]]:
        """What runs until the end."""
        return [self.run(), self.workers.stay()]

    async def probe(self) -> None:
        """The first worker does it."""

    def reload(self, config: Config) -> None:
        """The workers are given the configuration by their parent; what it changes of the budgets they are sent here."""
        self._references = has_references(config)
        self._tell_budget(self._account.reached())

    def hold(self, copies: CandidateCopies) -> None:
        """Have the workers, those that are started later too, send copies only to the candidates that `copies` has get them."""
        self._copies = copies
        self.workers.tell(copies)

    def why_not(self) -> str:
        """A sentence that names the workers or fetchers that are missing; "" when all are well."""
        if why := self.workers.why_not():
            return why
        if self._references and not all(lane.state.fetcher for lane in self.workers.lanes):
            return "a fetcher is not running; traffic is forwarded and recorded, not all is compared"
        return ""

    async def run(self) -> None:
        """Place exchanges until cancelled."""
        while True:
            taken: tuple[int, bytes] | None = await self._source.take_packed()
            self._begin_hour(int(time.time() // HOUR))
            begun = time.perf_counter()
            while taken is not None:
                self.place(*taken)
                taken = self._source.take_packed_now() if time.perf_counter() - begun < TURN_SECONDS else None
            await asyncio.sleep(0)

    def place(self, plane: int, payload: bytes) -> None:
        """Give one exchange to a worker; never raises."""
        try:
            exchange = unpack(payload)
            place = self._place(exchange)
        except ValueError as why:
            self._source.release(len(payload))
            self._ledger.lost(plane, "malformed")
            log.warning("exchange_unreadable", worker=plane, error=str(why))
        except Exception:
            self._source.release(len(payload))
            self._ledger.lost(plane, "error")
            log.exception("exchange_failed", worker=plane)
        else:
            self.workers.put(plane, place, payload, exchange.id)

    async def drain(self, *, patience: float) -> None:
        """Have every exchange handled and the running shadows ended, in `patience` seconds together; what is not is lost."""
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        while (taken := self._source.take_packed_now()) is not None:
            self.place(*taken)
        await self.workers.empty(patience * (1 - ANSWER_SHARE))
        await self.workers.drain(until - loop.time())
        if self._spending:
            await asyncio.wait(self._spending, timeout=max(until - loop.time(), 0.0))
        self.workers.close()

    async def close(self) -> None:
        """End the connections, and the workers with them."""
        self.workers.close()

    def _give_up(self, of_bytes: bool) -> bool:
        """Drop one exchange of the lane in which most wait, where that is more than its share of the inbox."""
        given_up = self.workers.give_up(self._bounds[of_bytes], of_bytes=of_bytes)
        if given_up is None:
            return False
        plane, size = given_up
        self._source.release(size)
        self._ledger.lost(plane, "inbox_full")
        return True

    def _place(self, exchange: Exchange) -> ConversationPlace:
        asked = exchange.request
        request = parse_request(asked.target, asked.headers, asked.body, asked.truncated)
        place = self._conversations.place(
            request_id=exchange.id,
            model=request.model,
            named=exchange.labels.conversation,
            body=request.sent,
            messages=request.messages,
        )
        if request.api == "responses":  # the next request may name this answer by its id
            answer = parse_exchange(exchange).answer
            if isinstance(answer.completion, Completion):
                self._conversations.answered(place, answer.completion.id)
        return place

    def _welcome(self) -> messages.Welcome:
        names, exhausted = self._identities.all_names(), self._account.reached()
        return messages.Welcome(self._secret, self._pseudonyms, names, exhausted, self._copies)

    def _received(self, lane: Lane, message: object) -> None:
        match message:
            case messages.Counted(counts, pair_id):
                self._metrics.count(counts, pair_id=pair_id)
            case messages.ChecksCounted(provider, model, verdicts):
                self._metrics.checks(provider, model, verdicts)
            case messages.FindingsCounted(provider, model, kind, reason, findings, pair_id):
                self._metrics.findings(provider, model, kind, reason, findings, pair_id=pair_id)
            case messages.Skipped(reason):
                self._metrics.shadow_skipped(reason)
            case messages.Identified(traits):
                self._identified(traits)
            case messages.Recorded(plane, record):
                self._record(plane, record)
            case messages.Lost(plane, reason):
                self._ledger.lost(plane, reason)
            case messages.Reserve(number, tenant):
                # the link, because the next worker of this lane may have a request of that number
                self._spend(self._reserve(lane.link, number, tenant))
            case messages.Paid(costs, tenant):
                self._spend(self._pay(costs, tenant))
            case _:
                log.error("audit_message_unknown", message=type(message).__name__)

    def _identified(self, traits: IdentityTraits) -> None:
        key = (traits.provider, traits.model)
        before = self._identities.names_of(*key)
        if rows := self._identities.add(traits):
            self._changes[traits.exchange_id] = rows
            if len(self._changes) > KEPT:
                self._changes.popitem(last=False)
        for row in rows:
            self._metrics.identity(row)
        if (names := self._identities.names_of(*key)) != before:
            self.workers.tell(messages.KnownNames(*key, names))

    def _forgotten(self, provider: str, model: str) -> None:
        self.workers.tell(messages.KnownNames(provider, model, ()))

    def _record(self, plane: int, record: PreparedRecord | None) -> None:
        """Store a record; where that ends in a fault of ours it is counted as not stored."""
        try:
            if record is None:
                self._ledger.settled(plane, Outcome.BAD)
            else:
                self._store_record(plane, record)
        except Exception:
            self._ledger.settled(plane, Outcome.BAD)
            raise

    def _store_record(self, plane: int, record: PreparedRecord) -> None:
        found = {each.id: rows for each in record.exchanges if (rows := self._changes.pop(each.id, ()))}
        if plane != PAIRS:
            record = record._replace(source=source(self._run, plane))
        self._ledger.offer(plane, self._store.add_prepared, record.with_identities(found) if found else record)

    def _lost(self, planes: Mapping[int, int], shadows: int) -> None:
        for plane, exchanges in planes.items():
            for _ in range(exchanges):
                self._ledger.lost(plane, "process_killed")
        for _ in range(shadows):
            self._metrics.shadow_skipped("process_killed")

    def _spend(self, spending: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(spending)
        self._spending.add(task)
        task.add_done_callback(self._spending.discard)
        task.add_done_callback(log_error)

    async def _reserve(self, link: WorkerLink | None, number: int, tenant: str) -> None:
        try:
            why = self._account.admit(1, tenant) or await self._account.reserve(tenant)
        except Exception:  # the worker waits for an answer
            log.exception("reservation_failed")
            self._account.give_back(1, tenant)
            why = UNKNOWN
        if link:
            link.write(messages.packed(messages.WORK, messages.Reserved(number, why)))
        self._tell_budget_of(tenant)

    async def _pay(self, costs: Sequence[Cost], tenant: str) -> None:
        await self._account.pay(costs, tenant)
        self._tell_budget_of(tenant)

    def _begin_hour(self, hour: int) -> None:
        """Send what is reached of the periods that begin with a new hour, before an exchange of theirs is placed."""
        if hour != self._hour:
            self._hour = hour
            self._tell_budget(self._account.reached())

    def _tell_budget_of(self, tenant: str) -> None:
        """Send what changed by a request of a tenant ("" for none's): its own limits, and those of all."""
        now = {owner: self._account.reached_by(owner) for owner in (ALL, tenant)}
        if any(why != self._exhausted.get(owner, "") for owner, why in now.items()):
            self._tell_budget({owner: why for owner, why in {**self._exhausted, **now}.items() if why})

    def _tell_budget(self, exhausted: Mapping[str, str]) -> None:
        if exhausted != self._exhausted:
            self._exhausted = exhausted
            self.workers.tell(messages.BudgetState(exhausted))
