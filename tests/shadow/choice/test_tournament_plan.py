from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.choice.tournament_plan import RouteTraffic, SignalTraffic, conversation_floor, reference_calls, tournament_plan
from shadow.choice.tournament_terms import TournamentTerms

ONE = TournamentTerms(signals=("answer_kind",))


def traffic(**made):
    signals = {"answer_kind": SignalTraffic(floor=made.pop("floor", 0.15), assumed=False)}
    return RouteTraffic(**{"signals": signals, "sampled_per_day": 600.0, **made})


def test_the_plan_is_that_of_the_example():
    """1,700 requests in half of the cases and 3,600 in nine of ten, at floor .15 and five places."""
    found = tournament_plan(ONE, 5, traffic())
    assert (found.half, found.nine_of_ten) == (pytest.approx(1_700, rel=0.03), pytest.approx(3_600, rel=0.03))
    assert found.candidate_calls == 5 * found.nine_of_ten
    assert found.days == pytest.approx(6, rel=0.03)
    assert found.money is None


def test_a_signal_in_a_part_of_the_requests_takes_as_many_more():
    arguments = SignalTraffic(share=0.41, floor=0.10, assumed=False)
    signals = {"answer_kind": SignalTraffic(floor=0.15, assumed=False), "arguments": arguments}
    terms = TournamentTerms(signals=("answer_kind", "arguments"))
    found = tournament_plan(terms, 5, RouteTraffic(signals=signals, sampled_per_day=600.0))
    assert found.slowest.signal == "arguments"
    assert found.half == pytest.approx(2_700, rel=0.1)


def test_money_is_that_of_all_calls_and_unknown_without_a_price():
    found = tournament_plan(ONE, 2, traffic(reference_price=0.002, candidate_prices=(0.001, 0.0)))
    assert found.money == pytest.approx(found.nine_of_ten * 0.001 + found.reference_calls * 0.002, rel=0.01)
    assert tournament_plan(ONE, 2, traffic(reference_price=0.002, candidate_prices=(0.001, None))).money is None


@pytest.mark.parametrize(("per_request", "turns", "asked"), [(0, 1, 5), (5, 1, 5), (9, 1, 5), (2, 2.5, 2)])
def test_candidates_that_take_turns_need_more_requests_and_as_many_calls(per_request, turns, asked):
    prices = {"reference_price": 0.0, "candidate_prices": (0.001,) * 5}
    all_of_them, found = (
        tournament_plan(ONE, 5, traffic(**prices)),
        tournament_plan(ONE, 5, traffic(per_request=per_request, **prices)),
    )
    assert (found.asked, found.nine_of_ten) == (asked, pytest.approx(turns * all_of_them.nine_of_ten, abs=3))
    assert found.candidate_calls == pytest.approx(all_of_them.candidate_calls, abs=6)
    assert found.money == pytest.approx(all_of_them.money, rel=0.002)


def test_a_floor_that_was_not_seen_is_assumed():
    found = tournament_plan(ONE, 2, RouteTraffic(signals={}, sampled_per_day=0.0))
    assert (found.slowest.floor, found.slowest.assumed, found.days) == (0.15, True, inf)


@pytest.mark.parametrize(
    ("floor", "arms", "calls"), [(0.05, 1, 1.15), (0.15, 1, 1.24), (0.05, 5, 1.31), (0.15, 5, 1.47), (0.30, 5, 1.64)]
)
def test_reference_calls_are_near_those_of_the_study(floor, arms, calls):
    assert reference_calls(floor, arms, 0.1) == pytest.approx(calls, abs=0.04)


@given(floor=st.floats(0, 1), arms=st.integers(1, 20), control=st.floats(0, 1))
def test_a_request_takes_one_to_two_reference_calls_and_more_with_more_arms(floor, arms, control):
    found = reference_calls(floor, arms, control)
    assert 1 <= found <= 2
    assert found <= reference_calls(floor, arms + 1, control) + 1e-12


@given(floor=st.floats(0, 1), length=st.floats(1, 10))
def test_a_conversation_differs_from_itself_less_than_a_pair(floor, length):
    assert 0.3 * floor <= conversation_floor(floor, length) <= floor + 1e-12
