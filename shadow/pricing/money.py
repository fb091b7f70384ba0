"""money(): what tokens cost by prices, in decimal arithmetic; metrics, budgets, reports and choices have no other. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from shadow.pricing.price_list import ClassPrices
from shadow.pricing.token_classes import TokenClasses

MILLION = Decimal(1_000_000)
ZERO = Decimal(0)
NO_PRICE = "no_price"
"""Why an answer whose tokens are known is not priced: a class with tokens has no price."""


class Money(NamedTuple):
    """The least and the most that was billed; equal where the usage is certain."""

    low: Decimal
    high: Decimal


NOTHING = Money(ZERO, ZERO)


def money(tokens: TokenClasses, prices: ClassPrices | None) -> Money | None:
    """The cost of these tokens; None, which is never 0, where a class with tokens has no price."""
    if prices is None:
        return None if any(tokens) else NOTHING
    low = ZERO
    for count, price in zip(tokens[:-1], prices, strict=True):
        if count and price is None:
            return None
        low += count * (price or ZERO)
    if tokens.uncertain and prices.output is None:
        return None
    high = low + tokens.uncertain * (prices.output or ZERO)
    return Money(low / MILLION, high / MILLION)


def total(amounts: Iterable[Money]) -> Money:
    """The sum of amounts."""
    low, high = ZERO, ZERO
    for amount in amounts:
        low, high = low + amount.low, high + amount.high
    return Money(low, high)
