"""Days of partitions: named by the time in an id, made once, by the first that needs one."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.errors import LockNotAvailable

from proxy.exchange_ids import new_id
from storage.opening import open_store
from storage.postgres import postgres_store
from storage.postgres.day_partitions import DayPartitions, day_name, day_of, existing, first_id
from storage.postgres.schema_steps import BY_DAY
from storage.storage_config import StorageConfig

FIRST, LAST = 1_577_836_800, 4_102_444_800


@pytest.mark.parametrize(
    ("milliseconds", "day"),
    [
        (FIRST * 1_000, 18_262),
        (FIRST * 1_000 - 1, None),
        (LAST * 1_000 - 1, 47_481),
        (LAST * 1_000, None),
    ],
)
def test_day_of_an_id_is_that_of_its_milliseconds_from_2020_to_2099(milliseconds, day):
    assert day_of(f"{milliseconds:012x}" + "0" * 16) == day


@pytest.mark.parametrize("id_", ["", "one", "pair-of-0001", "0" * 11, "FFFFFFFFFFFFFFFF", "\u0661" * 28])
def test_id_without_a_time_has_no_day(id_):
    assert day_of(id_) is None


def test_new_id_has_a_day():
    assert day_of(new_id()) is not None


@given(st.floats(1_600_000_000, LAST), st.floats(0, 86_399))
def test_first_id_of_a_period_is_before_every_id_drawn_up_to_a_day_earlier(since, earlier):
    assert first_id(since) <= f"{int((since - earlier) * 1_000):012x}ffff"
    assert first_id(86_400) == first_id(0.0) == ""


def until_unlocked(job):
    """Run a job again while the lock that it waits for is held for longer than it waits, as the inserter does."""
    while True:
        try:
            return job()
        except LockNotAvailable:
            continue


@pytest.mark.slow
def test_partitions_of_a_day_are_made_once_by_workers_at_once(postgres_url):
    day = 20_000

    def work(_: int) -> None:
        with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
            partitions = DayPartitions()
            until_unlocked(lambda: partitions.ensure(conn, [day, day + 1]))
            partitions.ensure(conn, [day])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    with closing(psycopg.connect(postgres_url)) as conn:
        assert {day_name(day), day_name(day + 1)} <= set(existing(conn))
        for table in BY_DAY:
            assert conn.execute(f"SELECT to_regclass('{table}_20241004')").fetchone() != (None,)


@pytest.mark.slow
def test_first_day_of_a_store_comes_with_the_two_that_its_sums_depend_on_and_no_older_sum(postgres_url):
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        for name in existing(conn):
            for table in reversed(BY_DAY):
                conn.execute(f"DROP TABLE {table}_{name} CASCADE")
        conn.execute("INSERT INTO hour_sums (hour, changes, form, payoffs, votes) VALUES (480000, 1, 1, '', '')")
        DayPartitions().ensure(conn, [20_000, 20_001])
        assert existing(conn) == [day_name(day) for day in range(19_998, 20_002)]
        assert conn.execute("SELECT count(*) FROM hour_sums").fetchone() == (0,)
        DayPartitions().ensure(conn, [20_005])
        assert existing(conn)[-2:] == [day_name(20_001), day_name(20_005)]


@pytest.mark.slow
def test_new_store_has_the_days_from_two_before_today_to_three_ahead(postgres_server, monkeypatch):
    monkeypatch.setattr(postgres_store.time, "time", lambda: 20_000 * 86_400 + 86_399.0)
    url = postgres_server.empty()
    open_store(StorageConfig(url=url)).close()
    with closing(psycopg.connect(url)) as conn:
        assert existing(conn) == ["20241002", "20241003", "20241004", "20241005", "20241006", "20241007"]
    postgres_server.drop(url)
