import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.identity.robust_line import dot, fit


def test_a_line_is_found_through_a_third_of_wild_points():
    rows = [(1.0, float(x), float(x * x % 7)) for x in range(30)]
    values = [5 + 3 * row[1] - 2 * row[2] + (900 if place % 3 == 0 else 0) for place, row in enumerate(rows)]
    assert fit(rows, values) == pytest.approx((5, 3, -2), abs=0.01)


def test_columns_that_depend_on_each_other_or_are_empty_have_no_line():
    assert fit([(1.0, 2.0), (1.0, 2.0), (1.0, 2.0)], [1, 2, 3]) is None
    assert fit([(1.0, 0.0), (1.0, 0.0)], [1, 2]) is None
    assert fit([], []) is None


@given(st.lists(st.integers(-50, 50), min_size=3, max_size=3), st.integers(4, 30))
def test_points_on_a_line_give_it_back(coefficients, points):
    rows = [(1.0, float(x), float(x % 3)) for x in range(points)]
    found = fit(rows, [dot(coefficients, row) for row in rows])
    assert found == pytest.approx(coefficients, abs=1e-3)


def test_columns_that_never_stand_together_are_fitted_each_by_itself():
    assert fit([(4.0, 0.0), (0.0, 2.0)], [12, 10]) == pytest.approx((3, 5))


def test_one_point_gives_the_line_through_zero():
    assert fit([(2.0,)], [6.0]) == (3.0,)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_middle_of_numbers_is_found_in_any_unit(unit):
    """The least sum of deviations from a constant is at the median, far from the mean of these."""
    assert fit([(unit,)] * 7, [1, 2, 3, 10, 400, 500, 9000]) == pytest.approx((10 / unit,), rel=5e-3)


def test_line_is_settled_once_each_of_its_coefficients_is():
    """The first is found in one round, the second, a median far from its mean, in many."""
    rows = [(1.0, 0.0)] * 3 + [(0.0, 1.0)] * 7
    assert fit(rows, [3, 3, 3, 1, 2, 3, 10, 400, 500, 9000]) == pytest.approx((3, 10), rel=5e-3)


def test_columns_that_depend_on_each_other_but_for_rounding_have_no_line():
    rows = [(0.0, 1.0, 1.1), (7.0, 0.0, 2.1), (0.0, 1.0, 1.1), (0.1, 0.0, 0.03), (0.0, 0.1, 0.11), (0.1, 0.0, 0.03)]
    assert fit(rows, [1, 2, 3, 4, 5, 6]) is None
