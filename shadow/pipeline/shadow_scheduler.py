"""ShadowScheduler: runs the shadows of sampled exchanges, at most `shadow.concurrency` at once and within the budget.

An error of one shadow ends that shadow: it is logged and counted.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial

import structlog

from proxy.process.shared_counters import PAIRS
from shadow.findings.finding import FindingState
from shadow.pipeline.audit_sinks import AuditCounts, AuditOutcomes
from shadow.pipeline.budget_account import BudgetAccount
from shadow.pipeline.fetcher_client import FetcherLostError
from shadow.pipeline.reference_errors import ReferenceErrors
from shadow.pipeline.shadow_queue import SampledRequest, ShadowQueue
from shadow.pipeline.shadow_run import ShadowRun, ShadowRunner
from shadow.pipeline.token_counts import tokens_of
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.sampling.sampler import SamplingDecision
from shadow.settings.top_level_config import Config

log = structlog.get_logger("sameweights.worker")


class ShadowScheduler:
    """Sampled exchanges wait in a queue for a place and for the budget; each then runs as a task, and its pair is stored."""

    def __init__(
        self,
        config: Config,
        *,
        runner: ShadowRunner,
        metrics: AuditCounts,
        account: BudgetAccount,
        outcomes: AuditOutcomes,
    ) -> None:
        self.reload(config)
        self._runner = runner
        self._metrics = metrics
        self._account = account
        self._outcomes = outcomes
        self._reference_errors = ReferenceErrors()
        self._running: set[asyncio.Task[None]] = set()
        self._waiting = ShadowQueue(most=config.shadow.queue, patience=config.shadow.wait, skipped=metrics.shadow_skipped)

    def __repr__(self) -> str:
        return f"<ShadowScheduler running={self.running} waiting={self.waiting} concurrency={self._concurrency}>"

    def reload(self, config: Config) -> None:
        """Use the providers of `config` from the next shadow on."""
        self._concurrency = config.shadow.concurrency
        self._providers = config.proxy.providers

    @property
    def running(self) -> int:
        """Shadows that run now."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """Sampled exchanges that wait for a place now."""
        return len(self._waiting)

    @property
    def reached(self) -> frozenset[str]:
        """The references that a shadow request has reached, or failed to reach, since the start."""
        return self._reference_errors.heard

    def why_full(self, parsed: ParsedExchange) -> str:
        """Why one more shadow cannot be taken now; "" when it can."""
        busy = self.running >= self._concurrency or self.waiting
        if busy and not self._waiting.fits(parsed):
            return "concurrency"
        return self._account.exhausted()

    def add(self, parsed: ParsedExchange, decision: SamplingDecision) -> None:
        """Take one sampled exchange; its shadow starts now or when a place is free."""
        self._waiting.add(parsed, decision, time.monotonic())
        self._start_waiting()

    async def drain(self, *, patience: float) -> None:
        """Wait for the running shadows, at most `patience` seconds; later ones, and those that wait, are ended and counted."""
        self._waiting.clear("stopped")
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=patience)
            for task in late:
                self._metrics.shadow_skipped("stopped")
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _start_waiting(self) -> None:
        """Start the shadows that wait, as far as places and budget allow."""
        monotonic, wall = time.monotonic(), time.time()
        self._waiting.drop_late(monotonic, wall)
        while self.running < self._concurrency and (sampled := self._waiting.next(monotonic, wall)):
            if why := self._account.admit():
                self._metrics.shadow_skipped(why)
                self._waiting.done(sampled)
                continue
            task = asyncio.create_task(self._shadow(sampled), name=f"shadow {sampled.parsed.exchange.id}")
            self._running.add(task)
            task.add_done_callback(partial(self._ended, sampled))

    def _ended(self, sampled: SampledRequest, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._waiting.done(sampled)
        if not task.cancelled():
            self._start_waiting()

    async def _shadow(self, sampled: SampledRequest) -> None:
        """Reserve, run, store and pay for one shadow."""
        exchange_id = sampled.parsed.exchange.id
        if why := await self._account.reserve():
            self._metrics.shadow_skipped(why)
            return
        try:
            log.debug("shadow_started", exchange=exchange_id, control=sampled.decision.control)
            run = await self._runner.run(sampled.parsed, control=sampled.decision.control)
            self._record(run)
            await self._account.pay([self._cost(each) for each in run.exchanges])
        except FetcherLostError:
            self._metrics.shadow_skipped("fetcher_lost")
        except Exception:
            self._outcomes.lost(PAIRS, "error")
            log.exception("shadow_failed", exchange=exchange_id)

    def _record(self, run: ShadowRun) -> None:
        """Store the pair, and count its findings."""
        pair = run.record.pair
        differing = sorted({f.signal.value for each in run.comparisons for f in each.findings if f.state is FindingState.DIFFER})
        log.debug("pair_compared", exchange=pair.id, comparable=not pair.comparable, differing=differing)
        self._log_refusals(run)
        self._outcomes.offer(PAIRS, run.record)
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

    def _log_refusals(self, run: ShadowRun) -> None:
        for each in run.exchanges:
            if each.exchange.labels.provider == run.record.pair.reference:
                self._reference_errors.note(run.record.pair.reference, each.answer.status)
        for sentence in self._reference_errors.due(time.monotonic()):
            log.warning("reference_refused", detail=sentence)

    def _cost(self, exchange: ParsedExchange) -> tuple[int, float]:
        """Tokens, and money by the configured prices, of one answer."""
        prompt, completion = tokens_of(exchange.request, exchange.answer)
        prices = self._providers[exchange.exchange.labels.provider]
        return prompt + completion, (prompt * prices.price_input + completion * prices.price_output) / 1e6
