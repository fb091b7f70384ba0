import random
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.choice.price_order import FEWEST_COSTS, PriceRatio, price_choice, price_ratio


def costs(n=400, *, factor=1.0, spread=0.3, seed=0):
    draw = random.Random(seed)
    return {f"r{place}": ("", factor * 0.002 * draw.lognormvariate(0, spread)) for place in range(n)}


def test_half_the_price_is_cheaper():
    found = price_ratio(costs(factor=0.5), costs(seed=1))
    assert found.cheaper
    assert found.low < 0.5 < found.high
    assert price_ratio(costs(seed=1), costs(factor=0.5)).dearer


def test_equal_costs_are_a_tie():
    found = price_ratio(costs(), costs(seed=1))
    assert (found.cheaper, found.dearer) == (False, False)


def test_a_constant_factor_is_ordered_although_nothing_spreads():
    one = costs()
    assert price_ratio({name: (talk, 0.97 * money) for name, (talk, money) in one.items()}, one).cheaper
    assert not price_ratio(one, one).cheaper


@pytest.mark.parametrize(("conversations", "known"), [(29, False), (30, True)])
def test_an_order_needs_thirty_conversations(conversations, known):
    assert (price_ratio(costs(conversations), costs(conversations, seed=1)) is not None) == known
    assert FEWEST_COSTS == 30


def test_only_requests_that_both_answered_at_a_cost_are_compared():
    one, other = costs(100), costs(60)
    one["r0"] = ("", 0.0)
    assert price_ratio(one, other).requests == 59


def test_the_cheapest_proven_is_named_with_its_ties_and_what_is_cheaper_and_undecided():
    known = {"a": costs(), "b": costs(seed=1), "dear": costs(factor=3), "open": costs(factor=0.1), "bad": costs(factor=0.01)}
    found = price_choice(["a", "b", "dear"], ["open"], known)
    assert {found.cheapest, *found.tie} == {"a", "b"}
    assert found.cheaper_undecided == ("open",)


def test_undecided_candidate_that_is_dearer_or_has_no_price_is_not_named_as_cheaper():
    found = price_choice(["a"], ["dear", "unknown"], {"a": costs(), "dear": costs(factor=3, seed=1)})
    assert (found.cheapest, found.cheaper_undecided) == ("a", ())


def test_without_a_proven_candidate_or_a_price_there_is_no_cheapest():
    assert price_choice([], ["a"], {"a": costs()}).cheapest == ""
    assert price_choice(["a"], [], {}).cheapest == ""


@given(factor=st.floats(0.01, 100), seed=st.integers(0, 50))
def test_the_order_turns_when_the_two_are_swapped(factor, seed):
    one, other = costs(60, factor=factor, seed=seed), costs(60, seed=seed + 1)
    forth, back = price_ratio(one, other), price_ratio(other, one)
    assert (forth.cheaper, forth.dearer) == (back.dearer, back.cheaper)
    assert forth.ratio * back.ratio == pytest.approx(1)


def test_interval_of_a_hundred_ratios_of_two_or_a_half_is_as_wide_as_any_time_bounds_make_it():
    """The reach of 100 values of variance 1, 0.3763, times the spread of the logarithms, which is log 2."""
    one = {f"r{place}": ("", 1.0) for place in range(100)}
    found = price_ratio({name: ("", (0.5, 2.0)[place % 2]) for place, name in enumerate(one)}, one)
    assert (found.requests, found.ratio) == (100, pytest.approx(1))
    assert (found.low, found.high) == (pytest.approx(0.7704, abs=1e-4), pytest.approx(1.2980, abs=1e-4))


def test_interval_is_wider_where_requests_of_one_conversation_cost_alike():
    one = {f"r{place}": ("", 1.0) for place in range(100)}
    talks = {f"r{place}": (f"c{place // 2}", (0.5, 2.0)[place // 2 % 2]) for place in range(100)}
    assert price_ratio(talks, one).high == pytest.approx(1.2980 ** sqrt(2), abs=1e-3)


def test_two_prices_that_differ_by_a_constant_factor_have_an_interval_of_the_least_width():
    one = {f"r{place}": ("", 1.0) for place in range(100)}
    found = price_ratio(dict.fromkeys(one, ("", 0.97)), one)
    assert (found.low, found.high) == (pytest.approx(0.969963, abs=1e-6), pytest.approx(0.970037, abs=1e-6))


def flat(cost, requests=range(40), talk=""):
    """Each of these requests at the same cost."""
    return {f"r{place}": (talk and f"{talk}{place}", cost) for place in requests}


def test_of_equal_costs_the_first_by_name_is_the_cheapest_and_the_others_tie():
    found = price_choice(["c", "b", "a"], [], {"a": flat(2.0), "b": flat(2.0), "c": flat(2.0)})
    assert (found.cheapest, found.tie, found.apart) == ("a", ("b", "c"), ())


def test_a_dearer_candidate_is_no_tie():
    found = price_choice(["a", "b"], [], {"a": flat(2.0), "b": flat(1.0)})
    assert (found.cheapest, found.tie) == ("b", ())


def test_the_cheapest_is_cheaper_on_the_same_requests_though_its_own_are_dearer_on_the_whole():
    dear = {**flat(1.0), **flat(90.0, range(40, 80))}
    found = price_choice(["a", "b"], [], {"a": flat(2.0), "b": dear})
    assert (found.cheapest, found.tie) == ("b", ())


def test_candidates_that_answered_other_requests_are_apart():
    found = price_choice(["a", "b"], [], {"a": flat(1.0), "b": flat(2.0, range(40, 80))})
    assert (found.cheapest, found.tie, found.apart) == ("a", (), ("b",))


@pytest.mark.parametrize(("common", "tie", "cheaper"), [(29, ("b",), ()), (30, (), ("open",))])
def test_of_fewer_than_thirty_common_requests_no_order_is_stated(common, tie, cheaper):
    costs = {"a": flat(1.0), "b": flat(2.0, range(common)), "open": flat(0.5, range(common))}
    found = price_choice(["a", "b"], ["open"], costs)
    assert (found.cheapest, found.tie, found.cheaper_undecided) == ("a", tie, cheaper)


def test_undecided_candidates_are_named_in_the_order_of_their_names():
    found = price_choice(["a"], ["z", "y"], {"a": flat(1.0), "y": flat(0.5), "z": flat(0.5)})
    assert found.cheaper_undecided == ("y", "z")


@pytest.mark.parametrize(("one", "other", "known"), [(0.0, 1.0, 0), (1.0, 0.0, 0), (1.0, 1.0, 1)])
def test_a_request_that_costs_nothing_on_either_side_is_not_compared(one, other, known):
    found = price_ratio({**flat(1.0), "x": ("", one)}, {**flat(1.0), "x": ("", other)})
    assert found.requests == 40 + known


def test_requests_of_thirty_conversations_are_an_order_and_of_one_are_none():
    assert price_ratio(flat(1.0, talk="c"), flat(2.0)).ratio == pytest.approx(0.5)
    assert price_ratio({name: ("one", cost) for name, (_, cost) in flat(1.0).items()}, flat(2.0)) is None


@pytest.mark.parametrize(
    ("low", "high", "cheaper", "dearer"),
    [(0.8, 0.99, True, False), (0.8, 1.0, False, False), (1.0, 1.2, False, False), (1.01, 1.2, False, True)],
)
def test_a_price_is_another_one_where_its_interval_does_not_reach_the_same(low, high, cheaper, dearer):
    found = PriceRatio(requests=40, ratio=(low + high) / 2, low=low, high=high)
    assert (found.cheaper, found.dearer) == (cheaper, dearer)
