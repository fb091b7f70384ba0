"""period_money(): what the answers of a period cost, out of their sums of tokens by day; prices change on a day. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shadow.pricing.money import NO_PRICE, Money, money, total
from shadow.pricing.price_list import PriceList
from shadow.pricing.token_classes import KNOWN, TokenClasses, UsageState
from storage.rows import TokenSum

CERTAIN_SHARE = 0.02
"""Largest share of answers without a price, and largest width of a range, with which the money of a period is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodMoney:
    """The money of so many `answers`: of those that are priced, by the configured prices; `unpriced` counts the others by reason.

    `tokens` are of all answers whose classes are known. `stated` US dollars are the cost that `stated_answers` responses name;
    `compared` is what those of them that are priced come to, `compared_stated` what these responses name.
    """

    answers: int
    money: Money
    unpriced: Mapping[str, int]
    tokens: TokenClasses
    stated: float
    stated_answers: int
    compared: Money
    compared_stated: float

    @property
    def priced(self) -> int:
        """Answers that have a price."""
        return self.answers - sum(self.unpriced.values())

    @property
    def is_known(self) -> bool:
        """Whether nearly all answers are priced, and their money is nearly one number."""
        low, high = self.money
        return self.priced >= (1 - CERTAIN_SHARE) * self.answers and float(high - low) <= CERTAIN_SHARE * float(high)

    @property
    def cached_share(self) -> float | None:
        """The share of prompt tokens that were read from a cache; None without a prompt."""
        return self.tokens.cache_read / self.tokens.prompt if self.tokens.prompt else None

    @property
    def stated_excess(self) -> float | None:
        """How much more the responses name than the configured prices give, as a share; None where nothing can be compared."""
        return self.compared_stated / float(self.compared.high) - 1 if self.compared.high else None


def period_money(sums: Iterable[TokenSum], prices: PriceList) -> PeriodMoney:
    """The money of these sums. A sum with tokens of a class that has no price is not priced as a whole."""
    rows = list(sums)
    costs = [_cost(row, prices) for row in rows]
    known = [(row, cost) for row, cost in zip(rows, costs, strict=True) if isinstance(cost, Money)]
    unpriced: Counter[str] = Counter()
    for row, cost in zip(rows, costs, strict=True):
        if not isinstance(cost, Money):
            unpriced[cost] += row.answers
    return PeriodMoney(
        answers=sum(row.answers for row in rows),
        money=total(cost for _, cost in known),
        unpriced=dict(unpriced),
        tokens=TokenClasses(*map(sum, zip(*(row.tokens for row in rows), strict=True))) if rows else TokenClasses(),
        stated=sum((row.cost for row in rows if row.stated), 0.0),
        stated_answers=sum(row.answers for row in rows if row.stated),
        compared=total(cost for row, cost in known if row.stated),
        compared_stated=sum((row.cost for row, _ in known if row.stated), 0.0),
    )


def _cost(row: TokenSum, prices: PriceList) -> Money | str:
    """The money of a sum, or why it has none."""
    if row.usage_state not in KNOWN:
        return UsageState(row.usage_state).value
    return money(TokenClasses(*row.tokens), prices.prices(row.provider, row.model, row.day)) or NO_PRICE
