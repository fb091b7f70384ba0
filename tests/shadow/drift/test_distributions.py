import random
from fractions import Fraction
from math import comb, inf, isclose, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from shadow.drift.distributions import (
    always_reach,
    clustered_error,
    e_benjamini_hochberg,
    holm,
    incomplete_beta,
    one_sided_sign_test,
    sign_test,
    t_distribution,
    t_quantile,
)


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 29, 49, 100, 399, 5_000, 1_000_000])
@pytest.mark.parametrize("probability", [0.001, 0.025, 0.4, 0.5, 0.75, 0.975, 0.9995])
def test_the_t_quantile_is_that_of_scipy(freedom, probability):
    assert isclose(t_quantile(probability, freedom), stats.t.ppf(probability, freedom), rel_tol=1e-8, abs_tol=1e-9)


@given(st.floats(-40, 40), st.integers(1, 10_000))
def test_the_t_distribution_is_that_of_scipy(t, freedom):
    assert isclose(t_distribution(t, freedom), stats.t.cdf(t, freedom), rel_tol=1e-8, abs_tol=1e-12)


@pytest.mark.parametrize("freedom", [1, 2, 7, 100])
@pytest.mark.parametrize("t", [-3.0, -1.0, -0.999, -0.25, 0.0, 0.25, 0.999, 1.0, 3.0])
def test_the_t_distribution_is_that_of_scipy_on_both_sides_of_one_where_the_formula_changes(t, freedom):
    assert isclose(t_distribution(t, freedom), stats.t.cdf(t, freedom), rel_tol=1e-12)


@given(st.floats(0.1, 200), st.floats(0.1, 200), st.floats(0, 1))
def test_the_incomplete_beta_function_is_that_of_scipy(a, b, x):
    assert isclose(incomplete_beta(a, b, x), special.betainc(a, b, x), rel_tol=1e-8, abs_tol=1e-12)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_exact(plus, minus):
    tail = sum(comb(plus + minus, k) for k in range(min(plus, minus) + 1))
    exact = min(Fraction(1), 2 * Fraction(tail, 2 ** (plus + minus)))
    assert isclose(sign_test(plus, minus), float(exact), rel_tol=1e-10)


@pytest.mark.parametrize(("plus", "minus"), [(0, 0), (0, 1), (1, 0), (3, 3), (3, 5), (5, 3), (0, 7), (7, 0), (40, 20), (20, 40)])
def test_the_one_sided_sign_test_is_exact(plus, minus):
    exact = Fraction(sum(comb(plus + minus, k) for k in range(plus, plus + minus + 1)), 2 ** (plus + minus))
    assert isclose(one_sided_sign_test(plus, minus), float(exact), rel_tol=1e-10)


@pytest.mark.parametrize(("plus", "minus"), [(10, 10), (0, 10), (300, 200), (5_000, 5_200), (100_000, 101_000)])
def test_the_sign_test_is_that_of_scipy(plus, minus):
    assert isclose(sign_test(plus, minus), stats.binomtest(plus, plus + minus).pvalue, rel_tol=1e-7)


def test_no_count_is_too_large_or_too_small_for_the_sign_test():
    assert sign_test(0, 0) == 1
    assert sign_test(1_000_000, 0) == 0
    assert 0 < sign_test(500_000, 501_000) < 1


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_lowers_a_p_and_keeps_the_order(values):
    adjusted = holm(values)
    assert all(one <= two <= 1 for one, two in zip(values, adjusted, strict=True))
    order = sorted(range(len(values)), key=values.__getitem__)
    assert [adjusted[i] for i in order] == sorted(adjusted)


def test_holm_multiplies_the_smallest_by_the_size_of_the_table():
    assert holm([0.01, 0.04, 0.03]) == (0.03, 0.06, 0.06)


def test_the_error_of_clusters_of_one_is_the_ordinary_one():
    values = [1, 0, 0, -1, 1, 0, 0, 0, 1, 1]
    mean = sum(values) / len(values)
    error = clustered_error([(1, value) for value in values], mean)
    assert isclose(error, sqrt(stats.sem(values) ** 2 + 1 / len(values) ** 2))


def test_values_that_come_together_widen_the_error():
    apart = clustered_error([(1, 1)] * 50 + [(1, 0)] * 50, 0.5)
    together = clustered_error([(10, 10)] * 5 + [(10, 0)] * 5, 0.5)
    assert together > 2.5 * apart
    assert clustered_error([(10, 3)], 0.3) == inf


@given(st.lists(st.floats(-50, 50), max_size=30), st.floats(0.01, 0.5))
def test_the_discoveries_are_the_largest_number_whose_smallest_is_large_enough(logs, alpha):
    found = e_benjamini_hochberg(logs, alpha)
    ranked = sorted(logs, reverse=True)
    passing = [k for k in range(1, len(logs) + 1) if ranked[k - 1] >= log(len(logs) / (k * alpha))]
    assert sorted((logs[place] for place in found), reverse=True) == ranked[: max(passing, default=0)]


def test_an_e_value_is_a_discovery_above_one_over_alpha_times_the_share_of_discoveries():
    assert e_benjamini_hochberg([log(20.0) + 1e-12], 0.05) == {0}
    assert e_benjamini_hochberg([log(19.9)], 0.05) == frozenset()
    assert e_benjamini_hochberg([log(21.0)] * 100, 0.05) == frozenset(range(100))
    assert e_benjamini_hochberg([log(21.0)] + [0.0] * 99, 0.05) == frozenset()


@pytest.mark.slow
def test_the_rate_of_false_discoveries_is_kept_though_the_groups_depend_on_each_other():
    """Half of twenty groups differ; all the others bet on one and the same coin."""
    draw, shares = random.Random(1), []
    for _ in range(400):
        shared = sum(draw.choice((log(1.5), log(0.5))) for _ in range(40))
        logs = [shared] * 10 + [sum(draw.choices((log(1.5), log(0.5)), (4, 1))[0] for _ in range(40)) for _ in range(10)]
        found = e_benjamini_hochberg(logs, 0.05)
        shares.append(sum(place < 10 for place in found) / len(found) if found else 0.0)
    assert sum(shares) / len(shares) <= 0.05


def test_a_confidence_sequence_may_be_looked_at_after_every_pair():
    """The ordinary interval leaves the truth somewhere in many of these runs; this one in at most one of twenty."""
    draw, left, ordinary = random.Random(2), 0, 0
    for _ in range(60):
        total = squares = 0
        out = early = False
        for n, value in enumerate(draw.choices((1, -1, 0), (0.1, 0.1, 0.8), k=4_000), 1):
            total, squares = total + value, squares + value * value
            if n >= 100 and n % 10 == 0:
                mean, variance = total / n, squares / n - (total / n) ** 2
                out = out or abs(mean) > always_reach(n, variance)
                early = early or abs(mean) > 1.96 * sqrt(variance / n)
        left, ordinary = left + out, ordinary + early
    assert left <= 6
    assert ordinary >= 12


def test_a_confidence_sequence_is_never_much_wider_than_it_must_be():
    ratio = always_reach(1_000, 0.2) / (1.96 * sqrt(0.2 / 1_000))
    assert 1.4 < ratio < 1.8


@pytest.mark.parametrize(("alpha", "rho_squared"), [(0.05, 8.781790e-3), (0.01, 12.430671e-3)])
@pytest.mark.parametrize("n", [1, 100, 1_000, 20_000])
def test_the_confidence_sequence_is_that_of_the_paper_at_its_tightest_at_a_thousand(n, alpha, rho_squared):
    """Its variance has one value of 1 more, so that no spread among the first few is not taken for certainty."""
    variance = (n * 0.2 + 1) / (n + 1)
    bound = 2 * (n * rho_squared + 1) / (n**2 * rho_squared) * log(sqrt(n * rho_squared + 1) / alpha)
    assert always_reach(n, 0.2, alpha) == pytest.approx(sqrt(variance * bound), rel=1e-6)


@pytest.mark.parametrize(
    ("plus", "minus", "p"), [(5, 0, 1 / 32), (0, 5, 1.0), (3, 2, 0.5), (2, 3, 1 - 3 / 16), (1, 0, 0.5), (0, 0, 1.0)]
)
def test_the_one_sided_sign_test_of_a_few_throws(plus, minus, p):
    assert one_sided_sign_test(plus, minus) == pytest.approx(p)


@pytest.mark.parametrize(("x", "value"), [(-0.5, 0.0), (0.0, 0.0), (1.0, 1.0), (1.5, 1.0)])
def test_the_incomplete_beta_function_ends_at_0_and_1(x, value):
    assert incomplete_beta(2.0, 3.0, x) == value
