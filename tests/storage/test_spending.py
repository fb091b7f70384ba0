"""What was spent is kept by the hour and outlives the process that spent it."""

from contextlib import closing

from storage.opening import open_store
from storage.spending import Spending
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
    store.spend(0.0, Spending(1, 0, 0.0))
    store.spend(8784 * 3_600, Spending(1, 0, 0.0))
    assert store.spent(0, 1).requests == 1
    store.spend((8784 + 1) * 3_600, Spending(1, 0, 0.0))
    assert store.spent(0, 1).requests == 0
