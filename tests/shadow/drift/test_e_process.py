import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.drift.betting_factors import GRID
from shadow.drift.e_process import ClaimedEvidence, EProcess, units_left, units_needed
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


@pytest.mark.parametrize("bet", GRID)
@given(units=UNITS)
def test_the_favoured_bet_has_three_tenths_of_the_wealth_and_the_others_the_rest_in_equal_parts(bet, units):
    one = ClaimedEvidence(same=False, favoured=bet)
    for unit in units:
        one.add(unit)
    wealth = {each: math.prod(1 + each * unit for unit in units) for each in GRID}
    others = sum(wealth.values()) - wealth[bet]
    assert one.evidence == pytest.approx(math.log(0.3 * wealth[bet] + 0.1 * others), abs=1e-9)


def test_same_favours_the_largest_bet_and_beyond_none():
    assert (ClaimedEvidence(same=True, bound=0.03).favoured, ClaimedEvidence(same=False).favoured) == (0.95, 0.0)


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


@given(units=UNITS, bound=st.floats(0.01, 0.5))
def test_beyond_is_the_mean_over_the_bets_of_the_products(units, bound):
    expected = sum(math.prod(1 + bet * (unit - bound) / (1 + bound) for unit in units) for bet in GRID) / len(GRID)
    assert fed(units, same=False, bound=bound).evidence == pytest.approx(math.log(expected), abs=1e-9)


@given(bound=st.floats(0.01, 0.5), high=st.floats(0.5, 1), same=st.booleans())
def test_neither_bet_on_a_bound_gains_in_the_mean_at_that_bound(bound, high, same):
    """Units of -1 and `high` whose mean is the bound multiply each bet by 1 in the mean."""
    share = (bound + 1) / (high + 1)
    for place in range(len(GRID)):
        mean = share * math.exp(fed([high], same=same, bound=bound).logs[place])
        mean += (1 - share) * math.exp(fed([-1.0], same=same, bound=bound).logs[place])
        assert mean == pytest.approx(1, abs=1e-9)


@given(unit=st.floats(-1, 1), times=st.integers(1, 50), same=st.booleans())
def test_equal_units_at_once_are_the_units_one_by_one(unit, times, same):
    at_once, one_by_one = (ClaimedEvidence(same=same, bound=0.03) for _ in range(2))
    at_once.add(unit, times)
    for _ in range(times):
        one_by_one.add(unit)
    assert at_once.logs == pytest.approx(one_by_one.logs, abs=1e-9)
    assert at_once.highest == pytest.approx(one_by_one.highest, abs=1e-9)
    assert at_once.units == times


@given(units=UNITS)
def test_a_claim_of_same_puts_three_tenths_on_the_largest_bet(units):
    parts = [0.1] * 7 + [0.3]
    wealth = [part * math.prod(1 + bet * (0.03 - unit) / 1.03 for unit in units) for part, bet in zip(parts, GRID, strict=True)]
    process = ClaimedEvidence(same=True, bound=0.03)
    for unit in units:
        process.add(unit)
    assert process.evidence == pytest.approx(math.log(sum(wealth)), abs=1e-9)


@given(units=UNITS)
def test_the_highest_evidence_is_that_of_some_moment_and_never_sinks(units):
    process, seen = ClaimedEvidence(same=True, bound=0.1), [0.0]
    for unit in units:
        process.add(unit)
        seen.append(process.evidence)
        assert process.highest == max(seen)


@pytest.mark.parametrize(("floor", "needed"), [(0, 245), (0.005, 288), (0.01, 350), (0.02, 460)])
def test_the_plan_for_three_points_is_that_of_the_study(floor, needed):
    assert units_needed(0.03, floor, math.log(100)) == pytest.approx(needed, rel=0.02)


@pytest.mark.parametrize(("floor", "needed"), [(0, 714), (0.005, 1_229), (0.01, 1_884), (0.02, 3_096)])
def test_the_plan_for_one_point_is_that_of_the_study(floor, needed):
    assert units_needed(0.01, floor, math.log(100)) == pytest.approx(needed, rel=0.02)


def test_an_excess_at_the_bound_is_never_proven_smaller():
    assert units_needed(0.03, 0.1, math.log(100), excess=0.03) == math.inf
    assert units_needed(0.03, 0.1, math.log(100), excess=0.01) > units_needed(0.03, 0.1, math.log(100))


@given(floor=st.floats(0, 1), excess=st.floats(0, 1), done=st.integers(0, 200))
def test_what_is_left_shrinks_with_what_was_seen(floor, excess, done):
    process = EProcess(same=True, bound=0.05)
    process.add(0.0, done) if done else None
    assert units_left(process.logs, 0.05, floor, math.log(100), excess) <= units_needed(0.05, floor, math.log(100), excess)


def by_hand(bound, floor, bar, excess):
    """The units after which the best bet reaches the bar, by its mean growth."""
    shares = {1: floor / 2 + excess, -1: floor / 2, 0: 1 - floor - excess}
    growths = [sum(share * math.log(1 + bet * (bound - unit) / (1 + bound)) for unit, share in shares.items()) for bet in GRID]
    return math.log(bar * len(GRID)) / max(growths)


@pytest.mark.parametrize(
    ("bound", "floor", "bar", "excess"), [(0.05, 0.1, 40, 0.0), (0.05, 0.1, 100, 0.02), (0.3, 0.0, 100, 0.1), (0.1, 0.6, 20, 0.0)]
)
def test_the_plan_is_the_mean_growth_of_the_best_bet(bound, floor, bar, excess):
    assert units_needed(bound, floor, math.log(bar), excess) == pytest.approx(by_hand(bound, floor, bar, excess))


def test_a_reference_cannot_differ_from_itself_more_often_than_always():
    assert units_needed(0.1, 1.7, math.log(100)) == units_needed(0.1, 1.0, math.log(100))


def test_nothing_is_left_of_a_bet_that_has_come_far_enough():
    logs = [0.0] * (len(GRID) - 1) + [math.log(101 * len(GRID))]
    assert units_left(logs, 0.1, 0.0, math.log(100)) == 0.0
    assert units_left([old - 0.02 for old in logs], 0.1, 0.0, math.log(100)) > 0.0
