"""What was spent of the configured budgets is read once; a tenant that the configuration does not name is no fault."""

import time

from shadow.pipeline.configured_budget import limited_owners, shadow_budget, stored_budget, tenant_limits
from shadow.settings.top_level_config import Config
from storage.spending import ALL, Spending
from storage.store import StoreError

TENANTS = [
    {"name": "alpha", "key_env": "A", "budget": {"requests": 2}},
    {"name": "beta", "key_env": "B"},
    {"name": "gamma", "key_env": "C", "budget": {"tokens": 9, "money": 0.5}},
]


def config(**shadow) -> Config:
    return Config.model_validate({"tenants": TENANTS, "shadow": {"period": "month", **shadow}})


def test_only_those_with_a_limit_are_limited():
    assert tenant_limits(config()) == {"alpha": (2, 0, 0.0), "gamma": (0, 9, 0.5)}
    assert limited_owners(config()) == {"alpha", "gamma"}
    assert limited_owners(config(money=1.0)) == {ALL, "alpha", "gamma"}
    assert shadow_budget(config(tokens=7).shadow).amounts == (0, 7, 0.0)


async def test_budgets_begin_with_what_was_spent_in_the_running_period(store):
    now = time.time()
    store.spend(now, Spending(2, 0, 0.0), "alpha")
    store.spend(now, Spending(5, 9, 0.4), "a tenant that was removed")
    store.spend(now - 40 * 86_400, Spending(9, 9, 9.0), "gamma")
    account = stored_budget(config(requests=9), store)
    assert account.budget.spent.requests == 7
    assert account.reached() == {"alpha": "tenant_budget_requests"}
    assert set(account.limited_tenants) == {"alpha", "gamma"}
    assert [await account.reserve(tenant) for tenant in ("gamma", "a tenant that was removed")] == ["", ""]
    assert account.exhausted() == "budget_requests"


async def test_process_that_sends_nothing_takes_over_what_another_one_has_spent(store):
    sending, idle = (stored_budget(config(requests=9), store) for _ in range(2))
    assert (sending.admit(1, "alpha"), await sending.reserve("alpha")) == ("", "")
    await sending.pay([(3, 0.25), (4, 0.0)], "alpha")
    await idle.refresh()
    assert idle.budget.spent == sending.budget.spent
    assert idle.reached() == {"alpha": "tenant_budget_requests"}


async def test_what_is_known_to_be_spent_stays_while_the_store_is_away(store, monkeypatch):
    account = stored_budget(config(requests=9), store)
    assert (account.admit(1, "alpha"), await account.reserve("alpha")) == ("", "")
    monkeypatch.setattr(type(store), "spent", away)
    await account.refresh()
    assert account.budget.spent.requests == 1


async def test_without_a_limit_nothing_that_was_spent_is_read(store, monkeypatch):
    account = stored_budget(Config(), store)
    monkeypatch.setattr(type(store), "spent", unused)
    await account.refresh()


def unused(*_: object) -> Spending:
    raise AssertionError("read")


def away(*_: object) -> Spending:
    raise StoreError("away")
