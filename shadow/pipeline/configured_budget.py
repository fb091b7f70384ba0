"""The budgets that a configuration sets, and what of them is spent: of all shadow requests, and of each tenant's."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shadow.pipeline.budget_account import Amounts, StoredBudget
from shadow.sampling.budget import Budget
from storage.spending import ALL

if TYPE_CHECKING:
    from shadow.settings.top_level_config import Config, ShadowConfig
    from storage.store import Store


def shadow_budget(shadow: ShadowConfig) -> Budget:
    """The budget of all shadow requests, with nothing spent."""
    return Budget(requests=shadow.requests, tokens=shadow.tokens, money=shadow.money, period=shadow.period)


def tenant_limits(config: Config) -> Mapping[str, Amounts]:
    """The limits of each tenant that has one, in the period of `[shadow]`."""
    amounts = {each.name: (each.budget.requests, each.budget.tokens, each.budget.money) for each in config.tenants}
    return {name: limits for name, limits in amounts.items() if any(limits)}


def limited_owners(config: Config) -> frozenset[str]:
    """Whose requests have a limit: tenants, and `ALL` where all have one."""
    return frozenset({*tenant_limits(config), *([ALL] if shadow_budget(config.shadow).limited else [])})


def stored_budget(config: Config, store: Store) -> StoredBudget:
    """The budgets with what was spent of them in the running period; StoreError where that cannot be read."""
    now = time.time()
    budget = shadow_budget(config.shadow)
    hours = budget.hours(now)
    budget.restore(now, *store.spent(*hours))
    tenants = {name: budget.unlimited() for name in tenant_limits(config)}
    for name, spent in store.spent_by_tenants(*hours).items():
        tenants.setdefault(name, budget.unlimited()).restore(now, *spent)
    made = StoredBudget(budget, store, tenants)
    made.reload(tenant_limits(config))
    return made
