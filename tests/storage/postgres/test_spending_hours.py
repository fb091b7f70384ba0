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


@pytest.mark.parametrize(
    ("statement", "values"),
    [(OLD_OF_TENANTS, (2,)), (SUM_OF_TENANT, (900, 924, "t7")), (SUM_OF_TENANTS, (900, 924))],
    ids=["old", "tenant", "tenants"],
)
def test_hours_of_tenants_are_found_by_an_index_among_those_of_a_year(postgres_server, statement, values):
    url = postgres_server.empty()
    open_store(StorageConfig(url=url)).close()
    with closing(psycopg.connect(url)) as conn:
        conn.execute(HOURS)
        conn.execute("ANALYZE tenant_spending")
        steps = [step for (step,) in conn.execute(f"EXPLAIN {statement}", values)]
    postgres_server.drop(url)
    assert any("Index" in step and "tenant_spending" in step for step in steps)
    assert not any("Seq Scan" in step for step in steps)
