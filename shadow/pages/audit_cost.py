"""audit_cost(): what the audit of a period cost at references and candidates; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shadow.findings.number_words import number_of
from shadow.pricing.money import NO_PRICE
from shadow.pricing.period_money import PeriodMoney, period_money
from shadow.pricing.price_list import PriceList
from shadow.report.money_lines import amounts, unpriced
from shadow.settings.top_level_config import Config
from storage.rows import TokenSum, TrafficCount

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
        return f"The audit sent {number_of(self.requests, 'request')} and {number_of(self.tokens, 'token')}{self._price}."

    @property
    def _price(self) -> str:
        found = self.money
        if set(found.unpriced) == {NO_PRICE} and not found.priced:
            return "; no prices are configured"
        priced = f", {amounts(found.money)} by the configured prices" if found.priced else ""
        return f"{priced}, {unpriced(found)}" if found.unpriced else priced


def audit_cost(traffic: Iterable[TrafficCount], sums: Iterable[TokenSum], config: Config) -> AuditCost:
    """The cost of the exchanges that the audit sent, each day by its own prices."""
    found = period_money((row for row in sums if row.role in ASKED), PriceList(config.proxy.providers))
    return AuditCost(requests=sum(row.requests for row in traffic if row.role in ASKED), tokens=sum(found.tokens), money=found)
