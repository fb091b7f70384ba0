from math import exp

import pytest

from shadow.choice.tournament_terms import DIFFERENCE_TESTS, TournamentTerms, is_closer

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
    spent = sum(exp(-TERMS.difference_threshold(key)) for key in DIFFERENCE_TESTS)
    assert spent == pytest.approx(TERMS.alpha / TERMS.places)


def test_the_required_tests_share_nine_tenths_of_the_level_of_differences():
    assert sum(map(TERMS.weight, TERMS.proven)) == pytest.approx(0.9)
    assert TournamentTerms(signals=("answer_kind",)).weight(("answer_kind", 1)) == pytest.approx(0.9)


def test_an_answer_too_close_to_the_reference_is_a_test_of_agreement_alone():
    assert ("completion_tokens", 1) in DIFFERENCE_TESTS
    assert ("error", -1) not in DIFFERENCE_TESTS
    assert is_closer(("arguments", -1))
    assert not is_closer(("error", -1))
