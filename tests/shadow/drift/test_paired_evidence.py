from fractions import Fraction
from math import exp, inf, isfinite, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.drift.paired_evidence import (
    PASS_BETS,
    PAYOFF_BETS,
    SCORE_BETS,
    BettingWealth,
    PairedEvidence,
    beyond_gain,
    drop_bounds,
    pairs_left,
    within_gain,
)

BAR = log(20)
DROPS = st.lists(st.sampled_from([-1.0, -0.5, 0.0, 1 / 6, 0.5, 1.0]), max_size=30)
ALLOWED = st.sampled_from([0.0, 0.05, 0.1, 0.2, 0.3, 0.9])


def fed(drops: list[float], allowed: float | None, bar: float = inf) -> PairedEvidence:
    return PairedEvidence(allowed=allowed, bar=bar, drops=list(drops))


@given(st.lists(st.sampled_from([-1, 0, 1]), max_size=30), st.sampled_from([0, 1, 3, 5]))
def test_the_evidence_is_the_exact_mean_of_products(drops: list[int], twentieths: int):
    allowed = Fraction(twentieths, 20)
    found = fed([float(drop) for drop in drops], float(allowed))
    for wealth, bets, gain in (
        (found.worse, SCORE_BETS, Fraction),
        (found.fail, SCORE_BETS, lambda drop: (drop - allowed) / (1 + allowed)),
        (found.within, PASS_BETS, lambda drop: (allowed - drop) / (1 - allowed)),
    ):
        exact = Fraction(0)
        for bet in bets:
            product = Fraction(1)
            for drop in drops:
                product *= 1 + Fraction(str(bet)) * gain(drop)
            exact += product / len(bets)
        assert exp(wealth.evidence) == pytest.approx(float(exact), rel=1e-9)


@given(ALLOWED, st.sampled_from(SCORE_BETS + PASS_BETS + PAYOFF_BETS), st.floats(-1, 1))
def test_no_bet_ever_loses_all_and_none_gains_in_the_mean_at_its_boundary(allowed: float, bet: float, drop: float):
    for gain in (beyond_gain, within_gain):
        assert 1 + bet * gain(drop, allowed) > 0
        # two drops whose mean is the allowed one: the mean factor is 1
        other = 2 * allowed - drop
        assert gain(drop, allowed) + gain(other, allowed) == pytest.approx(0, abs=1e-9)


def test_swapped_providers_turn_the_evidence_for_worse_around():
    one, other = fed([1.0] * 6, None), fed([-1.0] * 6, None)
    assert one.worse.evidence > BAR > 0 > other.worse.evidence


@pytest.mark.parametrize(("pairs", "decides"), [(5, False), (6, True)])
def test_six_total_opposites_are_the_fewest_that_decide_worse(pairs: int, decides: bool):
    assert (fed([1.0] * pairs, None).worse.evidence >= BAR) is decides


@pytest.mark.parametrize(("allowed", "pairs"), [(0.05, 85), (0.1, 41), (0.2, 20), (0.3, 12)])
def test_the_fewest_equal_pairs_that_pass_an_allowed_drop(allowed: float, pairs: int):
    assert fed([0.0] * pairs, allowed).within.evidence >= BAR
    assert fed([0.0] * (pairs - 1), allowed).within.evidence < BAR


@pytest.mark.parametrize(("allowed", "pairs"), [(0.05, 6), (0.1, 7), (0.2, 8), (0.3, 9)])
def test_the_fewest_opposites_that_fail_an_allowed_drop(allowed: float, pairs: int):
    assert fed([1.0] * pairs, allowed).fail.evidence >= BAR
    assert fed([1.0] * (pairs - 1), allowed).fail.evidence < BAR


def test_evidence_is_frozen_at_the_pair_where_it_reaches_the_bar():
    found = fed([1.0] * 6, 0.3, BAR)
    reached = found.worse.evidence
    for _ in range(30):
        found.add(-1.0)
    assert found.worse.evidence == reached
    assert found.fail.evidence < 0


def test_without_an_allowed_drop_nothing_is_bet_on_one():
    found = fed([1.0] * 30, None)
    assert (found.fail.evidence, found.within.evidence) == (0.0, 0.0)
    assert found.mean == 1.0
    assert fed([], None).mean is None


@pytest.mark.parametrize("drop", [-1.001, 1.001, float("nan")])
def test_a_drop_outside_of_its_range_is_refused(drop: float):
    with pytest.raises(ValueError, match="drop"):
        fed([drop], 0.1)


def test_a_million_pairs_leave_finite_evidence():
    wealth = BettingWealth(PAYOFF_BETS)
    for _ in range(1000):
        wealth.logs = [old + 1000 * log(1 - bet) for old, bet in zip(wealth.logs, PAYOFF_BETS, strict=True)]
    assert isfinite(wealth.evidence)


@given(DROPS, ALLOWED)
def test_the_upper_bound_is_below_the_allowed_drop_where_the_study_passes_and_the_lower_above_where_it_fails(drops, allowed):
    low, high = drop_bounds(drops)
    passes = any(fed(drops[:n], allowed).within.evidence >= BAR for n in range(len(drops) + 1))
    fails = any(fed(drops[:n], allowed).fail.evidence >= BAR for n in range(len(drops) + 1))
    assert (high <= allowed + 1e-5) if passes else (high >= allowed - 1e-5)
    assert (low >= allowed - 1e-5) if fails else (low <= allowed + 1e-5)


def test_no_pair_bounds_nothing():
    assert drop_bounds([]) == (-1.0, 1.0)


@given(DROPS)
def test_swapping_the_two_sides_with_the_same_bets_swaps_the_bounds(drops: list[float]):
    low, high = drop_bounds(drops, bets=PAYOFF_BETS, within_bets=PAYOFF_BETS)
    other = drop_bounds([-drop for drop in drops], bets=PAYOFF_BETS, within_bets=PAYOFF_BETS)
    assert other == (pytest.approx(-high, abs=1e-5), pytest.approx(-low, abs=1e-5))


def test_the_pairs_left_shrink_as_evidence_grows_and_are_none_at_the_bar():
    gains = [within_gain(0.0, 0.3)] * 11
    found = fed([0.0] * 4, 0.3)
    assert pairs_left(found.within, gains, BAR) == 8
    more = fed([0.0] * 11, 0.3)
    assert pairs_left(more.within, gains, BAR) < pairs_left(found.within, gains, BAR)
    assert pairs_left(fed([0.0] * 12, 0.3).within, gains, BAR) == 0.0


def test_pairs_that_go_the_other_way_never_reach_the_bar():
    found = fed([1.0] * 4, 0.3)
    assert pairs_left(found.within, [within_gain(1.0, 0.3)] * 4, BAR) == inf
    assert pairs_left(found.within, [], BAR) == inf


@pytest.mark.parametrize(("share", "left"), [(0.999995, 100_000.0), (1.00001, inf)])
def test_no_end_is_foreseen_beyond_a_hundred_thousand_pairs(share, left):
    wealth, gain = BettingWealth((0.5,)), 0.0002
    assert pairs_left(wealth, [gain], share * 100_000 * log(1 + 0.5 * gain)) == left


@pytest.mark.parametrize(("logs", "reaches"), [((2.0, 2.0), True), ((2.0, 1.9), False), ((2.5, 0.0), False), ((2.7, 0.0), True)])
def test_a_bar_is_reached_by_the_mean_of_the_wealth_and_not_by_one_bet(logs, reaches):
    wealth = BettingWealth((0.1, 0.2), [*logs])
    assert wealth.reaches(2.0) is reaches
    assert (pairs_left(wealth, [0.0], 2.0) == 0) is reaches


@pytest.mark.parametrize(("drop", "allowed", "beyond", "within"), [(1.0, 0.2, 0.8 / 1.2, -1.0), (-1.0, 0.2, -1.0, 1.2 / 0.8)])
def test_the_most_that_a_bet_can_lose_is_its_stake(drop, allowed, beyond, within):
    assert beyond_gain(drop, allowed) == pytest.approx(beyond)
    assert within_gain(drop, allowed) == pytest.approx(within)


@pytest.mark.parametrize(("allowed", "pairs"), [(0.05, 85), (0.1, 41), (0.2, 20), (0.3, 12)])
def test_the_upper_bound_passes_an_allowed_drop_at_the_pair_at_which_the_study_does(allowed, pairs):
    assert drop_bounds([0.0] * pairs)[1] <= allowed < drop_bounds([0.0] * (pairs - 1))[1]


@pytest.mark.parametrize(("allowed", "pairs"), [(0.05, 6), (0.1, 7), (0.2, 8), (0.3, 9)])
def test_the_lower_bound_fails_an_allowed_drop_at_the_pair_at_which_the_study_does(allowed, pairs):
    assert drop_bounds([1.0] * pairs)[0] >= allowed > drop_bounds([1.0] * (pairs - 1))[0]


def test_the_pairs_left_are_counted_to_the_one_that_reaches_the_bar():
    growth = log(1.5)
    assert [pairs_left(BettingWealth((0.5,)), [1.0], bar) for bar in (growth, 4 * growth, 4.01 * growth)] == [1, 4, 5]
    assert pairs_left(fed([0.0] * 11, 0.3).within, [within_gain(0.0, 0.3)] * 11, BAR) == 1
