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


@pytest.mark.parametrize("per_day", [1.0, 0.5])
def test_days_are_requests_over_those_of_a_day(per_day):
    found = tournament_plan(ONE, 2, traffic(sampled_per_day=per_day))
    assert (found.days, found.half_days) == (found.nine_of_ten / per_day, found.half / per_day)


def test_a_route_without_traffic_never_ends():
    found = tournament_plan(ONE, 2, traffic(sampled_per_day=0.0))
    assert (found.half_days, found.days) == (inf, inf)


def test_a_plan_without_candidates_takes_as_many_requests_and_no_calls_to_them():
    none, one = tournament_plan(ONE, 0, traffic()), tournament_plan(ONE, 1, traffic())
    assert (none.half, none.nine_of_ten, none.candidate_calls, none.asked) == (one.half, one.nine_of_ten, 0, 0)


def test_each_signal_has_the_floor_that_is_assumed_of_it():
    terms = TournamentTerms(signals=("answer_kind", "error", "valid_calls", "arguments"))
    found = tournament_plan(terms, 2, RouteTraffic(signals={}, sampled_per_day=600.0))
    assert {need.signal: need.floor for need in found.needs} == {
        "answer_kind": 0.15,
        "error": 0.01,
        "valid_calls": 0.01,
        "arguments": 0.15,
    }
    assert all(need.assumed and need.share == 1.0 for need in found.needs)
    assert (found.half, found.nine_of_ten) == (found.slowest.half, found.slowest.nine_of_ten)
    assert found.nine_of_ten > min(need.nine_of_ten for need in found.needs)


@pytest.mark.parametrize(("per_request", "arms"), [(0, 3), (1, 2)])
def test_reference_calls_are_those_of_the_live_provider_and_the_candidates_that_get_a_copy(per_request, arms):
    found = tournament_plan(ONE, 2, traffic(floor=0.2, control_fraction=0.2, per_request=per_request))
    assert found.reference_calls == pytest.approx(found.nine_of_ten * reference_calls(0.2, arms, 0.2), abs=1)


def test_without_a_floor_of_the_answer_reference_calls_are_those_of_the_assumed_one():
    found = tournament_plan(ONE, 2, RouteTraffic(signals={}, sampled_per_day=600.0))
    assert found.reference_calls == pytest.approx(found.nine_of_ten * reference_calls(0.15, 3, 0.1), abs=1)


def test_a_signal_that_no_request_has_is_never_proven():
    signals = {"answer_kind": SignalTraffic(share=0.0, floor=0.1, assumed=False)}
    prices = {"reference_price": 0.1, "candidate_prices": (0.1, 0.1)}
    found = tournament_plan(ONE, 2, RouteTraffic(signals=signals, sampled_per_day=600.0, **prices))
    assert (found.half, found.nine_of_ten, found.reference_calls, found.days, found.money) == (inf, inf, inf, inf, None)


@pytest.mark.parametrize(("length", "as_long"), [(0.0, 1.0), (0.5, 1.0), (1.0, 1.0)])
def test_a_conversation_has_a_pair_at_least(length, as_long):
    assert tournament_plan(ONE, 2, traffic(pairs_per_conversation=length)) == tournament_plan(
        ONE, 2, traffic(pairs_per_conversation=as_long)
    )


def test_long_conversations_take_more_requests_and_fewer_conversations():
    short, long = (tournament_plan(ONE, 2, traffic(pairs_per_conversation=length)).nine_of_ten for length in (1.0, 10.0))
    assert short < long < 10 * short


def test_a_conversation_counts_for_a_signal_when_one_of_its_requests_does():
    """Half of the requests have it: of two a conversation, three of four conversations do, with 4/3 pairs each."""
    signals = {"answer_kind": SignalTraffic(share=0.5, floor=0.1, assumed=False)}
    found = tournament_plan(ONE, 2, RouteTraffic(signals=signals, sampled_per_day=600.0, pairs_per_conversation=2.0))
    same = {"answer_kind": SignalTraffic(floor=conversation_floor(0.1, 4 / 3), assumed=False)}
    whole = tournament_plan(ONE, 2, RouteTraffic(signals=same, sampled_per_day=600.0))
    assert found.nine_of_ten == pytest.approx(whole.nine_of_ten * 2 / 0.75, abs=3)


@pytest.mark.parametrize(
    ("floor", "length", "found"), [(0.2, 0.5, 0.2), (0.2, 1.0, 0.2), (0.2, 2.0, 0.13), (0.2, 10.0, 0.074), (0.0, 5.0, 0.0)]
)
def test_a_floor_spreads_over_a_conversation(floor, length, found):
    assert conversation_floor(floor, length) == pytest.approx(found)


@pytest.mark.parametrize(
    ("floor", "arms", "calls"), [(0.0, 5, 1.1), (1e-6, 5, 1.1), (1.0, 1, 2.0), (0.5, 1, 1.55), (0.5, 0, 1.1)]
)
def test_a_second_reference_call_is_one_by_chance_or_where_any_arm_differs(floor, arms, calls):
    assert reference_calls(floor, arms, 0.1) == pytest.approx(calls)
