from math import exp, isclose, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.drift.betting_factors import GRID, betting_factors, log_mean, recovery, softplus


@given(st.floats(-50, 50))
def test_softplus_is_the_logarithm_of_one_more(x):
    assert isclose(softplus(x), log(1 + exp(x)), abs_tol=1e-12)


def test_softplus_of_far_numbers_neither_overflows_nor_loses_them():
    assert softplus(1e6) == 1e6
    assert softplus(-1e6) == 0


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=8))
def test_the_log_mean_is_the_logarithm_of_the_mean(logs):
    assert isclose(log_mean(logs), log(sum(map(exp, logs)) / len(logs)), abs_tol=1e-9)


@given(st.floats(0, 0.5), st.floats(0, 0.3), st.floats(0, 1))
def test_no_factor_has_a_mean_above_1_under_its_hypothesis(baseline, tolerance, noise):
    found = betting_factors(tolerance, baseline)
    for steps, mean in ((found.even, baseline), (found.tolerant, baseline + tolerance)):
        odd = noise * (1 - mean)
        chances = (1 - mean - odd, mean + odd / 2, odd / 2)
        for bet in range(len(GRID)):
            assert sum(chance * exp(steps[payoff][bet]) for payoff, chance in zip((0, 1, -1), chances, strict=True)) <= 1 + 1e-9


@pytest.mark.parametrize("size", [0.02, 0.1, 0.5, 1.0])
def test_the_bets_on_recovery_lose_as_long_as_the_excess_stays(size):
    for bet in range(len(GRID)):
        steps = recovery(0.02, size)
        assert isclose(size * exp(steps[1][bet]) + (1 - size) * exp(steps[0][bet]), 1, abs_tol=1e-9)


def test_each_bet_is_a_part_of_the_wealth_that_leaves_some():
    assert all(0 < bet < 1 for bet in GRID)
    assert list(GRID) == sorted(set(GRID))


def test_without_an_excess_that_was_accepted_the_bets_are_on_any_excess():
    assert betting_factors(0.02) == betting_factors(0.02, 0.0)


@pytest.mark.parametrize("baseline", [0.0, 0.1])
def test_a_payoff_of_minus_one_takes_exactly_the_share_that_was_bet(baseline):
    found = betting_factors(0.02, baseline)
    for steps in (found.even, found.tolerant):
        assert [exp(step) for step in steps[-1]] == pytest.approx([1 - bet for bet in GRID])


def test_a_bet_on_recovery_wins_and_loses_by_its_share_and_the_distance_from_the_size():
    steps = recovery(0.02, 0.5)
    assert [exp(steps[payoff][-1]) for payoff in (0, 1, -1)] == pytest.approx(
        [1 + 0.95 / 1.02 * 0.5, 1 - 0.95 / 1.02 * 0.5, 1 + 0.95 / 1.02 * 1.5]
    )


@pytest.mark.parametrize(("x", "value"), [(0.0, 0.6931472), (0.5, 0.9740770), (1.0, 1.3132617), (-0.5, 0.4740770)])
def test_softplus_about_zero(x, value):
    assert softplus(x) == pytest.approx(value)


def test_the_log_mean_of_far_numbers_does_not_overflow():
    assert log_mean([0.0, 1_000.0]) == pytest.approx(1_000 - log(2))
    assert log_mean([-1_000.0, -1_000.0]) == -1_000
