"""audit_cost(): what the audit of a period cost at references and candidates, and what is left of the budget; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shadow.pricing.money import money, total
from shadow.pricing.price_list import PriceList
from shadow.pricing.token_classes import TokenClasses
from shadow.settings.top_level_config import Config
from storage.rows import TrafficCount
from storage.spending import Spending

ASKED = frozenset({"shadow", "control", "greedy", "candidate"})
"""Roles of exchanges that the audit sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCost:
    """Requests and tokens (prompt and completion) that the audit sent, and their price; `priced`: each of them has a price."""

    requests: int
    tokens: int
    money: float
    priced: bool

    @property
    def sentence(self) -> str:
        """The cost in one sentence."""
        if not self.requests:
            return "The audit sent nothing in this period."
        price = f", {self.money:,.2f} by the configured prices" if self.priced else "; no prices are configured"
        return f"The audit sent {self.requests:,} requests and {self.tokens:,} tokens{price}."


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """One limit of the running period ("hour", "day" or "month", by UTC): what is spent of it."""

    name: str
    spent: float
    limit: float
    period: str

    @property
    def sentence(self) -> str:
        """What is spent of the limit, in one sentence."""
        figures = [f"{value:,.2f}" if self.name == "money" else f"{value:,.0f}" for value in (self.spent, self.limit)]
        state = "; nothing more is compared until the next one" if self.spent >= self.limit else ""
        return f"{figures[0]} of {figures[1]} {self.name} of this {self.period} spent{state}"


def audit_cost(traffic: Iterable[TrafficCount], config: Config, at: float) -> AuditCost:
    """The cost of the exchanges that the audit sent, by the prices that hold at `at` (seconds since the epoch)."""
    rows = [row for row in traffic if row.role in ASKED]
    prices = PriceList(config.proxy.providers)
    costs = [
        money(TokenClasses(row.prompt_tokens, output=row.completion_tokens), prices.prices(row.provider, row.model, at))
        for row in rows
    ]
    return AuditCost(
        requests=sum(row.requests for row in rows),
        tokens=sum(row.prompt_tokens + row.completion_tokens for row in rows),
        money=float(total(cost for cost in costs if cost).high),
        priced=None not in costs,
    )


def budget_lines(config: Config, spent: Spending) -> tuple[BudgetLine, ...]:
    """The limits that are set, with what is spent of each in the running period."""
    shadow = config.shadow
    limits = (("requests", spent.requests, shadow.requests), ("tokens", spent.tokens, shadow.tokens))
    return tuple(
        BudgetLine(name=name, spent=used, limit=limit, period=shadow.period)
        for name, used, limit in (*limits, ("money", spent.money, shadow.money))
        if limit
    )
