from itertools import product
from math import log

import pytest

from shadow.drift.paired_evidence import PairedEvidence
from shadow.drift.stopping_power import StoppingRule, fewest_pairs, smallest_drop_found, stopping_chance


@pytest.mark.slow
@pytest.mark.parametrize("rule", [StoppingRule(), StoppingRule(allowed=0.2), StoppingRule(allowed=0.9, within=True)])
def test_the_chance_is_the_sum_over_all_courses_of_a_study(rule: StoppingRule):
    rate, other, most = 0.9, 0.3, 7
    chances = {1: rate * (1 - other), -1: (1 - rate) * other}
    chances[0] = 1 - chances[1] - chances[-1]
    decided = pairs = 0.0
    for course in product((1, 0, -1), repeat=most):
        chance = 1.0
        for drop in course:
            chance *= chances[drop]
        ends = next((n for n in range(1, most + 1) if _decides(rule, course[:n])), None)
        decided += chance if ends else 0.0
        pairs += chance * (ends or most)
    found = stopping_chance(rule, rate=rate, other_rate=other, most=most)
    assert found.decided == pytest.approx(decided)
    assert found.pairs == pytest.approx(pairs)


def _decides(rule: StoppingRule, drops: tuple[int, ...]) -> bool:
    found = PairedEvidence(allowed=rule.allowed, bar=log(1e9), drops=list(drops))
    return (found.within if rule.within else found.fail).evidence >= log(1 / rule.alpha)


@pytest.mark.parametrize("rate", [0.5, 0.6, 0.7, 0.8, 0.9])
def test_equal_providers_are_called_worse_in_at_most_five_of_a_hundred_studies(rate: float):
    assert 0.01 < stopping_chance(StoppingRule(), rate=rate, other_rate=rate, most=40).decided < 0.05


@pytest.mark.parametrize(("rate", "other"), [(0.9, 0.6), (0.5, 0.2), (0.7, 0.4), (0.3, 0.0)])
def test_at_exactly_the_allowed_drop_pass_and_fail_are_wrong_in_at_most_five_of_a_hundred(rate: float, other: float):
    for within in (True, False):
        rule = StoppingRule(allowed=0.3, within=within)
        assert stopping_chance(rule, rate=rate, other_rate=other, most=40).decided < 0.05


def test_the_pairs_that_a_study_takes_are_those_that_are_promised():
    small = stopping_chance(StoppingRule(), rate=0.9, other_rate=0.5, most=40)
    large = stopping_chance(StoppingRule(), rate=0.9, other_rate=0.3, most=40)
    assert small.pairs <= 19.5
    assert small.decided >= 0.94
    assert large.pairs <= 12
    assert large.decided >= 0.999


@pytest.mark.parametrize(
    ("rule", "pairs"),
    [
        (StoppingRule(), 6),
        (StoppingRule(allowed=0.2), 8),
        (StoppingRule(allowed=0.05, within=True), 85),
        (StoppingRule(allowed=0.3, within=True), 12),
    ],
)
def test_the_fewest_pairs_that_can_decide(rule: StoppingRule, pairs: int):
    assert fewest_pairs(rule) == pairs


@pytest.mark.slow
def test_the_smallest_drop_found_is_found_in_four_of_five_studies_and_one_a_little_smaller_is_not():
    drop = smallest_drop_found(0.9, 40)
    assert drop == pytest.approx(0.31, abs=0.01)
    assert stopping_chance(StoppingRule(), rate=0.9, other_rate=0.9 - drop, most=40).decided >= 0.8
    assert stopping_chance(StoppingRule(), rate=0.9, other_rate=0.9 - drop + 0.01, most=40).decided < 0.8


@pytest.mark.parametrize(("most", "seen"), [(5, False), (6, True)])
def test_below_six_pairs_no_drop_is_ever_found(most: int, seen: bool):
    assert (smallest_drop_found(1.0, most) is not None) is seen


def test_equal_pairs_never_pass_where_no_drop_is_allowed_and_take_as_many_as_it_takes_for_a_tiny_one():
    assert fewest_pairs(StoppingRule(within=True)) is None
    assert fewest_pairs(StoppingRule(allowed=0.001, within=True)) == 4_327
    assert fewest_pairs(StoppingRule(allowed=1e-9, within=True)) > 10**9
