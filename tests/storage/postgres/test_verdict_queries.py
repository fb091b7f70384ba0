"""What verdicts rest on is what SQLite returns, in any period."""

import pytest

from tests.storage.postgres.same_records import by_key, each_period

pytestmark = pytest.mark.slow


def clustered(rows) -> list[object]:
    """Sums by what their clusters have in common; the numbers of clusters are those of one query."""
    keys = ("model", "provider", "signal", "judgement", "pairs", "plus", "minus", "clusters")
    return by_key([tuple(getattr(row, key) for key in keys) for row in rows])


@pytest.mark.parametrize("name", ["compared_checks", "unread_requests"])
def test_sums_of_any_period_are_those_of_sqlite(both, name):
    one, other = (
        [by_key(rows) for rows in each_period(getattr(store.judgements, name))]  # type: ignore[arg-type] # rows of any kind
        for store in both
    )
    assert one == other
    assert one[0]


def test_payoff_sums_of_any_period_are_those_of_sqlite(both):
    one, other = ([clustered(rows) for rows in each_period(store.judgements.payoff_sums)] for store in both)
    assert one == other
    assert one[0]


@pytest.mark.parametrize("name", ["finish_reasons", "response_statuses", "pair_times"])
@pytest.mark.parametrize("limit", [1_000, 25])
def test_newest_rows_of_any_period_are_those_of_sqlite(both, name, limit):
    one, other = (
        list(each_period(lambda since, until, store=store: getattr(store.judgements, name)(since, until, limit)))
        for store in both
    )
    assert one == other
    assert one[0]


@pytest.mark.parametrize("provider", ["near", "absent"])
def test_counted_pairs_are_those_of_sqlite(both, provider):
    one, other = (
        list(each_period(lambda since, until, store=store: store.judgements.counted_pairs(provider, since, until)))
        for store in both
    )
    assert one == other
    assert bool(one[0]) is (provider == "near")


@pytest.mark.parametrize("seconds", [1e9, 3_600.0, 0.0])
def test_client_aborts_are_those_of_sqlite(both, seconds):
    one, other = (store.judgements.client_aborts(seconds) for store in both)
    assert one == other
