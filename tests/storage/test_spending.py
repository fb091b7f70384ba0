"""What was spent is kept by the hour and outlives the process that spent it."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.opening import open_store
from storage.spending import ALL, NOTHING, OLD, OLD_OF_TENANTS, SUM, SUM_OF_TENANT, SUM_OF_TENANTS, Spending, limit_reached
from storage.storage_config import StorageConfig


def test_what_was_spent_is_summed_over_whole_hours_up_to_the_end_and_without_it(store):
    for hour in (9, 10, 10, 11):
        store.spend(hour * 3_600 + 3_599.9, Spending(1, 20, 0.5))
    assert store.spent(9, 11) == (3, 60, 1.5)
    assert store.spent(11, 12) == (1, 20, 0.5)
    assert store.spent(12, 20) == (0, 0, 0.0)


def test_later_process_reads_it_from_the_store(tmp_path):
    config = StorageConfig(url=f"sqlite:///{tmp_path}/kept.db")
    with closing(open_store(config)) as first:
        first.spend(5 * 3_600, Spending(2, 0, 0.0))
    with closing(open_store(config)) as second:
        assert second.spent(5, 6) == (2, 0, 0.0)


def test_spending_older_than_a_year_is_deleted(store):
    for tenant in ("", "t"):
        store.spend(0.0, Spending(1, 0, 0.0), tenant)
    store.sweep(8784 * 3_600)
    assert (store.spent(0, 1).requests, store.spent_by_tenants(0, 1)) == (2, {"t": (1, 0, 0.0)})
    store.sweep((8784 + 1) * 3_600)
    assert (store.spent(0, 1).requests, store.spent_by_tenants(0, 1)) == (0, {})


def test_a_clock_that_ran_ahead_deletes_nothing_of_what_was_spent(store):
    now, ahead = 500_000 * 3_600, (500_000 + 400 * 24) * 3_600
    for at in (now, ahead, now):
        store.spend(at, Spending(1, 0, 0.0), "t")
        store.sweep(0.0)
    assert (store.spent(500_000, 500_001).requests, store.spent_by_tenants(500_000, 500_001)) == (2, {"t": (2, 0, 0.0)})


def test_request_is_reserved_until_the_limit_is_reached_and_none_beyond(store):
    limits = {ALL: Spending(3, 0, 0.0)}
    made = [store.reserve(10 * 3_600, (0, 24), limits) for _ in range(4)]
    assert [each.reached for each in made] == ["", "", "", "requests"]
    assert [each.spent[ALL].requests for each in made] == [1, 2, 3, 3]
    assert store.spent(0, 24) == (3, 0, 0.0)
    assert store.reserve(24 * 3_600, (24, 48), limits).reached == "", "the next period begins at nothing"


@pytest.mark.parametrize(
    ("cost", "limits", "reached"),
    [
        (Spending(1, 99, 1.9), Spending(0, 100, 2.0), ""),
        (Spending(1, 100, 1.9), Spending(0, 100, 2.0), "tokens"),
        (Spending(1, 99, 2.0), Spending(0, 100, 2.0), "money"),
        (Spending(9, 999, 9.0), Spending(0, 0, 0.0), ""),
    ],
)
def test_each_limit_refuses_at_its_amount(store, cost, limits, reached):
    store.spend(0.0, cost)
    assert store.reserve(0.0, (0, 24), {ALL: limits}).reached == reached


def test_reservations_of_many_threads_come_to_the_limit_exactly(store):
    limits = {ALL: Spending(40, 0, 0.0)}
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: store.reserve(0.0, (0, 24), limits).reached, range(80)))
    assert (made.count(""), store.spent(0, 24).requests) == (40, 40)


@pytest.mark.slow
def test_reservations_of_several_processes_on_one_server_come_to_the_limit_exactly(postgres_url):
    limits = {ALL: Spending(40, 0, 0.0)}
    with ExitStack() as opened:
        stores = [opened.enter_context(closing(open_store(StorageConfig(url=postgres_url)))) for _ in range(4)]
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda number: stores[number % 4].reserve(0.0, (0, 24), limits).reached, range(80)))
        assert (made.count(""), stores[0].spent(0, 24).requests) == (40, 40)


DAY = (0, 24)
DAYS = count(100)
BOTH = {ALL: Spending(5, 0, 0.0), "alpha": Spending(2, 0, 0.0)}


def test_request_counts_for_its_tenant_and_for_all_or_for_neither(store):
    made = [store.reserve(0.0, DAY, BOTH) for _ in range(3)]
    assert [(each.reached, each.owner) for each in made] == [("", ""), ("", ""), ("requests", "alpha")]
    assert [(each.spent[ALL].requests, each.spent["alpha"].requests) for each in made] == [(1, 1), (2, 2), (2, 2)]
    assert (store.spent(*DAY).requests, store.spent_by_tenants(*DAY)) == (2, {"alpha": (2, 0, 0.0)})


def test_budget_of_a_tenant_that_has_ended_leaves_those_of_others_and_of_all(store):
    for tenant, least in (("alpha", 2), ("beta", 3)):
        limits = {ALL: Spending(5, 0, 0.0), tenant: Spending(least, 0, 0.0)}
        assert [store.reserve(0.0, DAY, limits).reached for _ in range(least + 1)][-2:] == ["", "requests"]
    whole = store.reserve(0.0, DAY, {ALL: Spending(5, 0, 0.0), "gamma": Spending(9, 0, 0.0)})
    assert (whole.reached, whole.owner, whole.spent["gamma"].requests) == ("requests", ALL, 0)
    assert store.spent_by_tenants(*DAY) == {"alpha": (2, 0, 0.0), "beta": (3, 0, 0.0)}


@pytest.mark.parametrize(
    ("cost", "reached"), [(Spending(0, 9, 0.4), ""), (Spending(0, 10, 0.4), "tokens"), (Spending(0, 9, 0.5), "money")]
)
def test_tokens_and_money_of_a_tenant_have_their_limit_in_the_hours_of_the_period(store, cost, reached):
    limits = {ALL: Spending(0, 0, 0.0), "alpha": Spending(0, 10, 0.5)}
    store.spend(23 * 3_600, cost, "alpha")
    store.spend(24 * 3_600, Spending(0, 100, 9.0), "alpha")
    store.spend(0.0, Spending(0, 100, 9.0), "beta")
    store.spend(0.0, Spending(0, 100, 9.0))
    made = store.reserve(0.0, DAY, limits)
    assert (made.reached, made.owner) == (reached, "alpha" if reached else ALL)
    assert store.spent(*DAY).tokens == cost.tokens + 200, "the sum of all has the tenants' and what is no tenant's"


@pytest.mark.parametrize(
    "statement", [OLD, OLD_OF_TENANTS, SUM, SUM_OF_TENANT, SUM_OF_TENANTS], ids=["old", "old tenants", "sum", "tenant", "tenants"]
)
def test_each_statement_of_a_reservation_searches_and_none_reads_the_hours_of_a_year(tmp_path, statement):
    open_store(StorageConfig(url=f"sqlite:///{tmp_path}/kept.db")).close()
    with closing(sqlite3.connect(tmp_path / "kept.db")) as conn:
        values = (0, 24, "alpha")[: statement.count("?")]
        steps = [step for *_, step in conn.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert [step.split()[0] for step in steps if "spending" in step] == ["SEARCH"]


def test_reservations_of_many_threads_for_two_tenants_come_to_each_limit_exactly(store):
    def limits(number: int) -> dict[str, Spending]:
        tenant = ("alpha", "beta", "")[number % 3]
        own = {"alpha": 10, "beta": 40}
        return {ALL: Spending(50, 0, 0.0), **({tenant: Spending(own[tenant], 0, 0.0)} if tenant else {})}

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: store.reserve(0.0, DAY, limits(number)).reached, range(120)))
    spent = store.spent_by_tenants(*DAY)
    assert (made.count(""), store.spent(*DAY).requests, spent["alpha"].requests) == (50, 50, 10)
    assert spent["beta"].requests <= 40


@pytest.mark.slow
def test_reservations_of_two_tenants_by_several_processes_on_one_server_overdraw_no_limit(postgres_url):
    def limits(number: int) -> dict[str, Spending]:
        tenant, own = (("alpha", 10), ("beta", 40))[number % 2]
        return {ALL: Spending(30, 0, 0.0), tenant: Spending(own, 0, 0.0)}

    with ExitStack() as opened:
        stores = [opened.enter_context(closing(open_store(StorageConfig(url=postgres_url)))) for _ in range(4)]
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda number: stores[number % 4].reserve(0.0, DAY, limits(number)).reached, range(80)))
            # what answers cost is added meanwhile, by others
            list(
                pool.map(lambda number: stores[number % 4].spend(0.0, Spending(0, 1, 0.0), ("alpha", "")[number % 2]), range(40))
            )
        spent = stores[0].spent_by_tenants(*DAY)
        assert (made.count(""), stores[0].spent(*DAY)) == (30, (30, 40, 0.0))
        assert (spent["alpha"], spent["beta"].requests) == ((10, 20, 0.0), 20)


OWNERS = ("", "alpha", "beta")
STEP = st.one_of(
    st.tuples(st.just("reserve"), st.sampled_from(OWNERS), st.just(0)),
    st.tuples(st.just("pay"), st.sampled_from(OWNERS), st.integers(0, 5)),
)


@given(
    limits=st.fixed_dictionaries({owner: st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 3)) for owner in OWNERS}),
    steps=st.lists(STEP, max_size=25),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_whatever_the_order_of_reservations_and_costs_nothing_is_reserved_at_a_limit_and_each_answer_is_exact(
    store, limits, steps
):
    """A day of its own for each example, since the store stays: what was spent before is that of other periods."""
    number = next(DAYS)
    day = (number * 24, number * 24 + 24)
    known = dict.fromkeys(OWNERS, Spending(0, 0, 0.0))
    allowed = {owner: Spending(*map(int, amounts[:2]), float(amounts[2])) for owner, amounts in limits.items()}
    for what, tenant, amount in steps:
        own = [ALL, tenant] if tenant else [ALL]
        if what == "reserve":
            at_limit = [owner for owner in own if limit_reached(known[owner], allowed[owner])]
            made = store.reserve(day[0] * 3_600, day, {owner: allowed[owner] for owner in own})
            assert bool(made.reached) == bool(at_limit)
            assert made.owner in at_limit or not made.reached
            added = Spending(0 if made.reached else 1, 0, 0.0)
        else:
            added = Spending(0, amount, amount / 2)
            store.spend(day[0] * 3_600, added, tenant)
        for owner in own:
            known[owner] = Spending(*(a + b for a, b in zip(known[owner], added, strict=True)))
    assert store.spent(*day) == known[ALL]
    spent = store.spent_by_tenants(*day)
    assert {owner: spent.get(owner, Spending(0, 0, 0.0)) for owner in OWNERS[1:]} == {owner: known[owner] for owner in OWNERS[1:]}


def test_nothing_that_is_spent_changes_no_sum(sqlite_store):
    sqlite_store.spend(0.0, Spending(1, 20, 0.5))
    sqlite_store.spend(0.0, NOTHING)
    assert sqlite_store.spent(0, 1) == (1, 20, 0.5)
