"""What a sweep of a server deletes beside the days that are too old: days that are too much, commands and counts of yesterday."""

from contextlib import closing

import psycopg
import pytest

from storage.erasure_choice import ErasureChoice
from storage.opening import open_store
from storage.postgres import row_deletion
from storage.postgres.day_partitions import day_name
from storage.storage_config import StorageConfig
from tests.conformance import DAY, PATIENCE, START, exchange_record, pair_record
from tests.storage.postgres.same_records import id_at

pytestmark = pytest.mark.slow


@pytest.fixture
def server(postgres_url):
    """A connection to the server beside the store."""
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        yield conn


@pytest.mark.parametrize(("most", "gone"), [(30, 0), (29, 1), (20, 1), (19, 2), (10, 2), (9, 3)])
def test_oldest_days_go_until_the_rest_is_within_the_bound_and_no_further(postgres_url, monkeypatch, most, gone):
    names = [id_at(START + day * DAY, "a", 0) for day in range(3)]
    sizes = [(day_name(int(START // DAY) + day), 10) for day in range(3)]
    monkeypatch.setattr(row_deletion, "day_bytes", lambda _conn: sizes)
    config = StorageConfig(url=postgres_url, batch_seconds=0.01, keep_days=1e6, max_bytes=most)
    with closing(open_store(config)) as store:
        for name in names:
            store.add_exchange(exchange_record(name))
        assert store.flush(PATIENCE)
        assert store.sweep(START + 9 * DAY) == gone
        assert [store.exchange(name) is None for name in names] == [place < gone for place in range(3)]


def test_commands_of_more_than_a_day_ago_go_and_later_ones_stay(postgres_store, server):
    numbers = [postgres_store.orders.place_order("ack", f"{hours}") for hours in (23, 25)]
    for number, hours in zip(numbers, (23, 25), strict=True):
        server.execute("UPDATE orders SET at = now() - make_interval(hours => %s) WHERE no = %s", (hours, number))
    postgres_store.sweep(START)
    assert postgres_store.orders.waiting_orders("ack") == [(numbers[0], "23")]


def test_counts_of_a_worker_that_stored_nothing_for_thirty_days_go_as_a_run_begins(postgres_store, server):
    for number in (0, 1):
        postgres_store.add_exchange(exchange_record(f"{number}")._replace(source=f"run/{number}"))
    assert postgres_store.flush(PATIENCE)
    for number, days in ((0, 31), (1, 29)):
        at = (days, f"run/{number}")
        server.execute("UPDATE handovers SET at = now() - make_interval(days => %s) WHERE source = %s", at)
    assert postgres_store.begin_run("run") == {1: 1}
    assert server.execute("SELECT count(*) FROM handovers").fetchone() == (1,)


def test_sums_without_rows_and_changes_of_hours_go_with_their_period(postgres_store, server):
    name = id_at(START, "a", 0)
    later = START + DAY
    postgres_store.add_exchange(exchange_record(id_at(later, "b", 0), started=later)._replace(kept=False))
    postgres_store.add_exchange(exchange_record(name))
    postgres_store.add_pair(pair_record(name, reference_id=id_at(START, "c", 0)))
    assert postgres_store.flush(PATIENCE)
    sizes = []
    for days in (31, 32, 34):
        postgres_store.sweep(START + days * DAY)
        sizes.append(
            [server.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("unkept_passages", "pair_hours")]
        )
    assert sizes == [[1, 1], [0, 1], [0, 0]]


def test_what_is_queued_is_waited_for_five_seconds_before_records_are_forgotten(postgres_store, monkeypatch):
    waited = []
    monkeypatch.setattr(postgres_store, "flush", waited.append)
    postgres_store.forget(ErasureChoice(conversation="none"))
    assert waited == [5.0]
