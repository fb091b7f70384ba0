"""What references cost is added up by the hour, by all workers."""

import pytest

from storage.spending import Spending

pytestmark = pytest.mark.slow


def test_costs_of_an_hour_add_up_and_the_end_is_excluded(postgres_store):
    for at in (36_000, 39_599, 39_600):
        postgres_store.spend(at, Spending(1, 20, 0.5))
    assert postgres_store.spent(10, 11) == Spending(2, 40, 1.0)
    assert postgres_store.spent(10, 12) == Spending(3, 60, 1.5)
    assert postgres_store.spent(12, 13) == Spending(0, 0, 0.0)
