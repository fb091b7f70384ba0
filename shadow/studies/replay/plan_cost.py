"""plan_cost(): what a plan costs at most, before anything is sent: requests, tokens and money, provider by provider. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proxy.provider_config import Provider
from shadow.findings.number_words import number_of, verb_of
from shadow.pipeline.token_counts import BYTES_PER_TOKEN
from shadow.pricing.price_list import PriceList
from shadow.studies.patience import MOST_TRIES
from shadow.studies.replay.replay_plan import ReplayPlan
from shadow.studies.study_budget import BudgetLimits, Cost

UNBUDGETED_REQUESTS = 2_000
"""A study of more requests needs a budget."""
UNBUDGETED_MONEY = 10.0
"""A study whose ceiling by the configured prices is above this needs a budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCost:
    """`ceiling` is the cost of sending every request that is missing once, its answer as long as it may be, for each provider.

    `prompt_tokens` is an estimate; `unlimited` counts the rows that are sent without a limit on their answers, for which there is
    no ceiling;
    `stored` counts the answers that an earlier run has stored; `unpriced` names the providers without a price.
    """

    ceiling: Cost
    by_provider: Mapping[str, Cost]
    prompt_tokens: int
    unlimited: int
    stored: int
    unpriced: tuple[str, ...]

    @property
    def with_tries(self) -> int:
        """Requests if each had to be sent as often as it may be."""
        return self.ceiling.requests * MOST_TRIES


def plan_cost(
    plan: ReplayPlan,
    *,
    providers: Mapping[str, Provider],
    has: Callable[[str], bool] = lambda _: False,
) -> PlanCost:
    """The cost of a plan; `has` returns whether the answer of a key is stored."""
    sums: dict[str, Cost] = {name: Cost() for name in plan.targets.names}
    unlimited: set[str] = set()
    prompt = stored = 0
    for request in plan.requests:
        if has(request.key):
            stored += 1
            continue
        sums[request.target] += request.ceiling
        prompt += request.length // BYTES_PER_TOKEN
        if not request.limited:
            unlimited.add(request.row.id)
    prices = PriceList(providers)
    free = tuple(name for name in sums if not prices.has(name))
    return PlanCost(
        ceiling=sum(sums.values(), Cost()),
        by_provider=sums,
        prompt_tokens=prompt,
        unlimited=len(unlimited),
        stored=stored,
        unpriced=free,
    )


def budget_faults(cost: PlanCost, limits: BudgetLimits) -> list[str]:
    """Why this plan may not be run with these limits, one sentence each: none are given, or they cannot be kept."""
    found = []
    if cost.ceiling.requests > UNBUDGETED_REQUESTS and not limits.limited:
        found.append(
            f"--budget: {number_of(cost.ceiling.requests, 'request')} need one (above {UNBUDGETED_REQUESTS:,}); "
            f"name what it may cost, for example --budget requests={cost.ceiling.requests}"
        )
    elif cost.ceiling.money > UNBUDGETED_MONEY and not limits.limited:
        found.append(
            f"--budget: this can cost {cost.ceiling.money:.2f}, and needs a budget above {UNBUDGETED_MONEY:.2f}; "
            f"name what it may cost, for example --budget money={cost.ceiling.money:.2f}"
        )
    if (limits.tokens or limits.money) and cost.unlimited:
        sent = f"{number_of(cost.unlimited, 'row')} {verb_of(cost.unlimited, 'is', 'are')}"
        found.append(
            f"--budget: {sent} sent without max_tokens, so that no limit of tokens or money can be kept; "
            "--max-tokens N sets one for rows without, unless drop or rename of a provider takes it out"
        )
    if limits.money and cost.unpriced:
        found.append(
            f"--budget money: no price is configured for {', '.join(cost.unpriced)}; "
            "set price_input and price_output of each in the configuration"
        )
    return found
