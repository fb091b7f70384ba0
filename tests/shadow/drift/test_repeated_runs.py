from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shadow.drift import repeated_runs
from shadow.drift.repeated_runs import (
    fewest_to_separate,
    fisher,
    fisher_power,
    passes_all,
    runs_to_separate,
)


@given(st.integers(1, 8), st.data())
def test_pass_k_is_the_share_of_all_draws_without_putting_back(runs: int, data: st.DataObject):
    successes, times = data.draw(st.integers(0, runs)), data.draw(st.integers(1, runs))
    draws = list(combinations([True] * successes + [False] * (runs - successes), times))
    assert passes_all(successes, runs, times) == pytest.approx(sum(map(all, draws)) / len(draws))


@pytest.mark.parametrize(("successes", "runs", "times"), [(4, 3, 1), (-1, 3, 1), (2, 3, 4), (2, 3, 0)])
def test_draws_that_cannot_be_made_are_refused(successes: int, runs: int, times: int):
    with pytest.raises(ValueError, match="cannot be drawn"):
        passes_all(successes, runs, times)


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_fisher_is_scipys(runs: int, other_runs: int, data: st.DataObject):
    one, other = data.draw(st.integers(0, runs)), data.draw(st.integers(0, other_runs))
    expected = stats.fisher_exact([[one, runs - one], [other, other_runs - other]]).pvalue
    assert fisher(one, runs, other, other_runs) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("runs", "p"), [(1, 1.0), (2, 1 / 3), (3, 0.1), (4, 2 / 70)])
def test_the_smallest_p_of_so_many_runs_each_is_that_of_total_opposites(runs: int, p: float):
    assert fisher(runs, runs, 0, runs) == pytest.approx(p)


def test_total_opposites_need_four_runs_each():
    assert fewest_to_separate(0.05) == 4
    assert fewest_to_separate(0.1) == 3


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.integers(2, 14))
def test_the_power_is_the_sum_over_all_tables_by_scipy(rate: float, other_rate: float, runs: int):
    ones, others = stats.binom(runs, rate), stats.binom(runs, other_rate)
    expected = sum(
        ones.pmf(a) * others.pmf(b) for a in range(runs + 1) for b in range(runs + 1) if fisher(a, runs, b, runs) <= 0.05
    )
    assert fisher_power(rate, other_rate, runs) == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize(("rates", "runs"), [((0.95, 0.05), 5), ((0.9, 0.3), 12), ((0.9, 0.5), 23), ((0.8, 0.4), 27)])
def test_the_runs_that_separate_two_rates_are_the_fewest_that_do(rates: tuple[float, float], runs: int):
    assert runs_to_separate(*rates) == runs
    assert fisher_power(*rates, runs) >= 0.8 > fisher_power(*rates, runs - 1)


@pytest.mark.slow
def test_eight_against_six_of_ten_takes_ninety_runs_of_each():
    assert runs_to_separate(0.8, 0.6) == 90


@pytest.mark.parametrize("rates", [(0.9, 0.9), (0.9, 0.85)])
def test_rates_that_are_too_near_are_separated_by_no_number(rates: tuple[float, float]):
    assert runs_to_separate(*rates) is None


def test_rates_at_the_ends_are_certain():
    assert fisher_power(1.0, 0.0, 4) == 1.0
    assert fisher_power(1.0, 0.0, 3) == 0.0


@pytest.mark.parametrize(("least", "found"), [(300, 300), (301, None)])
def test_three_hundred_runs_are_the_most_that_are_searched_for(monkeypatch, least: int, found: int | None):
    monkeypatch.setattr(repeated_runs, "fisher_power", lambda _one, _other, runs, _alpha: float(runs >= least))
    assert runs_to_separate(0.7, 0.5 + least / 10_000) == found  # rates of its own, because what was found is kept


@pytest.mark.parametrize(("alpha", "runs"), [(0.4, 2), (0.11, 3), (0.05, 4)])
def test_rates_at_the_ends_are_separated_by_the_fewest_runs_that_the_level_permits(alpha: float, runs: int):
    assert runs_to_separate(1.0, 0.0, alpha=alpha) == runs
    assert fewest_to_separate(alpha) == runs


def test_at_a_level_of_one_a_single_run_is_enough():
    assert fewest_to_separate(1.0) == 1


@pytest.mark.parametrize("successes", [2, 4, 25])
def test_a_p_is_never_above_one(successes: int):
    """The sum of the chances of all tables is 1 but for its last digits."""
    assert fisher(successes, 27, successes, 27) == 1.0
