"""The budget as the scheduler of shadows uses it: admitted here, and on disk before a request is sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from shadow.sampling.budget import Budget
from storage.spending import Reservation, Spending
from storage.store import StoreError

log = structlog.get_logger("sameweights.worker")

UNKNOWN = "budget_unknown"
"""Why a shadow is skipped whose cost cannot be stored: after a restart it would be spent again."""
Cost = tuple[int, float]
"""Tokens and money of one answer."""


class BudgetAccount(Protocol):
    """One budget, whichever process keeps it."""

    def exhausted(self) -> str:
        """The limit that is reached now; "" when one more request would be admitted."""

    def admit(self, requests: int = 1) -> str:
        """Admit one sampled request, to be sent to so many providers: "" and it is counted, else the limit reached."""

    def give_back(self, requests: int) -> None:
        """Give back admitted requests that will not be sent after all."""

    async def reserve(self) -> str:
        """Have one admitted request on disk before it is sent: "" when it may be, else why not, and it is given back."""

    async def pay(self, costs: Sequence[Cost]) -> None:
        """Count what the answers of one pair cost; the request of the first is reserved already."""


class SpendingStore(Protocol):
    """Where what was spent is kept, by all processes that share it."""

    def reserve(self, at: float, period: tuple[int, int], limits: Spending) -> Reservation:
        """Adds one request at `at` unless the period has reached a limit; on disk when this returns. Slow: off the loop."""

    def spend(self, at: float, cost: Spending) -> None:
        """Adds what a reference has cost at `at`, seconds since the epoch; on disk when this returns. Slow: off the loop."""


class StoredBudget:
    """The budget of this process, stored as it is spent where it has a limit."""

    def __init__(self, budget: Budget, store: SpendingStore) -> None:
        self._budget = budget
        self._store = store

    def __repr__(self) -> str:
        return f"<StoredBudget {self._budget!r}>"

    def exhausted(self) -> str:
        """The limit that is reached now; "" when one more request would be admitted."""
        return self._budget.exhausted(time.time())

    def admit(self, requests: int = 1) -> str:
        """Admit one sampled request, to be sent to so many providers: "" and it is counted, else the limit reached."""
        return self._budget.admit(time.time(), requests)

    def give_back(self, requests: int) -> None:
        """Give back admitted requests that will not be sent after all."""
        self._budget.give_back(requests)

    async def reserve(self) -> str:
        """Have one admitted request on disk, where all processes that share the store count it, also after a crash."""
        if not self._budget.limited:
            return ""
        now = time.time()
        limits = Spending(*self._budget.amounts)
        try:
            made = await asyncio.to_thread(self._store.reserve, now, self._budget.hours(now), limits)
        except StoreError:  # what cannot be stored would be spent twice
            self._budget.give_back()
            return UNKNOWN
        if made.reached:
            self._budget.give_back()
        self._budget.observe(now, *made.spent)
        return f"budget_{made.reached}" if made.reached else ""

    async def pay(self, costs: Sequence[Cost]) -> None:
        """Count what the answers of one pair cost; the request of the first is reserved already."""
        for tokens, money in costs:
            self._budget.settle(time.time(), tokens, money)
        if self._budget.limited:
            tokens, money = sum(cost[0] for cost in costs), sum(cost[1] for cost in costs)
            try:
                await asyncio.to_thread(self._store.spend, time.time(), Spending(len(costs) - 1, tokens, money))
            except StoreError as error:
                log.warning("spending_not_stored", requests=len(costs), error=str(error))
