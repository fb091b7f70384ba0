import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.drift.betting_factors import GRID
from shadow.drift.e_process import EProcess, units_needed
from tests.shadow.drift.leaning import payoffs

UNITS = st.lists(st.floats(-1, 1), max_size=60)


def fed(units, **made):
    process = EProcess(**made)
    for unit in units:
        process.add(unit)
    return process


@given(units=UNITS)
def test_odd_is_the_mean_over_the_bets_of_the_products(units):
    expected = sum(math.prod(1 + bet * unit for unit in units) for bet in GRID) / len(GRID)
    assert fed(units, same=False).evidence == pytest.approx(math.log(expected), abs=1e-9)


@given(units=UNITS, bound=st.floats(0.01, 0.5))
def test_same_is_the_mean_over_the_bets_of_the_products(units, bound):
    expected = sum(math.prod(1 + bet * (bound - unit) / (1 + bound) for unit in units) for bet in GRID) / len(GRID)
    assert fed(units, same=True, bound=bound).evidence == pytest.approx(math.log(expected), abs=1e-9)


@given(bound=st.floats(0.01, 0.5), chances=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_no_bet_gains_in_the_mean_while_its_hypothesis_is_true(bound, chances):
    """A unit whose mean is the bound (of ODD: 0) multiplies each bet by 1 in the mean."""
    low, high = -1 + chances[0] * (1 + bound), bound + chances[1] * (1 - bound)
    share = (bound - low) / (high - low) if high > low else 1.0
    for place in range(len(GRID)):
        mean = share * math.exp(fed([high], same=True, bound=bound).logs[place])
        mean += (1 - share) * math.exp(fed([low], same=True, bound=bound).logs[place])
        assert mean == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(("floor", "median"), [(0.005, 145), (0.05, 268), (0.15, 525)])
def test_the_plan_is_near_what_half_of_the_runs_need(floor, median):
    """Medians of the study for "same within 5 points", bar 100: half of the runs are done at .45 to .9 of the plan."""
    assert 0.45 <= median / units_needed(0.05, floor, math.log(100)) <= 0.9


def test_the_planned_units_prove_that_nothing_is_there():
    planned = math.ceil(units_needed(0.15, 0.1, math.log(40)))
    done = [fed(payoffs(random.Random(seed), 2 * planned), same=True, bound=0.15).evidence >= math.log(40) for seed in range(20)]
    assert sum(done) >= 18
