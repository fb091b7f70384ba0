from math import exp

import pytest

from shadow.choice.tournament_terms import TournamentTerms, difference_tests, is_closer, may_be_worse

TERMS = TournamentTerms()


@pytest.mark.parametrize(("rank", "needed"), [(1, 100), (2, 80), (3, 60), (4, 40), (5, 20)])
def test_each_rank_of_five_places_needs_its_step_of_holm(rank, needed):
    assert exp(TERMS.same_threshold(rank)) == pytest.approx(needed)


def test_invalid_calls_are_tolerated_up_to_one_point():
    assert TERMS.bound("arguments") == 0.03
    assert TERMS.bound("valid_calls") == 0.01
    assert TournamentTerms(tolerance=0.005).bound("valid_calls") == 0.005


def test_agreement_on_calls_brings_the_rate_of_calls_both_ways():
    assert TERMS.required == ("answer_kind", "arguments", "valid_calls", "error", "calls_tool", "calls_tool_rate")
    assert [key for key in TERMS.proven if key[0] == "calls_tool_rate"] == [("calls_tool_rate", 1), ("calls_tool_rate", -1)]
    assert TournamentTerms(signals=("error",)).required == ("error",)


def test_the_levels_of_the_differences_of_one_candidate_sum_to_its_part():
    spent = sum(exp(-TERMS.difference_threshold(key)) for key in difference_tests())
    assert spent <= TERMS.alpha / TERMS.places + 1e-12


def test_more_tokens_are_a_difference_and_never_worse():
    keys = set(difference_tests())
    assert ("completion_tokens", 1) in keys
    assert not may_be_worse(("completion_tokens", 1))
    assert may_be_worse(("error", 1))
    assert may_be_worse(("calls_tool_rate", -1))
    assert is_closer(("arguments", -1))
    assert not is_closer(("error", -1))
