"""Counts, payoffs, traffic, limits and reasons of a period are those of SQLite."""

from contextlib import closing

import psycopg
import pytest

from tests.conformance import PATIENCE, START, exchange_record, pair_record
from tests.storage.postgres.same_records import each_period

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["signal_counts", "payoffs", "traffic", "reasons"])
def test_counts_of_any_period_are_those_of_sqlite(both, name):
    one, other = (list(each_period(getattr(store, name))) for store in both)
    assert one == other
    assert one[0]


def test_limits_of_any_period_are_those_of_sqlite(both):
    one, other = (list(each_period(store.identity_queries.limits)) for store in both)
    assert one == other
    assert one[0]


def test_counts_of_whole_stretches_are_read_from_sums_and_those_of_a_part_of_one_from_rows(postgres_store, postgres_url):
    postgres_store.add_exchange(exchange_record("one"))
    postgres_store.add_pair(pair_record("one", {"text": "match", "usage": "differ"}))
    assert postgres_store.flush(PATIENCE)
    periods = ((0.0, 0.0), (START - 200, START + 400), (START - 199, START + 399))
    before = [postgres_store.signal_counts(*each) for each in periods]
    assert before[0] == before[1] == before[2] != []
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        for table in ("findings", "checks"):
            conn.execute(f"DELETE FROM {table}")
    assert [postgres_store.signal_counts(*each) for each in periods] == [before[0], before[0], []]


@pytest.mark.parametrize(("provider", "found"), [("", (2, 1, 1)), ("near", (1, 1, 1)), ("far", (0, 0, 0)), ("nobody", (0, 0, 0))])
def test_live_requests_are_counted_by_whether_they_have_a_row_and_a_pair_where_one_has_none(postgres_store, provider, found):
    postgres_store.add_exchange(exchange_record("unkept")._replace(kept=False))
    postgres_store.add_exchange(exchange_record("one"))
    postgres_store.add_exchange(exchange_record("two", provider="far"))
    postgres_store.add_pair(pair_record("one"))
    assert postgres_store.flush(PATIENCE)
    assert postgres_store.row_coverage(0.0, 0.0, provider) == found
