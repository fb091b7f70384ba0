"""candidate_costs(): the money of each candidate by live request, by its own token counts; the price of one call for the plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import TypeVar

from shadow.choice.price_order import Costs
from shadow.pricing.money import money
from shadow.pricing.price_list import PROMPT_CLASSES, PriceList
from shadow.pricing.token_classes import TokenClasses
from storage.judgement_rows import ArmPairRow

Key = TypeVar("Key", bound=Hashable)
CACHE_READ = TokenClasses._fields.index("cache_read")
MOST_UNPRICED = 0.02
"""Share of a candidate's answers without a price above which its price is not known."""


Cost = Callable[[ArmPairRow, str], float | None]
"""What the tokens of an answer cost at a provider: `answer_cost` with its prices."""


def candidate_costs(rows: Iterable[ArmPairRow], cost_of: Cost) -> Mapping[tuple[str, str], Costs]:
    """By candidate and model; one of whose answers more than 2 % have no price is left out, because the rest may be the cheap
    ones. A cost that is uncertain is the higher one.
    """
    return _costs(rows, cost_of, lambda row: (row.provider, row.model))


def provider_costs(rows: Iterable[ArmPairRow], cost_of: Cost) -> Mapping[str, Costs]:
    """As `candidate_costs`, by provider, of all its models."""
    return _costs(rows, cost_of, lambda row: row.provider)


def _costs(rows: Iterable[ArmPairRow], cost_of: Cost, key_of: Callable[[ArmPairRow], Key]) -> Mapping[Key, Costs]:
    found: dict[Key, dict[str, tuple[str, float]]] = defaultdict(dict)
    answers: dict[Key, int] = defaultdict(int)
    for row in rows:
        if row.status is None or row.status >= 400 or row.failure:
            continue
        key = key_of(row)
        answers[key] += 1
        cost = cost_of(row, row.provider)
        if cost is not None:
            found[key][row.request] = (row.conversation, cost)
    return {key: costs for key, costs in found.items() if len(costs) >= (1 - MOST_UNPRICED) * answers[key]}


def answer_cost(row: ArmPairRow, provider: str, prices: PriceList) -> float | None:
    """What the tokens of an answer cost at a provider; None without its counts or a price."""
    if row.tokens is None or not prices.has(provider):
        return None
    amount = money(TokenClasses(*row.tokens), prices.prices(provider, row.model, row.started))
    return None if amount is None else float(amount.high)


def call_price(live: Sequence[ArmPairRow], provider: str, prices: PriceList) -> float | None:
    """The mean cost of one call to a provider, by the token counts of the live answers; None without any that is priced."""
    known = [cost for row in live if (cost := answer_cost(row, provider, prices)) is not None]
    return fmean(known) if known else None


def cached_share(rows: Iterable[ArmPairRow]) -> float | None:
    """The share of prompt tokens that were read from a cache; None without counts."""
    counted = [row.tokens for row in rows if row.tokens is not None]
    prompt = sum(sum(tokens[:PROMPT_CLASSES]) for tokens in counted)
    return sum(tokens[CACHE_READ] for tokens in counted) / prompt if prompt else None
