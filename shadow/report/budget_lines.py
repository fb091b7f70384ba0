"""running_budgets(): what is spent of each limit of shadow requests in the running period, of all and of each tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shadow.pipeline.configured_budget import limited_owners, shadow_budget
from shadow.sampling.budget import UNITS
from shadow.settings.top_level_config import Config
from storage.spending import NOTHING, Spending
from storage.store import Reader

NO_TENANTS: Mapping[str, Spending] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetLine:
    """One limit of the running period ("hour", "day" or "month", by UTC), of all or of one tenant: what is spent of it."""

    tenant: str = ""
    unit: str
    spent: float
    limit: float
    period: str

    @property
    def sentence(self) -> str:
        """What is spent of the limit, in one sentence."""
        of, more = (f"tenant {self.tenant}: ", "nothing more of its requests") if self.tenant else ("", "nothing more")
        return f"{of}{self.figures}{f'; {more} is compared until the next one' if self.is_spent else ''}"

    @property
    def figures(self) -> str:
        """What is spent of the limit, as the beginning of a sentence."""
        spent, limit = (f"{value:,.2f}" if self.unit == "money" else f"{value:,.0f}" for value in (self.spent, self.limit))
        return f"{spent} of {limit} {self.unit} of this {self.period} spent"

    @property
    def is_spent(self) -> bool:
        """Whether the limit is reached."""
        return self.spent >= self.limit


def running_budgets(reader: Reader, config: Config, now: float) -> tuple[BudgetLine, ...]:
    """The limits that are set, with what is spent of each in the period of `now`, epoch seconds; without one nothing is read."""
    if not limited_owners(config):
        return ()
    hours = shadow_budget(config.shadow).hours(now)
    return budget_lines(config, reader.spent(*hours), reader.spent_by_tenants(*hours))


def budget_lines(config: Config, spent: Spending, tenants: Mapping[str, Spending] = NO_TENANTS) -> tuple[BudgetLine, ...]:
    """The limits that are set, with what is spent of each in the running period: in all, and then for each tenant."""
    own = ((tenant.name, tenant.budget, tenants.get(tenant.name, NOTHING)) for tenant in config.tenants)
    return tuple(
        BudgetLine(tenant=name, unit=unit, spent=getattr(used, unit), limit=getattr(limits, unit), period=config.shadow.period)
        for name, limits, used in (("", config.shadow, spent), *own)
        for unit in UNITS
        if getattr(limits, unit)
    )
