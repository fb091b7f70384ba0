"""ShadowScheduler: runs the shadows of sampled exchanges, at most `shadow.concurrency` at once and within the budget.

An error of one shadow ends that shadow: it is logged and counted. A sampled exchange has its place until the pair of the live
answer is stored; the pairs of its candidates are stored as they come, in places of the candidates' own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

import structlog

from proxy.exchange import Role
from proxy.process.shared_counters import PAIRS
from shadow.findings.finding import FindingState
from shadow.pipeline.audit_sinks import AuditCounts, AuditOutcomes
from shadow.pipeline.budget_account import BudgetAccount
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.candidate_places import CandidatePlaces
from shadow.pipeline.fetcher_client import FetcherLostError
from shadow.pipeline.reference_answers import ReferenceAnswers
from shadow.pipeline.reference_errors import CANDIDATE, ReferenceErrors
from shadow.pipeline.shadow_queue import SampledRequest, ShadowQueue
from shadow.pipeline.shadow_run import Came, ShadowRun, ShadowRunner
from shadow.pipeline.token_counts import answer_cost
from shadow.pricing.price_list import PriceList
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.sampling.sampler import SamplingDecision
from shadow.settings.top_level_config import Config

log = structlog.get_logger("sameweights.worker")

PAY_SECONDS = 0.5
"""How long shadows that are ended may take to store what they have cost: a store that hangs delays no end."""


def unnoted(_: int) -> None:
    """For a scheduler of which another process knows what it has under way."""


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
        secret: bytes,
        under_way: Callable[[int], None] = unnoted,
    ) -> None:
        """`secret` keys the turns of candidates. `under_way` is called with the number of sampled exchanges that run or wait,
        whenever it changes.
        """
        self._under_way = under_way
        self._runner = runner
        self._metrics = metrics
        self._account = account
        self._outcomes = outcomes
        self._reference_errors = ReferenceErrors()
        self._candidates = CandidatePlaces(config, metrics.shadow_skipped, secret=secret)
        self._running: set[asyncio.Task[None]] = set()
        self._taken = 0
        self._waiting = ShadowQueue(most=config.shadow.queue, patience=config.shadow.wait, skipped=metrics.shadow_skipped)
        self.reload(config)

    def __repr__(self) -> str:
        return f"<ShadowScheduler running={self.running} waiting={self.waiting} concurrency={self._concurrency}>"

    def reload(self, config: Config) -> None:
        """Use the prices of `config` from the next shadow on."""
        self._concurrency = config.shadow.concurrency
        self._candidates.reload(config)
        self._prices = PriceList(config.proxy.providers)

    def renew(self, copies: CandidateCopies) -> None:
        """Use what is left of the money of tournaments from the next copy on."""
        self._candidates.renew(copies)

    @property
    def running(self) -> int:
        """Sampled exchanges whose shadows run now, those that wait for a candidate alone among them."""
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
        busy = self._taken >= self._concurrency or self.waiting
        if busy and not self._waiting.fits(parsed):
            return "concurrency"
        return self._account.exhausted(_tenant(parsed))

    def add(self, parsed: ParsedExchange, decision: SamplingDecision) -> None:
        """Take one sampled exchange; its shadow starts now or when a place is free."""
        self._waiting.add(parsed, decision, time.monotonic())
        self._start_waiting()
        self._note()

    async def drain(self, *, patience: float) -> None:
        """Wait for the running shadows, at most `patience` seconds; later ones, and those that wait, are ended and counted."""
        self._waiting.clear("stopped")
        self._note()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=patience)
            for task in late:
                self._metrics.shadow_skipped("stopped")
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=PAY_SECONDS)

    def _note(self) -> None:
        self._under_way(self.running + self.waiting)

    def _start_waiting(self) -> None:
        """Start the shadows that wait, as far as places and budget allow."""
        monotonic, wall = time.monotonic(), time.time()
        self._waiting.drop_late(monotonic, wall)
        while self._taken < self._concurrency and (sampled := self._waiting.next(monotonic, wall)):
            candidates = self._candidates.take(sampled.parsed)
            if why := self._account.admit(1 + len(candidates), _tenant(sampled.parsed)):
                self._metrics.shadow_skipped(why)
                self._waiting.done(sampled)
                self._candidates.leave(sampled.parsed, *candidates)
                continue
            self._begin(sampled, candidates)

    def _begin(self, sampled: SampledRequest, candidates: tuple[str, ...]) -> None:
        """Run the shadows of one sampled exchange as a task; what it has not given back by its end is given back then."""
        self._taken += 1
        ended = ExitStack()
        place = ended.enter_context(ExitStack())
        place.callback(self._leave, sampled)
        copies = {name: ended.enter_context(ExitStack()) for name in candidates}
        for name, copy in copies.items():
            copy.callback(self._candidates.leave, sampled.parsed, name)
        task = asyncio.create_task(self._shadow(sampled, place, copies), name=f"shadow {sampled.parsed.exchange.id}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(lambda _: ended.close())  # because a task that is cancelled before it starts runs no line
        task.add_done_callback(lambda _: self._note())

    async def _shadow(self, sampled: SampledRequest, place: ExitStack, copies: Mapping[str, ExitStack]) -> None:
        """Reserve and run the shadows of one sampled exchange; its place is free with the pair of the live answer."""
        if not await self._reserved(sampled.parsed, len(copies)):
            return
        log.debug("shadow_started", exchange=sampled.parsed.exchange.id, control=sampled.decision.control)
        answers = self._runner.answers(sampled.parsed, control=sampled.decision.control)
        async with asyncio.TaskGroup() as group:
            for name, copy in copies.items():
                group.create_task(self._candidate(answers, name, copy))
            await self._settle(answers, partial(self._runner.run, answers), copied=bool(copies))
            place.close()

    async def _reserved(self, live: ParsedExchange, others: int = 0) -> bool:
        """Reserve one admitted request; where it may not be sent that is counted, and the `others` with it are given back."""
        try:
            why = await self._account.reserve(_tenant(live))
        except Exception:
            self._outcomes.lost(PAIRS, "error")
            log.exception("shadow_failed", exchange=live.exchange.id)
            self._account.give_back(1 + others, _tenant(live))
            return False
        if why:
            self._metrics.shadow_skipped(why)
            self._account.give_back(others, _tenant(live))
        return not why

    def _leave(self, sampled: SampledRequest) -> None:
        """Give back the place of one sampled exchange."""
        self._taken -= 1
        self._waiting.done(sampled)
        self._start_waiting()

    async def _candidate(self, answers: ReferenceAnswers, name: str, copy: ExitStack) -> None:
        """The pair of one candidate, once that has a place; the copy is not sent where it has none in time."""
        with copy:
            if why := await self._candidates.enter(answers.live, name):
                self._metrics.shadow_skipped(why)
                self._account.give_back(1, _tenant(answers.live))
                return
            copy.callback(self._candidates.exit, name)
            if await self._reserved(answers.live):
                await self._settle(answers, partial(self._runner.run_candidate, answers, name), copied=True)

    async def _settle(self, answers: ReferenceAnswers, run: Callable[[Came], Awaitable[ShadowRun]], *, copied: bool) -> None:
        """Run and store one pair, and pay for what was sent for it; an error ends that pair alone. `copied`: the request has
        copies, so that its tournament pays too.
        """
        came: list[ParsedExchange] = []
        whole = False
        try:
            found = await run(came.append)
            whole = True
            self._record(found)
        except FetcherLostError:
            self._metrics.shadow_skipped("fetcher_lost")
        except Exception:
            self._outcomes.lost(PAIRS, "error")
            log.exception("shadow_failed", exchange=answers.live.exchange.id)
        finally:
            if came or whole:  # else the request that is reserved may have been sent, and stays counted
                await self._pay(answers.live, came, copied=copied)

    async def _pay(self, live: ParsedExchange, came: Sequence[ParsedExchange], *, copied: bool) -> None:
        try:
            costs = [self._cost(each) for each in came]
            if copied:
                self._candidates.pay(live, sum(money for _, money in costs))
            await self._account.pay(costs, _tenant(live))
        except Exception:
            log.exception("shadow_not_paid", exchange=live.exchange.id)

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
            name = each.exchange.labels.provider
            if each.exchange.role is Role.CANDIDATE:
                self._reference_errors.note(name, each.answer.status, side=CANDIDATE)
            elif name == run.record.pair.reference:
                self._reference_errors.note(name, each.answer.status)
        for sentence in self._reference_errors.due(time.monotonic()):
            log.warning("reference_refused", detail=sentence)

    def _cost(self, exchange: ParsedExchange) -> tuple[int, float]:
        """Tokens, and money by the configured prices, of one answer."""
        return answer_cost(exchange.request, exchange.answer, exchange.exchange.labels.provider, self._prices)


def _tenant(live: ParsedExchange) -> str:
    """Whose request it is, and so whose budget the shadows of it count for; "" without tenants."""
    return live.exchange.labels.tenant
