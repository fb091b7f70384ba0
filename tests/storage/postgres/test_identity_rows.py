"""Identities, shapes, segments and checks by stream are those of SQLite."""

import pytest

from tests.storage.postgres.same_records import BEGIN, each_period

pytestmark = pytest.mark.slow


def test_segments_of_any_period_are_those_of_sqlite(both):
    one, other = (list(each_period(store.identity_queries.segments)) for store in both)
    assert one == other
    assert one[0]


@pytest.mark.parametrize("name", ["identities", "shapes", "by_stream"])
def test_newest_rows_of_any_period_are_those_of_sqlite(both, name):
    one, other = (
        list(each_period(lambda since, until, store=store: getattr(store.identity_queries, name)(since, until, 100)))
        for store in both
    )
    assert one == other
    assert one[0]


def test_latest_identities_and_those_up_to_a_moment_are_those_of_sqlite(both):
    one, other = both
    assert one.identity_queries.latest(10) == other.identity_queries.latest(10) != []
    for until in (BEGIN - 1, BEGIN + 20_000.0, 9e9):
        assert one.judgements.identities_of("small", until) == other.judgements.identities_of("small", until)
