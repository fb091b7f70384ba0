from dataclasses import replace

import pytest

from proxy.exchange import Role
from proxy.provider_config import Provider
from shadow.pricing.price_list import PriceList
from shadow.tournament.route_traffic import route_traffic, seen_floor, traffic_of
from shadow.tournament.tournament_route import TournamentRoute
from storage.rows import PairGroup, SignalCount
from tests.records import NOW, add_pair, calling
from tests.shadow.tournament.arm_rows import BEGUN, arm, row

GROUP = PairGroup(route="agents", model="kimi", provider="live", reference="maker")

NAMES = ("official", "host-b")
ROUTE = TournamentRoute(name="agents", reference="official", candidates=("host-b", "host-c"))


def count(state, number, signal="answer_kind", reason="random"):
    return SignalCount(group=GROUP, comparison="self", signal=signal, state=state, control_reason=reason, count=number)


def live(n=100, **more):
    return [replace(each, role="primary", provider="live", **more) for each in arm(n=n, floor=0)]


def traffic(rows, counts=()):
    return traffic_of(rows, counts, now=BEGUN + 86_400.0, control_fraction=0.1)


def test_pairs_a_day_are_those_of_the_time_since_the_first():
    assert traffic(live()).sampled_per_day == pytest.approx(100)
    assert traffic([]).sampled_per_day == 0


@pytest.mark.parametrize(("controls", "floor"), [(19, None), (20, 0.17772)])
def test_the_floor_is_seen_in_twenty_random_controls(controls, floor):
    counts = [count("differ", 2), count("match", controls - 2), count("differ", 50, reason="tiebreak")]
    found = traffic(live(), counts).signals["answer_kind"]
    assert (found.floor, found.assumed) == (pytest.approx(floor, rel=1e-4) if floor else None, floor is None)


def test_a_signal_counts_for_the_share_of_pairs_that_have_it():
    rows = [*live(60), *(replace(each, payoffs={}) for each in live(40))]
    assert traffic(rows).signals["answer_kind"].share == 0.6


@pytest.mark.parametrize(("pairs", "floor"), [(49, None), (50, 0.07318)])
def test_the_floor_of_a_number_is_seen_in_fifty_pairs(pairs, floor):
    rows = [row(place, role="primary", payoffs={"error": -int(place == 0)}) for place in range(pairs)]
    found = traffic(rows).signals["error"]
    assert (found.floor, found.assumed) == (pytest.approx(floor, rel=1e-4) if floor else None, floor is None)


@pytest.mark.parametrize(
    ("differed", "compared", "floor"), [(0, 20, 0.0476), (0, 200, 0.005), (1, 20, 0.115), (100, 2_000, 0.055), (20, 20, 1.0)]
)
def test_seen_floor_is_one_standard_error_above_the_share(differed, compared, floor):
    assert seen_floor(differed, compared) == pytest.approx(floor, abs=1e-3)


def test_conversations_have_ten_pairs_at_most():
    rows = [replace(each, conversation="one") for each in live(30)] + [replace(each, conversation="two") for each in live(2)]
    assert traffic(rows).pairs_per_conversation == 6


def test_nothing_is_known_without_a_database():
    found = route_traffic(None, ROUTE, BEGUN, 0.1, PriceList({}))
    assert (found.signals, found.sampled_per_day) == ({}, 0)


def test_traffic_is_read_from_the_store_with_the_price_of_a_call(store):
    add_pair(store, "live", "Hello", "Hello", "Hello", route="agents", started=NOW)
    add_pair(store, "live", "Hello", "Hello", route="other", started=NOW)
    assert store.flush(20)
    prices = PriceList({name: Provider(base_url="https://x.example.com", price_input=1.0, price_output=1.0) for name in NAMES})
    found = route_traffic(store, ROUTE, NOW + 10, 0.1, prices)
    assert (found.sampled_per_day, found.signals["answer_kind"].share) == (24, 1.0)
    assert found.reference_price == found.candidate_prices[0] > 0
    assert found.candidate_prices[1] is None


@pytest.mark.parametrize(
    ("begun", "now", "a_day"), [(0.0, 3_599.0, 24.0), (0.0, 3_600.0, 24.0), (0.0, 7_200.0, 12.0), (3_600.0, 7_200.0, 24.0)]
)
def test_traffic_is_spread_over_an_hour_at_least(begun, now, a_day):
    first = replace(row(0), started=begun)
    assert traffic_of([first], [], now=now, control_fraction=0.1).sampled_per_day == pytest.approx(a_day)


def test_a_route_without_pairs_has_conversations_of_one():
    found = traffic([])
    assert (found.pairs_per_conversation, found.control_fraction) == (1.0, 0.1)


@pytest.mark.parametrize(("size", "counted"), [(9, 9), (10, 10), (11, 10)])
def test_a_conversation_counts_for_ten_pairs_at_most(size, counted):
    assert traffic([replace(each, conversation="one") for each in live(size)]).pairs_per_conversation == counted


def test_controls_of_several_counts_are_summed_and_others_are_not_compared():
    counts = [count("differ", 1), count("differ", 1), count("match", 10), count("match", 8), count("not_comparable", 900)]
    assert traffic(live(), counts).signals["answer_kind"].floor == pytest.approx(0.17772, rel=1e-4)


def test_controls_of_a_number_and_pairs_of_a_label_make_no_floor():
    """An error is odd in one direction, and two answers of a kind are alike or not."""
    rows = [row(place, role="primary", payoffs={"error": 0, "answer_kind": -1}) for place in range(49)]
    found = traffic(rows, [count("differ", 20, "error"), count("differ", 0, "answer_kind")]).signals
    assert (found["error"].floor, found["answer_kind"].floor) == (None, None)
    assert traffic([*rows, *rows]).signals["answer_kind"].floor is None


def test_the_floor_of_a_number_counts_the_odd_reference_twice_and_the_odd_provider_not():
    paid = [-1] * 2 + [1] * 20 + [0] * 78
    rows = [row(place, role="primary", payoffs={"error": payoff}) for place, payoff in enumerate(paid)]
    assert traffic(rows).signals["error"].floor == pytest.approx(seen_floor(4, 100))


def test_only_pairs_of_the_live_provider_with_this_reference_in_the_last_week_are_traffic(sqlite_store):
    add_pair(sqlite_store, "live", "Hello", "Hello", route="agents", started=NOW)
    add_pair(sqlite_store, "live", "Hello", "Hello", route="agents", started=NOW - 7 * 86_400 - 1)
    add_pair(sqlite_store, "host-b", "Hello", "Hello", route="agents", started=NOW, role=Role.CANDIDATE)
    assert sqlite_store.flush(20)
    for reference, a_day in (("official", 24), ("other", 0)):
        route = replace(ROUTE, reference=reference)
        assert route_traffic(sqlite_store, route, NOW, 0.1, PriceList({})).sampled_per_day == a_day


def test_the_floor_is_that_of_the_route_s_own_controls_of_the_last_week(sqlite_store):
    """On the route and on another one the live provider differs; on the other, and long ago, the reference does from itself."""
    for place in range(20):
        add_pair(sqlite_store, "live", calling("Oslo"), "Hello", "Hello", route="agents", started=NOW + place)
        add_pair(sqlite_store, "live", "Hello", "Hello", calling("Oslo"), route="other", started=NOW + place)
    add_pair(sqlite_store, "live", "Hello", "Hello", calling("Oslo"), route="agents", started=NOW - 8 * 86_400)
    assert sqlite_store.flush(20)
    found = route_traffic(sqlite_store, ROUTE, NOW + 60, 0.1, PriceList({})).signals["answer_kind"]
    assert (found.floor, found.assumed, found.share) == (pytest.approx(seen_floor(0, 20)), False, 1.0)
    other = route_traffic(sqlite_store, replace(ROUTE, reference="near"), NOW + 60, 0.1, PriceList({}))
    assert other.signals == {}
