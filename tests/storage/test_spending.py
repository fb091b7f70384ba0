"""What was spent is kept by the hour and outlives the process that spent it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

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


def test_request_is_reserved_until_the_limit_is_reached_and_none_beyond(store):
    limits = Spending(3, 0, 0.0)
    made = [store.reserve(10 * 3_600, (0, 24), limits) for _ in range(4)]
    assert [each.reached for each in made] == ["", "", "", "requests"]
    assert [each.spent.requests for each in made] == [1, 2, 3, 3]
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
    assert store.reserve(0.0, (0, 24), limits).reached == reached


def test_reservations_of_many_threads_come_to_the_limit_exactly(store):
    limits = Spending(40, 0, 0.0)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: store.reserve(0.0, (0, 24), limits).reached, range(80)))
    assert (made.count(""), store.spent(0, 24).requests) == (40, 40)


@pytest.mark.slow
def test_reservations_of_several_processes_on_one_server_come_to_the_limit_exactly(postgres_url):
    limits = Spending(40, 0, 0.0)
    with ExitStack() as opened:
        stores = [opened.enter_context(closing(open_store(StorageConfig(url=postgres_url)))) for _ in range(4)]
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda number: stores[number % 4].reserve(0.0, (0, 24), limits).reached, range(80)))
        assert (made.count(""), stores[0].spent(0, 24).requests) == (40, 40)
