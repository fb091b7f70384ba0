"""The test by flipped conversations: as all flips counted one by one, and as the sign test where conversations are alike."""

import random
from collections import Counter
from itertools import product
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.drift.distributions import sign_test
from shadow.drift.sign_flips import EXACT, flip_test


def flipped(totals):
    """Every flip, one by one."""
    reached = abs(sum(totals))
    sums = [
        abs(sum(sign * total for sign, total in zip(signs, totals, strict=True)))
        for signs in product((1, -1), repeat=len(totals))
    ]
    return sum(one >= reached for one in sums) / len(sums)


@given(st.lists(st.integers(-10, 10).filter(bool), min_size=1, max_size=9))
def test_the_p_is_the_share_of_flips_that_lean_as_far(totals):
    assert isclose(flip_test(totals), flipped(totals), rel_tol=1e-12)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 10))
def test_conversations_of_one_length_make_it_the_sign_test(plus, minus, pairs):
    assert flip_test([pairs] * plus + [-pairs] * minus + [0] * 7) == sign_test(plus, minus)


@given(st.lists(st.integers(-10, 10), max_size=40), st.randoms())
def test_neither_order_nor_sides_nor_even_conversations_change_it(totals, draw):
    shuffled = [-total for total in totals] + [0] * 3
    draw.shuffle(shuffled)
    assert flip_test(shuffled) == flip_test(totals)


@pytest.mark.parametrize("bias", [0.5, 0.53, 0.6, 0.8])
def test_beyond_300_conversations_the_formula_goes_on_where_counting_ended(bias):
    draw = random.Random(f"flips {bias}")
    totals = [draw.randint(1, 10) * (1 if draw.random() < bias else -1) for _ in range(300)]
    assert EXACT == 300
    # two conversations more that cancel each other: one span more of the distribution, by the formula
    assert flip_test([*totals, 1, -1]) == pytest.approx(flip_test(totals), rel=0.02)


def counted(totals):
    """The share of flips that lean as far, by counting the ways to each sum."""
    ways = Counter({0: 1})
    for total in totals:
        further = Counter()
        for reached, count in ways.items():
            further[reached + total] += count
            further[reached - total] += count
        ways = further
    return sum(count for reached, count in ways.items() if abs(reached) >= abs(sum(totals))) / 2 ** len(totals)


@pytest.mark.parametrize("odd", [150, 180, 210, 270])
def test_the_formula_beyond_300_conversations_is_within_a_thousandth_of_all_flips_counted(odd):
    totals = [number % 3 + 1 for number in range(odd)]
    totals += [-(number % 4) - 1 for number in range(301 - len(totals))]
    assert flip_test(totals) == pytest.approx(counted(totals), rel=1e-3)


@pytest.mark.parametrize("alone", [(3, -1, -1), (3, -1), (3,)], ids=["sum 1", "sum 2", "sum 3"])
def test_the_formula_is_that_of_all_flips_where_hardly_any_payoff_is_left(alone):
    totals = [*alone, *[1, -1] * 150]
    assert flip_test(totals) == pytest.approx(counted(totals), rel=1e-3)


def test_a_flip_test_of_8000_values_on_one_side_is_below_1e_300():
    assert flip_test([1, 2] * 4_000) < 1e-300
    assert flip_test([2, 4] * 4_000) == flip_test([1, 2] * 4_000)
    assert flip_test([]) == flip_test([0, 0]) == 1
    assert flip_test([3, -1, -2]) == 1


def test_a_flip_test_of_one_conversation_is_1_however_long_it_is():
    assert flip_test([10]) == 1
    assert flip_test([10, 1, 1]) == 0.25


def test_the_formula_is_one_half_where_a_sum_is_next_to_nothing_beside_the_sizes():
    """300 conversations of ten thousand pairs each cancel each other; three pairs are left."""
    assert flip_test([10_007, -10_007] * 150 + [3]) == pytest.approx(1.0)
