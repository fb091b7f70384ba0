"""audit_cost(): what the audit of a period cost at references and candidates, and what is left of the budget; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shadow.pricing.money import NO_PRICE
from shadow.pricing.period_money import PeriodMoney, period_money
from shadow.pricing.price_list import PriceList
from shadow.report.money_lines import amounts, unpriced
from shadow.sampling.budget import UNITS
from shadow.settings.top_level_config import Config
from storage.rows import TokenSum, TrafficCount
from storage.spending import NOTHING, Spending

NO_TENANTS: Mapping[str, Spending] = MappingProxyType({})
ASKED = frozenset({"shadow", "control", "greedy", "candidate"})
"""Roles of exchanges that the audit sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCost:
    """Requests that the audit sent, the tokens of their answers, and what these cost."""

    requests: int
    tokens: int
    money: PeriodMoney

    @property
    def sentence(self) -> str:
        """The cost in one sentence, with what is not known of it."""
        if not self.requests:
            return "The audit sent nothing in this period."
        return f"The audit sent {self.requests:,} requests and {self.tokens:,} tokens{self._price}."

    @property
    def _price(self) -> str:
        found = self.money
        if set(found.unpriced) == {NO_PRICE} and not found.priced:
            return "; no prices are configured"
        priced = f", {amounts(found.money)} by the configured prices" if found.priced else ""
        return f"{priced}, {unpriced(found)}" if found.unpriced else priced


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """One limit of the running period ("hour", "day" or "month", by UTC), of all or of one tenant: what is spent of it."""

    tenant: str = ""
    name: str
    spent: float
    limit: float
    period: str

    @property
    def sentence(self) -> str:
        """What is spent of the limit, in one sentence."""
        figures = [f"{value:,.2f}" if self.name == "money" else f"{value:,.0f}" for value in (self.spent, self.limit)]
        of, more = (f"tenant {self.tenant}: ", "nothing more of its requests") if self.tenant else ("", "nothing more")
        state = f"; {more} is compared until the next one" if self.is_spent else ""
        return f"{of}{figures[0]} of {figures[1]} {self.name} of this {self.period} spent{state}"

    @property
    def is_spent(self) -> bool:
        """Whether the limit is reached."""
        return self.spent >= self.limit


def audit_cost(traffic: Iterable[TrafficCount], sums: Iterable[TokenSum], config: Config) -> AuditCost:
    """The cost of the exchanges that the audit sent, each day by its own prices."""
    found = period_money((row for row in sums if row.role in ASKED), PriceList(config.proxy.providers))
    return AuditCost(requests=sum(row.requests for row in traffic if row.role in ASKED), tokens=sum(found.tokens), money=found)


def budget_lines(config: Config, spent: Spending, tenants: Mapping[str, Spending] = NO_TENANTS) -> tuple[BudgetLine, ...]:
    """The limits that are set, with what is spent of each in the running period: in all, and then for each tenant."""
    own = ((tenant.name, tenant.budget, tenants.get(tenant.name, NOTHING)) for tenant in config.tenants)
    return tuple(
        BudgetLine(tenant=name, name=unit, spent=getattr(used, unit), limit=getattr(limits, unit), period=config.shadow.period)
        for name, limits, used in (("", config.shadow, spent), *own)
        for unit in UNITS
        if getattr(limits, unit)
    )
