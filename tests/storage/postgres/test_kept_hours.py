"""Sums of hours in PostgreSQL: what changes while they are made, and days that are dropped."""

import time
from contextlib import closing

import psycopg
import pytest

from storage.erasure_choice import ErasureChoice
from storage.opening import open_store
from storage.postgres import kept_hours, schema_steps
from storage.postgres.day_partitions import DayPartitions
from storage.postgres.postgres_store import migrate_at
from storage.postgres.schema_steps import BY_DAY
from storage.storage_config import StorageConfig
from tests.conformance import PATIENCE, START, exchange_record, pair_record

pytestmark = pytest.mark.slow

HOUR = 3_600
BEGUN = START + 200
"""A thousand seconds into an hour, so that the one before is settled by a pair of this moment."""


@pytest.fixture
def talks(postgres_store, postgres_url):
    """A store with four pairs, an hour after another, each of its own conversation, and with the two days before."""
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        DayPartitions().ensure(conn, [int(BEGUN // 86_400) - back for back in (1, 2)])
    for place in range(4):
        started = BEGUN + place * HOUR
        name = f"{int(started * 1_000):012x}{place:020x}"
        postgres_store.add_exchange(exchange_record(name, started=started, conversation=f"hour-{place}"))
        postgres_store.add_pair(pair_record(name, started=started, conversation=f"hour-{place}", request_fingerprint=""))
    assert postgres_store.flush(20)
    return postgres_store


def stored(conn) -> str:
    return str(conn.execute("SELECT string_agg(payoffs || votes, '') FROM hour_sums").fetchone()[0])


def test_what_was_forgotten_is_in_no_sum(talks, postgres_url):
    assert talks.sum_hours(20.0) == 3
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        assert "hour-1" in stored(conn)
        talks.forget(ErasureChoice(conversation="hour-1"))
        assert "hour-0" in stored(conn)
        assert "hour-1" not in stored(conn)


def test_sums_of_an_hour_that_changed_while_it_was_summed_are_not_stored(talks, postgres_url):
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        sums = [kept_hours.summed_of(conn, int(START // HOUR) + place) for place in (0, 1)]
        talks.forget(ErasureChoice(conversation="hour-0"))
        with conn.transaction():
            kept_hours.write_sums(conn, sums)
        assert conn.execute("SELECT hour FROM hour_sums").fetchall() == []  # the second depends on the first
        talks.sum_hours(20.0)
        assert len(conn.execute("SELECT hour FROM hour_sums").fetchall()) == 3


FIRST = int(START // HOUR)


def changes(conn) -> dict[int, int]:
    return dict(conn.execute("SELECT hour, sum(changes)::bigint FROM pair_hours GROUP BY hour").fetchall())


def test_changes_of_an_hour_are_those_that_all_connections_counted(talks, postgres_url):
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        first = int(START // HOUR)
        kept_hours.change_hours(conn, "pairs WHERE started < %s", (BEGUN + 1,))
        rows = conn.execute(kept_hours.HOURS, (first, first + 1)).fetchall()
        slots = conn.execute("SELECT count(*), sum(changes) FROM pair_hours WHERE hour = %s", (first,)).fetchone()
    assert rows == [(first, 2, None, None)]
    assert slots is not None
    assert slots[1] == 2


def test_the_hours_of_a_day_that_was_dropped_have_changed_and_have_no_sums(talks, postgres_url):
    assert talks.sum_hours(20.0) == 3
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        before = changes(conn)
        assert talks.sweep(START + 32 * 86_400.0) > 0
        after = changes(conn)
        assert conn.execute("SELECT count(*) FROM hour_sums").fetchone() == (0,)
    assert after == {hour: changes + 1 for hour, changes in before.items()}
    assert talks.judgements.payoff_sums(0.0, 0.0) == []


def test_pairs_are_counted_by_their_hour_as_they_are_stored(talks, postgres_url):
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        assert changes(conn) == dict.fromkeys(range(FIRST, FIRST + 4), 1)


def test_whole_hours_are_read_from_their_sums(talks, postgres_url):
    talks.sum_hours(20.0)
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        conn.execute("UPDATE hour_sums SET payoffs = '[[],[]]', votes = '[]'")
    assert sum(one.clusters for one in talks.judgements.payoff_sums(0.0, 0.0)) == 1


def test_a_pair_that_an_older_version_deletes_changes_its_hour_and_is_in_no_sum(talks, postgres_url):
    talks.sum_hours(20.0)
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        conn.execute("DELETE FROM pairs WHERE conversation = 'hour-1'")
        assert changes(conn) == {**dict.fromkeys(range(FIRST, FIRST + 4), 1), FIRST + 1: 2}
        assert "hour-1" not in stored(conn)
    assert sum(one.clusters for one in talks.judgements.payoff_sums(0.0, 0.0)) == 3


def test_a_day_that_an_older_version_dropped_is_in_no_figure_and_after_a_sweep_in_no_sum(talks, postgres_url):
    talks.sum_hours(20.0)
    last = BEGUN + 3 * 86_400.0
    name = f"{int(last * 1_000):012x}{9:020x}"
    talks.add_exchange(exchange_record(name, started=last))
    talks.add_pair(pair_record(name, started=last))
    assert talks.flush(20)
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        for table in BY_DAY:
            conn.execute(f"DROP TABLE {table}_{time.strftime('%Y%m%d', time.gmtime(BEGUN))}")
        assert sum(one.clusters for one in talks.judgements.payoff_sums(0.0, 0.0)) == 1
        assert "hour-0" in stored(conn)
        talks.sweep(last)
        assert conn.execute("SELECT count(*) FROM hour_sums").fetchone() == (0,)
    assert talks.sum_hours(20.0) == 0


def test_sums_are_read_from_the_third_day_in_a_row_on(postgres_url, postgres_store):
    days = [20_000 + each for each in (0, 1, 2, 3, 5, 6, 7)]
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        DayPartitions().ensure(conn, days)
        whole = kept_hours.WholeDays(conn)
    assert [day in whole for day in days] == [False, False, True, True, False, False, True]
    assert 10**9 not in whole


def judge(conn, ruling: str, pairs: str = "true") -> None:
    conn.execute(f"UPDATE rulings SET reason = %s WHERE pair_id IN (SELECT id FROM pairs WHERE {pairs})", (ruling,))


def test_judgements_that_do_not_count_change_each_hour_once_a_statement(talks, postgres_url):
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        judge(conn, "")
        assert set(changes(conn).values()) == {1}
        judge(conn, "repeated", "conversation <> 'hour-3'")
        assert changes(conn) == {**dict.fromkeys(range(FIRST, FIRST + 3), 2), FIRST + 3: 1}
        conn.execute("UPDATE rulings SET no = 7")
        assert changes(conn)[FIRST] == 2
        conn.execute("UPDATE rulings SET reason = NULL")
        assert changes(conn) == {**dict.fromkeys(range(FIRST, FIRST + 3), 3), FIRST + 3: 1}


def test_pairs_of_before_the_sums_are_counted_by_the_step_and_later_ones_of_the_same_auditor_too(postgres_server, monkeypatch):
    url = postgres_server.empty()
    with monkeypatch.context() as older:
        older.setattr(schema_steps, "STEPS", schema_steps.STEPS[:3])
        running = open_store(StorageConfig(url=url, batch_seconds=0.01))
    with closing(running), closing(psycopg.connect(url, autocommit=True)) as conn:
        for place, expected in enumerate([{FIRST: 1}, {FIRST: 2}]):
            running.add_exchange(exchange_record(f"at-{place}", started=START))
            running.add_pair(pair_record(f"at-{place}", started=START))
            assert running.flush(PATIENCE)
            migrate_at(url)
            assert changes(conn) == expected
    postgres_server.drop(url)


def test_sums_of_the_day_after_hours_that_went_go_with_them(talks, postgres_url):
    talks.sum_hours(20.0)
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        kept_hours.drop_older(conn, (FIRST + 49) * HOUR)
        assert min(changes(conn)) == FIRST  # since there are pairs
        conn.execute("UPDATE pairs SET started = started + 1e6")
        kept_hours.drop_older(conn, (FIRST + 49) * HOUR)
        assert min(changes(conn)) == FIRST + 1
        assert conn.execute("SELECT count(*) FROM hour_sums").fetchone() == (0,)
