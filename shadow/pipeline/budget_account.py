"""The budgets as the scheduler of shadows uses them: admitted here, and on disk before a request is sent.

A request counts for the budget of all and for that of its tenant: both have it, or neither.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import structlog

from shadow.sampling.budget import Budget
from storage.spending import ALL, Reservation, Spending
from storage.store import StoreError

log = structlog.get_logger("sameweights.worker")

UNKNOWN = "budget_unknown"
"""Why a shadow is skipped whose cost cannot be stored: after a restart it would be spent again."""
OF_TENANT = "tenant_"
"""Begins the reason where the limit that is reached is a tenant's own: `tenant_budget_requests`."""
NO_TENANTS: Mapping[str, Budget] = MappingProxyType({})
Cost = tuple[int, float]
"""Tokens and money of one answer."""
Amounts = tuple[int, int, float]
"""Limits of a period: requests, tokens, money; 0 is none."""


class BudgetAccount(Protocol):
    """The budgets, whichever process keeps them; `tenant` is whose request it is, "" for none's."""

    def exhausted(self, tenant: str = "") -> str:
        """The limit that is reached now; "" when one more request would be admitted."""

    def admit(self, requests: int = 1, tenant: str = "") -> str:
        """Admit one sampled request, to be sent to so many providers: "" and it is counted, else the limit reached."""

    def give_back(self, requests: int, tenant: str = "") -> None:
        """Give back admitted requests that will not be sent after all."""

    async def reserve(self, tenant: str = "") -> str:
        """Have one admitted request on disk before it is sent: "" when it may be, else why not, and it is given back."""

    async def pay(self, costs: Sequence[Cost], tenant: str = "") -> None:
        """Count what the answers of one pair cost; the request of the first is reserved already."""


class KeptAccount(BudgetAccount, Protocol):
    """The budgets in the process that keeps them."""

    def reached(self) -> Mapping[str, str]:
        """The limits that are reached now, by owner: a tenant, or `ALL`."""

    def reached_by(self, owner: str) -> str:
        """The limit of one owner that is reached now; "" for none."""


class SpendingStore(Protocol):
    """Where what was spent is kept, by all processes that share it."""

    def reserve(self, at: float, period: tuple[int, int], limits: Mapping[str, Spending]) -> Reservation:
        """Adds one request at `at` for each owner unless one has reached a limit in the period; on disk when this returns.

        Slow: off the loop.
        """

    def spend(self, at: float, cost: Spending, tenant: str = "") -> None:
        """Adds what a reference has cost at `at`, seconds since the epoch; on disk when this returns. Slow: off the loop."""

    def spent(self, begin: int, end: int) -> Spending:
        """What was spent from the hour `begin` since the epoch up to, and without, the hour `end`. Slow: off the loop."""

    def spent_by_tenants(self, begin: int, end: int) -> Mapping[str, Spending]:
        """The same for each tenant for which something was spent then. Slow: off the loop."""


class StoredBudget:
    """The budgets of this process, stored as they are spent where a request has a limit, its tenant's or that of all."""

    def __init__(self, budget: Budget, store: SpendingStore, tenants: Mapping[str, Budget] = NO_TENANTS) -> None:
        """`budget` is that of all requests; a tenant that has none in `tenants` has no limit of its own."""
        self.budget = budget
        self._store = store
        self._tenants = dict(tenants)

    def __repr__(self) -> str:
        return f"<StoredBudget {self.budget!r} tenants={len(self._tenants)}>"

    @property
    def limited_tenants(self) -> Mapping[str, Budget]:
        """The budgets of the tenants that have a limit."""
        return {name: budget for name, budget in self._tenants.items() if budget.limited}

    def reload(self, limits: Mapping[str, Amounts]) -> None:
        """Use other limits of tenants; what they have spent in the running period stays counted."""
        for name in {*self._tenants, *limits}:
            self._tenant(name).limit(*limits.get(name, (0, 0, 0.0)))

    def reached(self) -> Mapping[str, str]:
        """The limits that are reached now, by owner: a tenant, or `ALL`."""
        return {owner: why for owner in (ALL, *self.limited_tenants) if (why := self.reached_by(owner))}

    def reached_by(self, owner: str) -> str:
        """The limit of one owner, a tenant or `ALL`, that is reached now; "" for none."""
        return _reason(owner, self._of(owner)[owner].exhausted(time.time()))

    async def refresh(self) -> None:
        """Take over what all processes have spent, also while this one sends nothing; known figures stay where none is read."""
        if not _limited((self.budget, *self._tenants.values())):
            return
        now = time.time()
        try:
            spent, by_tenants = await asyncio.to_thread(self._stored, *self.budget.hours(now))
        except StoreError as error:
            log.debug("spending_not_read", error=str(error))
            return
        self.budget.observe(now, *spent)
        for name, each in by_tenants.items():
            self._tenant(name).observe(now, *each)

    def _stored(self, begin: int, end: int) -> tuple[Spending, Mapping[str, Spending]]:
        return self._store.spent(begin, end), self._store.spent_by_tenants(begin, end)

    def exhausted(self, tenant: str = "") -> str:
        """The limit that is reached now; "" when one more request would be admitted."""
        now = time.time()
        found = (_reason(owner, each.exhausted(now)) for owner, each in self._of(tenant).items())
        return next((why for why in found if why), "")

    def admit(self, requests: int = 1, tenant: str = "") -> str:
        """Admit one sampled request, to be sent to so many providers: "" and it is counted, else the limit reached."""
        if why := self.exhausted(tenant):
            return why
        for each in self._of(tenant).values():
            each.admit(time.time(), requests)
        return ""

    def give_back(self, requests: int, tenant: str = "") -> None:
        """Give back admitted requests that will not be sent after all."""
        for each in self._of(tenant).values():
            each.give_back(requests)

    async def reserve(self, tenant: str = "") -> str:
        """Have one admitted request on disk, where all processes that share the store count it, also after a crash."""
        budgets = self._of(tenant)
        if not _limited(budgets.values()):  # a limit that is set later holds for what is spent from then on
            self.give_back(1, tenant)
            return ""
        now = time.time()
        limits = {owner: Spending(*each.amounts) for owner, each in budgets.items()}
        try:
            made = await asyncio.to_thread(self._store.reserve, now, self.budget.hours(now), limits)
        except StoreError:  # what cannot be stored would be spent twice
            self.give_back(1, tenant)
            return UNKNOWN
        if made.reached:
            self.give_back(1, tenant)
        for owner, spent in made.spent.items():
            budgets[owner].observe(now, *spent)
        return _reason(made.owner, f"budget_{made.reached}" if made.reached else "")

    async def pay(self, costs: Sequence[Cost], tenant: str = "") -> None:
        """Count what the answers of one pair cost; the request of the first is reserved already, and given back without any."""
        budgets = self._of(tenant).values()
        if not _limited(budgets):
            return
        if not costs:
            self.give_back(1, tenant)
        for place, (tokens, money) in enumerate(costs):
            for each in budgets:
                each.settle(time.time(), tokens, money, admitted=place == 0)
        tokens, money = sum(cost[0] for cost in costs), sum(cost[1] for cost in costs)
        try:
            await asyncio.to_thread(self._store.spend, time.time(), Spending(len(costs) - 1, tokens, money), tenant)
        except StoreError as error:
            log.warning("spending_not_stored", requests=len(costs), error=str(error))

    def _of(self, tenant: str) -> Mapping[str, Budget]:
        """The budgets that a request of a tenant counts for, by owner, that of all first."""
        return {ALL: self.budget, tenant: self._tenant(tenant)} if tenant else {ALL: self.budget}

    def _tenant(self, name: str) -> Budget:
        return self._tenants.setdefault(name, self.budget.unlimited())


def _limited(budgets: Iterable[Budget]) -> bool:
    return any(each.limited for each in budgets)


def _reason(owner: str, why: str) -> str:
    """The reason why a request is skipped, where the limit is an owner's."""
    return f"{OF_TENANT}{why}" if owner and why else why
