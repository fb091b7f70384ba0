from math import inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.choice.mean_bounds import against_mean, mean_bounds
from shadow.drift.e_process import EProcess

UNITS = st.dictionaries(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), st.integers(1, 500), min_size=1)


@given(units=UNITS, bound=st.sampled_from([0.0, 0.03, 0.5]))
def test_the_evidence_is_that_of_beyond(units, bound):
    plain = EProcess(same=False, bound=bound)
    for unit, times in units.items():
        plain.add(unit, times)
    assert against_mean(units, bound) == pytest.approx(plain.evidence)


@given(units=UNITS, level=st.sampled_from([0.05, 1e-4]))
def test_the_mean_lies_between_its_bounds_and_the_evidence_is_below_the_threshold_just_inside(units, level):
    low, high = mean_bounds(units, log(1 / level))
    mean = sum(unit * times for unit, times in units.items()) / sum(units.values())
    assert -1 <= low <= mean <= high <= 1
    inside = low + 0.001
    assert inside >= 1 or against_mean(units, inside) < log(1 / level) + 1e-9
    assert low == -1 or against_mean(units, low) >= log(1 / level)


@given(units=UNITS)
def test_the_interval_of_the_opposite_is_the_opposite_interval(units):
    low, high = mean_bounds(units, 3.0)
    assert mean_bounds({-unit: times for unit, times in units.items()}, 3.0) == (-high, -low)


def test_zeros_alone_leave_room_for_what_was_not_seen():
    _, high = mean_bounds({0.0: 180}, log(36_000))
    assert high > 0.05


def test_each_end_is_the_outer_one_of_a_thousandth_of_the_interval():
    """Eleven halvings of two points leave a grid of 1,024 to a point, of which each end is a place."""
    ends = [end for count in range(100, 500, 20) for end in mean_bounds({0.0: count, 1.0: 9}, 3.0)]
    assert [(1_024 * end).is_integer() for end in ends] == [True] * 40
    assert any(round(1_024 * end) % 2 for end in ends)


def test_no_mean_is_below_minus_one():
    assert against_mean({0.0: 1}, -1.0) == inf


def test_the_least_mean_is_one_against_which_the_evidence_is_at_the_threshold():
    """Against a mean of 0, units that are all 0 are no evidence at all."""
    assert against_mean({0.0: 5}, 0.0) == 0.0
    assert mean_bounds({0.0: 5}, 0.0) == (0.0, 0.0)
