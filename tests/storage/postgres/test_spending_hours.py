"""What references cost is added up by the hour, by all workers."""

from contextlib import closing

import psycopg
import pytest

from storage.opening import open_store
from storage.postgres.spending_hours import OLD_OF_TENANTS, SUM_OF_TENANT, SUM_OF_TENANTS
from storage.spending import Spending
from storage.storage_config import StorageConfig

pytestmark = pytest.mark.slow


def test_costs_of_an_hour_add_up_and_the_end_is_excluded(postgres_store):
    for at in (36_000, 39_599, 39_600):
        postgres_store.spend(at, Spending(1, 20, 0.5))
    assert postgres_store.spent(10, 11) == Spending(2, 40, 1.0)
    assert postgres_store.spent(10, 12) == Spending(3, 60, 1.5)
    assert postgres_store.spent(12, 13) == Spending(0, 0, 0.0)


HOURS = """
INSERT INTO tenant_spending SELECT 't' || tenant, hour, 1, 1, 1.0
FROM generate_series(1, 50) tenant, generate_series(1, 1000) hour
"""


def test_hours_of_tenants_are_found_by_an_index_among_those_of_a_year(postgres_server):
    url = postgres_server.empty()
    open_store(StorageConfig(url=url)).close()
    wanted = ((OLD_OF_TENANTS, (2,)), (SUM_OF_TENANT, (900, 924, "t7")), (SUM_OF_TENANTS, (900, 924)))
    with closing(psycopg.connect(url)) as conn:
        conn.execute(HOURS)
        conn.execute("ANALYZE tenant_spending")
        plans = [[step for (step,) in conn.execute(f"EXPLAIN {statement}", values)] for statement, values in wanted]
    postgres_server.drop(url)
    for steps in plans:
        assert any("Index" in step and "tenant_spending" in step for step in steps)
        assert not any("Seq Scan" in step for step in steps)


def test_costs_of_a_tenant_count_for_it_and_for_all_until_a_year_has_passed(postgres_store):
    postgres_store.spend(36_000.0, Spending(1, 20, 0.5), "alpha")
    postgres_store.spend(36_000.0, Spending(1, 10, 0.25), "alpha")
    postgres_store.spend(36_000.0, Spending(1, 1, 0.25))
    both = Spending(3, 31, 1.0), {"alpha": Spending(2, 30, 0.75)}
    found = []
    for hours in (0, 10 + 366 * 24, 11 + 366 * 24):
        postgres_store.sweep(hours * 3_600.0)
        found.append((postgres_store.spent(10, 11), postgres_store.spent_by_tenants(10, 11)))
    assert found == [both, both, (Spending(0, 0, 0.0), {})]
    assert postgres_store.spent_by_tenants(11, 12) == {}


def test_request_is_reserved_for_its_tenant_and_for_all_or_for_neither(postgres_store):
    limits = {"": Spending(5, 0, 0.0), "alpha": Spending(2, 0, 0.0)}
    made = [postgres_store.reserve(36_000.0, (0, 24), limits) for _ in range(3)]
    assert [(each.reached, each.owner) for each in made] == [("", ""), ("", ""), ("requests", "alpha")]
    assert made[1].spent == {"": Spending(2, 0, 0.0), "alpha": Spending(2, 0, 0.0)}
    assert (postgres_store.spent(10, 11), postgres_store.spent_by_tenants(10, 11)) == (
        Spending(2, 0, 0.0),
        {"alpha": Spending(2, 0, 0.0)},
    )
    assert postgres_store.reserve(36_000.0, (11, 24), limits).reached == ""
