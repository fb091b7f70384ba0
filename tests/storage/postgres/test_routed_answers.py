"""Pairs of a route and servers behind routers are those of SQLite."""

import pytest

from tests.storage.postgres.same_records import each_period

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("route", ["default", "absent"])
def test_pairs_of_a_route_are_those_of_sqlite(both, route):
    one, other = (
        list(each_period(lambda since, until, store=store: store.judgements.arm_pairs(route, since, until))) for store in both
    )
    assert one == other
    assert bool(one[0]) is (route == "default")


@pytest.mark.parametrize("route", ["default", "absent"])
def test_the_sums_of_a_route_s_pairs_is_that_of_sqlite(both, route):
    one, other = (
        list(each_period(lambda since, until, store=store: [store.judgements.arm_pairs_sums(route, since, until)]))
        for store in both
    )
    assert one == other


@pytest.mark.parametrize("name", ["routed_pairs", "upstream_shares", "upstream_turns"])
@pytest.mark.parametrize("limit", [1_000, 25])
def test_what_is_known_of_servers_behind_routers_is_that_of_sqlite(both, name, limit):
    one, other = (
        [
            list(rows)
            for rows in each_period(lambda since, until, store=store: getattr(store.judgements, name)(since, until, limit))
        ]
        for store in both
    )
    assert one == other
    assert one[0] or limit < 1_000, "the newest few may have no turn"
