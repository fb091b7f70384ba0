"""Sums of hours in PostgreSQL: what changes while they are made, and days that are dropped."""

from contextlib import closing

import psycopg
import pytest

from storage.erasure_choice import ErasureChoice
from storage.postgres import kept_hours
from tests.conformance import START, exchange_record, pair_record

pytestmark = pytest.mark.slow

HOUR = 3_600
BEGUN = START + 200
"""A thousand seconds into an hour, so that the one before is settled by a pair of this moment."""


@pytest.fixture
def talks(postgres_store):
    """A store with four pairs, an hour after another, each of its own conversation."""
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
        before = dict(conn.execute("SELECT hour, sum(changes) FROM pair_hours GROUP BY hour").fetchall())
        assert talks.sweep(START + 32 * 86_400.0) > 0
        after = dict(conn.execute("SELECT hour, sum(changes) FROM pair_hours GROUP BY hour").fetchall())
        assert conn.execute("SELECT count(*) FROM hour_sums").fetchone() == (0,)
    assert after == {hour: changes + 1 for hour, changes in before.items()}
    assert talks.judgements.payoff_sums(0.0, 0.0) == []
