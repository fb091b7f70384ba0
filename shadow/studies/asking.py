"""Asker: sends one request of a study to one provider, patiently and within the budget; whatever the provider does is a value.

A time that a provider names (`Retry-After`) holds every further request to this provider, and to no other.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from proxy.exchange import Exchange, Role
from proxy.exchange_ids import new_id
from shadow.pipeline.fetcher_client import FetcherClient
from shadow.pipeline.reference_client import ReferenceClient
from shadow.pipeline.token_counts import answer_cost
from shadow.pricing.price_list import PriceList
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse, parse_response
from shadow.sampling.shadow_body import ShadowBody
from shadow.settings.top_level_config import Config
from shadow.studies.chat_request import ChatRequest
from shadow.studies.patience import MOST_TRIES, is_denied, setback, wait_seconds
from shadow.studies.study_budget import Cost, StudyBudget
from shadow.studies.token_ceiling import cost_ceiling

LONGEST_WAIT = 300.0
"""A provider that names a longer time is given up for this run: it can be resumed later."""
RememberSetback = Callable[["Setback"], Awaitable[None]]
"""Stores a try that gave no answer, before the next one is sent."""
RememberSending = Callable[[str, Cost], Awaitable[None]]
"""Stores that a try is about to be sent, as the exchange of this id, and the most that it can cost."""


class BudgetSpentError(Exception):
    """A request was not sent, because it could have passed a limit of the study; `limit` names which."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"the budget's limit of {limit} would be passed")
        self.limit = limit


class StudyStoppedError(Exception):
    """A request, or a further try of it, was not sent, because the study was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback:
    """One try that gave no answer: when it ended (seconds since the epoch), of which class, and the seconds waited.

    `change` is what it cost, less the most that it could have cost.
    """

    at: float
    reason: str
    waited: float
    change: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The outcome of one request: its last exchange, the tries before, and whether it may be sent again when resumed."""

    exchange: Exchange
    answer: ParsedResponse
    setbacks: tuple[Setback, ...]
    gave_up: bool
    """The last try failed as well, or the provider refused the key, the account or the rate: nothing was measured."""
    change: Cost
    """What the last try cost, less the most that it could have cost."""

    @property
    def tries(self) -> int:
        """How often it was sent."""
        return len(self.setbacks) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What every try of one request sends."""

    live: Exchange
    body: ShadowBody
    role: Role
    target: str
    parsed: ParsedRequest
    ceiling: Cost


class Asker:
    """Sends requests to the providers of a configuration; for one event loop."""

    def __init__(
        self,
        *,
        config: Config,
        environ: Mapping[str, str],
        fetcher: FetcherClient,
        budget: StudyBudget,
        route: str,
        reference: str,
        now: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`route` names the study in the records, `reference` the provider that the others are compared with.

        `now` returns seconds of a clock that `wait` lets pass.
        """
        self._client = ReferenceClient(config, environ, fetcher)
        self._prices = PriceList(config.proxy.providers)
        self._budget = budget
        self._route = route
        self._reference = reference
        self._now = now
        self._wait = wait
        self._held_until: dict[str, float] = defaultdict(float)
        self._settled = asyncio.Event()
        self._stopped = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Asker {self._route} {self._budget!r}>"

    def prepare(self, request: ChatRequest, target: str) -> ShadowBody:
        """The body that `target` will get, and a sentence for each thing that is not as in the request."""
        return self._client.prepare(self._exchange(request), target)

    def held_seconds(self, target: str) -> float:
        """Seconds for which requests to `target` are still held."""
        return max(self._held_until[target] - self._now(), 0.0)

    async def ask(
        self,
        request: ChatRequest,
        target: str,
        role: Role,
        *,
        prepared: ShadowBody | None = None,
        sending: RememberSending | None = None,
        remember: RememberSetback | None = None,
    ) -> Asked:
        """The answer of `target`, after at most `MOST_TRIES` tries.

        `sending` is awaited before each try, `remember` after each that gave no answer and is followed by another.
        BudgetSpentError where a limit could be passed, StudyStoppedError after `stop`, FetcherLostError where the process that
        sends requests ended: then nothing was measured.
        """
        live = self._exchange(request)
        body = prepared or self._client.prepare(live, target)
        ceiling = cost_ceiling(replace(request, body=body.body), request.parsed.model, target, self._prices)
        trial = _Trial(live=live, body=body, role=role, target=target, parsed=request.parsed, ceiling=ceiling)
        setbacks: list[Setback] = []
        while True:
            await self._released(target)
            answer, change = await self._send(trial, sending)
            reason = setback(answer)
            wait = wait_seconds(answer.exchange, len(setbacks) + 1, time.time()) if reason else 0.0
            if not reason or len(setbacks) + 1 == MOST_TRIES or wait > LONGEST_WAIT:
                gave_up = bool(reason) or is_denied(answer)
                named = answer.exchange._replace(id=live.id, labels=live.labels._replace(provider=target))
                answer = answer._replace(exchange=named)
                return Asked(exchange=named, answer=answer, setbacks=tuple(setbacks), gave_up=gave_up, change=change)
            setbacks.append(Setback(at=time.time(), reason=reason, waited=wait, change=change))
            if remember:
                await remember(setbacks[-1])
            self._held_until[target] = max(self._held_until[target], self._now() + wait)

    def stop(self) -> None:
        """Send nothing more, no further try either; waits for a named time end, and requests in flight are completed."""
        self._stopped.set()
        self._settled.set()

    async def close(self) -> None:
        """Cancel what still runs."""
        await self._client.close()

    def _exchange(self, request: ChatRequest) -> Exchange:
        return request.as_exchange(route=self._route, reference=self._reference, identity=new_id())

    async def _released(self, target: str) -> None:
        while not self._stopped.is_set() and (seconds := self.held_seconds(target)) > 0:
            waits = [asyncio.ensure_future(self._wait(seconds)), asyncio.ensure_future(self._stopped.wait())]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waits:
                    each.cancel()

    async def _afford(self, ceiling: Cost) -> None:
        """Hold back what a try can cost, as soon as requests in flight leave room for it; BudgetSpentError where none will."""
        self._check_going()
        while limit := self._budget.hold(ceiling, self._now()):
            if not self._budget.is_holding or limit == "minutes":
                raise BudgetSpentError(limit)
            self._settled.clear()
            await self._settled.wait()
            self._check_going()

    def _check_going(self) -> None:
        if self._stopped.is_set():
            raise StudyStoppedError("the study was stopped")

    async def _send(self, trial: _Trial, sending: RememberSending | None) -> tuple[ParsedResponse, Cost]:
        """One try within the budget, which holds back the most that it can cost; what came, and its cost less that most."""
        ceiling = trial.ceiling
        await self._afford(ceiling)
        cost = Cost()
        try:
            if sending:
                await sending(trial.live.id, ceiling)
            cost = ceiling  # until it is known, and for good where it never is
            exchange = await self._client.ask(trial.live, trial.body, trial.role, trial.target)
            answer = parse_response(exchange)
            tokens, money = answer_cost(trial.parsed, answer, trial.target, self._prices)
            cost = Cost(requests=1, tokens=tokens, money=money)
        finally:
            self._budget.settle(ceiling, cost)
            self._settled.set()
        return answer, cost + ceiling.times(-1)
