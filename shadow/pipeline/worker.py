"""Worker.handle(): one exchange through the rooms: read, check, keep, and, where it is sampled, ask the reference and compare.

Nothing here may end the loop: what a provider does is a value, and our own fault is logged, counted and survived.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Protocol

import structlog

from proxy.exchange import Exchange, FailureKind, Role
from proxy.process.shared_counters import PAIRS, SharedCounters
from shadow.checks.registry import check
from shadow.findings.finding import FindingState
from shadow.measures.argument_schema import call_validity
from shadow.metrics.observe import Metrics
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.fetcher_client import FetcherLostError
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.pipeline.reference_client import ReferenceClient
from shadow.pipeline.reference_errors import ReferenceErrors
from shadow.pipeline.shadow_queue import SampledRequest, ShadowQueue
from shadow.pipeline.shadow_run import ShadowRun, ShadowRunner
from shadow.pipeline.token_counts import tokens_of
from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.reading.completion import Completion
from shadow.reading.parsed_exchange import ParsedExchange, parse
from shadow.reading.parsed_response import SWITCHED
from shadow.records import calls, exchange_record
from shadow.sampling.budget import Budget
from shadow.sampling.conversations import ConversationPlace, Conversations
from shadow.sampling.eligibility import why_not
from shadow.sampling.sampler import SamplingDecision, decide
from shadow.settings.base_url_checks import doubt
from shadow.settings.config_model import Config
from storage.rows import ExchangeRecord
from storage.spending import Spending
from storage.store import StoreError, Writer

log = structlog.get_logger("sameweights.worker")
_UNANSWERED = frozenset({FailureKind.CLIENT_GONE, FailureKind.REFUSED, FailureKind.STALE, FailureKind.STOPPED})
"""Ends of a live request that leave nothing to hold against a reference, and are no fault of the provider."""
BARRED = frozenset({401, 402, 403, 407})
"""Statuses by which a provider refuses a key or a bill: there is no answer to compare, and a reference would be paid for none."""


class ExchangeSource(Protocol):
    """Where exchanges come from: the inbox today, a broker tomorrow."""

    async def take(self) -> Exchange:
        """The next exchange; waits for one."""


class RecordSink(Writer, Protocol):
    """Where records go, and what was spent."""

    def spend(self, at: float, cost: Spending) -> None:
        """Add what a reference has cost at `at`, seconds since the epoch; on disk when this returns. Slow: off the loop."""


class Worker:
    """Takes exchanges one by one; shadows run beside, at most `shadow.concurrency` at once; the rest wait."""

    def __init__(
        self,
        *,
        config: Config,
        store: RecordSink,
        metrics: Metrics,
        references: ReferenceClient,
        budget: Budget,
        policy: PrivacyPolicy,
        secret: bytes,
        identities: IdentityObserver | None = None,
        ledger: ExchangeLedger | None = None,
        sources: Callable[[int], str] = lambda _: "",
    ) -> None:
        """`secret` keys the sample and the names of conversations: 32 bytes, the same for every process of an installation.

        `sources` names a worker in the store, which counts what it has stored of each.
        """
        self.turn(config)
        self._secret = secret
        self._conversations = Conversations(secret)
        self._ledger = ledger or ExchangeLedger(SharedCounters(), {})
        self._sources = sources
        self._store = store
        self._metrics = metrics
        self._budget = budget
        self._policy = policy
        self._identities = identities or IdentityObserver(config, clean=policy.redactor.text)
        self._runner = ShadowRunner(shadow=config.shadow, policy=policy, references=references, keep=self._counted, secret=secret)
        self._reference_errors = ReferenceErrors()
        self._doubted: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()
        shadow = config.shadow
        self._waiting = ShadowQueue(most=shadow.queue, patience=shadow.wait, skipped=metrics.shadow_skipped)

    def turn(self, config: Config) -> None:
        """From the next exchange on, know the providers and routes of `config`."""
        self._config = config
        self._rates = {route.name: route.sample_rate for route in config.proxy.routes}

    @property
    def shadowing(self) -> int:
        """Shadow trials running now."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """Sampled requests that wait for their turn now."""
        return len(self._waiting)

    @property
    def references_heard(self) -> frozenset[str]:
        """The references that a shadow request has reached, or failed to reach, since the start."""
        return self._reference_errors.heard

    async def run(self, outlet: ExchangeSource) -> None:
        """Handle what the outlet gives until cancelled."""
        while True:
            self.handle(await outlet.take())
            # a full inbox never awaits: let the shadows, the pulses and the admin port have their turn
            await asyncio.sleep(0)

    def handle(self, exchange: Exchange) -> None:
        """Read, check and keep one live exchange, and begin its shadow where it is sampled; never raises."""
        _log_received(exchange)
        try:
            seen = self._policy.private(parse(exchange))
            exchange = seen.exchange
            log.debug("exchange_parsed", exchange=exchange.id, api=seen.request.api, unread=_unread(seen))
            place = self._placed(seen)
            seen = replace(seen, conversation=place.conversation)
            decision = self._decide(seen, place)
            sampled = {"shadow": decision.shadow, "control": decision.control, "reason": decision.why}
            log.debug("exchange_sampled", exchange=exchange.id, **sampled)
            record = self._counted(seen, pair_id=exchange.id if decision.shadow else "")
        except Exception:
            self._ledger.lost(exchange.worker, "error")
            log.exception("exchange_failed", exchange=exchange.id)
            return
        self._keep(record, exchange.worker)
        self._doubt(exchange)
        try:
            self._consider(seen, decision)
        except Exception:
            self._ledger.lost(PAIRS, "error")
            log.exception("shadow_not_started", exchange=exchange.id)

    def _doubt(self, exchange: Exchange) -> None:
        """Say once of a provider that answers 404 what is doubtful about its address."""
        provider = self._config.proxy.providers.get(exchange.labels.provider)
        if (
            provider is None
            or exchange.labels.provider in self._doubted
            or not exchange.response
            or exchange.response.status != 404
        ):
            return
        if sentence := doubt(provider.base_url):
            self._doubted.add(exchange.labels.provider)
            log.warning("provider_answered_404", provider=exchange.labels.provider, hint=sentence, exchange=exchange.id)

    async def drain(self, *, patience: float) -> None:
        """Wait for the running shadows, at most `patience` seconds; those that go on, or wait, are ended and counted."""
        self._waiting.clear("stopped")
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=patience)
            for task in late:
                self._metrics.shadow_skipped("stopped")
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _keep(self, record: ExchangeRecord, worker: int) -> None:
        self._await(self._store.add_exchange(replace(record, source=self._sources(worker))), worker)

        log.debug("exchange_recorded", exchange=record.exchange.id)

    def _await(self, future: Future[bool] | None, worker: int) -> None:
        """Count what becomes of a record that was offered to the store."""
        if future is None:
            self._ledger.lost(worker, "store_full")
        else:
            future.add_done_callback(lambda done: self._ledger.settled(worker, stored=done.result()))

    def _counted(self, parsed: ParsedExchange, *, pair_id: str = "") -> ExchangeRecord:
        """Check one answer, count it, and make its rows; a shadow's rows are stored with its pair.

        `pair_id` is the pair that its times lead to.
        """
        exchange = parsed.exchange
        outcomes = [call_validity(parsed.request, call)[0] for call in calls(parsed.answer)]
        found = check(parsed.request, parsed.answer, sent_as=self._sent_as(exchange), known_as=self._identities.names(exchange))
        failed = sorted({each.signal.value for each in found if each.state is FindingState.DIFFER})
        log.debug("answer_checked", exchange=exchange.id, role=exchange.role.value, failed=failed)
        self._metrics.exchange(exchange, parsed.answer, outcomes, pair_id=pair_id)
        if exchange.role is Role.PRIMARY:
            self._metrics.findings(exchange.labels.provider, exchange.labels.model, "check", "", found, pair_id="")
        bare = exchange_record(self._policy.bare(parsed), outcomes=outcomes, checks=found, bodies=self._policy.bodies)
        identities = () if exchange.role is Role.GREEDY else self._identities.observe(exchange, parsed.answer)
        for row in identities:
            self._metrics.identity(row)
        record = self._policy.leg(bare, parsed, outcomes)
        return replace(record, identities=identities) if identities else record

    def _sent_as(self, exchange: Exchange) -> str:
        """What the provider calls the model that the client named; "" when it calls it the same."""
        provider = self._config.proxy.providers.get(exchange.labels.provider)
        return provider.models.get(exchange.labels.model) or provider.models.get("*", "") if provider else ""

    def _consider(self, parsed: ParsedExchange, decision: SamplingDecision) -> None:
        if decision.why:
            self._metrics.shadow_skipped(decision.why)
        if not decision.shadow:
            return
        self._waiting.add(parsed, decision, time.monotonic())
        self._begin()

    def _begin(self) -> None:
        """Begin the shadows that wait, as far as there are places and means."""
        monotonic, wall = time.monotonic(), time.time()
        self._waiting.drop_late(monotonic, wall)
        while len(self._running) < self._config.shadow.concurrency and (sampled := self._waiting.next(monotonic, wall)):
            if why := self._budget.admit(wall):
                self._metrics.shadow_skipped(why)
                self._waiting.done(sampled)
                continue
            task = asyncio.create_task(self._try(sampled), name=f"shadow {sampled.seen.exchange.id}")
            self._running.add(task)
            task.add_done_callback(partial(self._over, sampled))

    def _over(self, sampled: SampledRequest, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._waiting.done(sampled)
        if not task.cancelled():
            self._begin()

    def _placed(self, parsed: ParsedExchange) -> ConversationPlace:
        exchange, ask = parsed.exchange, parsed.request
        place = self._conversations.place(
            request_id=exchange.id,
            model=ask.model,
            named=exchange.labels.conversation,
            body=ask.sent,
            messages=ask.messages,
        )
        if ask.api == "responses" and isinstance(parsed.answer.completion, Completion):
            self._conversations.answered(place, parsed.answer.completion.id)
        return place

    def _decide(self, parsed: ParsedExchange, place: ConversationPlace) -> SamplingDecision:
        why = self._unfit(parsed)
        if why:
            return SamplingDecision(shadow=False, control=False, why=why)
        exchange, shadow = parsed.exchange, self._config.shadow
        rate = self._rates.get(exchange.labels.route)
        decision = decide(
            key=place.drawn_by,
            request_id=exchange.id,
            rate=shadow.sample_rate if rate is None else rate,
            control_fraction=shadow.control_fraction,
            secret=self._secret,
        )
        if decision.shadow and (why := self._no_room(parsed)):
            return SamplingDecision(shadow=False, control=False, why=why)
        return decision

    def _unfit(self, parsed: ParsedExchange) -> str:
        """Why this request cannot be shadowed, whatever the sample says; "" when it can."""
        exchange = parsed.exchange
        if not self._config.shadow.enabled:
            return "off"
        if not exchange.labels.reference:
            return "no_reference"
        if exchange.labels.opted_out:
            return "opted_out"
        if exchange.response and exchange.response.status == SWITCHED:
            return why_not(exchange.request.method, exchange.request.target, None)
        if exchange.unheld:
            return "not_held"
        if exchange.request.truncated:
            return "request_truncated"
        if exchange.failure and exchange.failure.kind in _UNANSWERED:
            return exchange.failure.kind.value
        if exchange.response and exchange.response.status in BARRED:
            return "provider_refused"
        if parsed.request.unread:
            return parsed.request.unread.why.value
        fits = self._takes_thinking(exchange)
        return why_not(exchange.request.method, exchange.request.target, parsed.request.sent, thinking=fits)

    def _takes_thinking(self, exchange: Exchange) -> bool:
        """Whether the reference can check earlier thinking, being at the provider's own address, or gets none of it."""
        known = self._config.proxy.providers
        provider, reference = known.get(exchange.labels.provider), known.get(exchange.labels.reference)
        if provider is None or reference is None:
            return False
        return reference.strip_thinking or provider.base_url.rstrip("/") == reference.base_url.rstrip("/")

    def _no_room(self, parsed: ParsedExchange) -> str:
        busy = len(self._running) >= self._config.shadow.concurrency or len(self._waiting)
        if busy and not self._waiting.fits(parsed):
            return "concurrency"
        return self._budget.exhausted(time.time())

    async def _try(self, sampled: SampledRequest) -> None:
        parsed = sampled.seen
        try:
            await self._reserve()
        except (StoreError, sqlite3.Error, OSError):  # what cannot be kept would be spent twice
            self._budget.give_back()
            self._metrics.shadow_skipped("budget_unknown")
            return
        try:
            log.debug("shadow_started", exchange=parsed.exchange.id, control=sampled.decision.control)
            trial = await self._runner.run(parsed, control=sampled.decision.control)
            self._publish(trial)
            await self._spend(trial)
        except FetcherLostError:
            self._metrics.shadow_skipped("fetcher_lost")
        except Exception:
            self._ledger.lost(PAIRS, "error")
            log.exception("shadow_failed", exchange=parsed.exchange.id)

    async def _reserve(self) -> None:
        """Have the request on disk before it is sent, where there is a limit: no crash and no restart lets it be spent again."""
        if self._budget.limited:
            await asyncio.to_thread(self._store.spend, time.time(), Spending(1, 0, 0.0))

    async def _spend(self, run: ShadowRun) -> None:
        """Count what the legs of a trial came to; the first was reserved."""
        costs = [self._cost(leg) for leg in run.legs]
        for tokens, money in costs:
            self._budget.settle(time.time(), tokens, money)
        if self._budget.limited:
            tokens, money = sum(cost[0] for cost in costs), sum(cost[1] for cost in costs)
            try:
                await asyncio.to_thread(self._store.spend, time.time(), Spending(len(costs) - 1, tokens, money))
            except (StoreError, sqlite3.Error, OSError) as error:
                log.warning("spending_not_stored", error=str(error))

    def _cost(self, leg: ParsedExchange) -> tuple[int, float]:
        """Tokens, and money by the configured prices, of one answer."""
        prompt, completion = tokens_of(leg.request, leg.answer)
        prices = self._config.proxy.providers[leg.exchange.labels.provider]
        return prompt + completion, (prompt * prices.price_input + completion * prices.price_output) / 1e6

    def _publish(self, run: ShadowRun) -> None:
        pair = run.record.pair
        differing = sorted({f.signal.value for each in run.comparisons for f in each.findings if f.state is FindingState.DIFFER})
        log.debug("pair_compared", exchange=pair.id, comparable=not pair.comparable, differing=differing)
        for leg in run.legs:
            if leg.exchange.labels.provider == pair.reference:
                self._reference_errors.note(pair.reference, leg.answer.status)
        for sentence in self._reference_errors.due(time.monotonic()):
            log.warning("reference_refused", detail=sentence)
        self._await(self._store.add_pair(run.record), PAIRS)
        log.debug("pair_recorded", exchange=pair.id, control=pair.control_reason)
        for comparison in run.comparisons:
            self._metrics.findings(
                pair.provider,
                pair.model,
                comparison.kind.value,
                pair.control_reason,
                comparison.findings,
                pair_id=pair.id,
            )


def _log_received(exchange: Exchange) -> None:
    response = exchange.response
    log.debug(
        "exchange_received",
        exchange=exchange.id,
        provider=exchange.labels.provider,
        status=response.status if response else None,
        failure=exchange.failure.kind.value if exchange.failure else "",
        request_bytes=exchange.request.size,
        response_bytes=response.size if response else 0,
    )


def _unread(parsed: ParsedExchange) -> str:
    completion = parsed.answer.completion
    return "" if isinstance(completion, Completion) else completion.why.value
