"""Counts, payoffs, traffic, limits and reasons of a period are those of SQLite."""

import pytest

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
