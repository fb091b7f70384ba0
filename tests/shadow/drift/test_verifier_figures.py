"""The figures of verifiers: F1 as they define it, beside the reference's own, with what chance would do."""

import random
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shadow.drift.verifier_figures import PairEnding, f1, kappa, triggering

COUNTS = st.tuples(*[st.integers(0, 40)] * 4)


def choose(n):
    return random.Random(n).choices(range(n), k=n)


def resampling(salt=1):
    draw = random.Random(salt)
    return lambda n: draw.choices(range(n), k=n)


def ending(provider, reference, control=None, conversation=""):
    return PairEnding(conversation=conversation, provider=provider, reference=reference, control=control)


def served(draw, count, *, lost=0.0, controls=True):
    """Requests with chances of their own to trigger; the provider loses some of its calls."""
    for number in range(count):
        chance = draw.betavariate(0.5, 0.5)
        y, r, c = (draw.random() < chance for _ in range(3))
        yield ending(y and draw.random() >= lost, r, c if controls else None, f"talk {number // 3}")


@given(COUNTS)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(counts):
    both, one, other, _ = counts
    if both:
        precision, recall = both / (both + one), both / (both + other)
        assert isclose(f1(counts), 2 * precision * recall / (precision + recall))
    else:
        assert f1(counts) in {None, 0.0}


@given(COUNTS)
def test_kappa_is_agreement_beyond_chance(counts):
    both, one, other, neither = counts
    n, found = sum(counts), kappa(counts)
    if found is None:
        assert n in {0, both, neither}
        return
    expected = ((both + one) * (both + other) + (neither + one) * (neither + other)) / n**2
    assert isclose(found, ((both + neither) / n - expected) / (1 - expected), abs_tol=1e-12)
    assert -1 - 1e-9 <= found <= 1 + 1e-9


def test_a_provider_that_always_calls_reaches_no_more_than_its_number_of_calls_permits():
    found = triggering([ending(True, number % 3 == 0) for number in range(300)], choose)
    assert isclose(found.f1, 0.5)
    assert isclose(found.f1_limit, 0.5)
    assert (found.ratio, found.kappa) == (3.0, 0.0)


@pytest.mark.slow
def test_the_references_own_f1_stands_beside_it_and_the_same_is_no_difference():
    found = triggering(served(random.Random(3), 3_000), resampling())
    assert found.control_pairs == 3_000
    assert abs(found.f1 - found.own_f1) < 0.03
    assert found.low < 0 < found.high
    assert isclose(found.difference, found.f1 - found.own_f1)


def test_lost_calls_are_a_difference_beyond_the_references_own():
    found = triggering(served(random.Random(4), 3_000, lost=0.3), resampling())
    assert found.high < 0
    assert found.ratio < 0.8


def test_only_random_controls_are_compared_with_the_reference_itself():
    found = triggering([*served(random.Random(5), 500), *served(random.Random(6), 500, controls=False)], resampling())
    assert (found.pairs, found.control_pairs) == (1_000, 500)
    alone = triggering(served(random.Random(5), 500), resampling())
    assert (found.own_f1, found.difference) == (alone.own_f1, alone.difference)


@pytest.mark.parametrize("endings", [[], [ending(False, False)] * 30, [ending(False, False, False)] * 30])
def test_verifier_figures_without_a_call_are_empty(endings):
    found = triggering(endings, choose)
    assert (found.f1, found.f1_limit, found.kappa, found.ratio, found.own_f1, found.low) == (None,) * 6


def test_few_conversations_have_no_interval():
    made = [ending(True, True, True, f"talk {number % 9}") for number in range(90)]
    assert triggering(made, choose).low is None


@pytest.mark.slow
def test_the_interval_leaves_the_truth_in_about_one_of_twenty():
    """The truth is 0: both sides draw from the same chances. 60 tables, and at most what chance allows of one in twenty."""
    outside = 0
    for run in range(60):
        found = triggering(served(random.Random(f"null {run}"), 300), resampling(run))
        outside += not found.low <= 0 <= found.high
    assert outside <= stats.binom.ppf(0.9999, 60, 0.07)


@pytest.mark.parametrize(("controls", "known"), [(29, False), (30, True)])
def test_below_thirty_controls_no_interval_is_given(controls, known):
    endings = [ending(number % 2 == 0, number % 3 == 0, number % 5 == 0, f"{number}") for number in range(controls)]
    found = triggering([*endings, *(ending(True, True) for _ in range(100))], resampling())
    assert (found.low is not None) is known
    assert found.difference is not None


@pytest.mark.parametrize(
    ("provider", "reference", "limit", "ratio"),
    [(20, 60, 0.5, 1 / 3), (60, 20, 0.5, 3.0), (0, 60, 0.0, 0.0), (60, 0, 0.0, None), (0, 0, None, None)],
)
def test_the_highest_f1_is_that_of_the_two_numbers_of_calls(provider, reference, limit, ratio):
    found = triggering([ending(place < provider, place < reference) for place in range(100)], choose)
    assert (found.f1_limit, found.ratio) == (limit, None if ratio is None else pytest.approx(ratio))


@pytest.mark.parametrize(
    ("counts", "harmonic", "beyond_chance"),
    [
        ((3, 1, 1, 5), 0.75, 7 / 12),
        ((0, 2, 3, 5), 0.0, -6 / 19),
        ((4, 0, 0, 0), 1.0, None),
        ((0, 0, 0, 4), None, None),
        ((0, 0, 0, 0), None, None),
        ((2, 0, 0, 2), 1.0, 1.0),
    ],
)
def test_f1_and_kappa_of_four_counts(counts, harmonic, beyond_chance):
    assert f1(counts) == harmonic
    assert kappa(counts) == (None if beyond_chance is None else pytest.approx(beyond_chance))


def test_the_difference_is_that_to_the_references_own_f1_on_the_requests_that_it_answered_twice():
    asked_twice = [ending(True, True, True), ending(True, True, False), ending(False, True, True), ending(False, False, True)]
    found = triggering([*asked_twice, *[ending(False, True)] * 5], choose)
    assert (found.control_pairs, found.pairs) == (4, 9)
    assert found.own_f1 == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert found.difference == pytest.approx(2 * 2 / (2 * 2 + 1) - 4 / 6)
    assert found.f1 == pytest.approx(2 * 2 / (2 * 2 + 6))


def test_the_interval_of_the_difference_is_that_of_the_conversations_drawn():
    """Each drawn once, the difference itself: all the counts of both sides are different ones."""
    kinds = [(True, True, True)] * 17 + [(True, False, False)] * 2 + [(False, True, False)] * 5 + [(False, False, True)] * 3
    made = [ending(*kind, f"talk {number % 12}") for number, kind in enumerate([*kinds, *[(False, False, False)] * 9])]
    found = triggering(made, range)
    assert found.difference == pytest.approx(34 / 41 - 34 / 42)
    assert (found.low, found.high) == (pytest.approx(found.difference), pytest.approx(found.difference))


@pytest.mark.parametrize(("conversations", "drawn"), [(1_999, 1_999), (2_000, 2_000), (2_001, 2_000)])
def test_conversations_beyond_two_thousand_are_joined(conversations, drawn):
    asked = []

    def first(n):
        asked.append(n)
        return range(1)

    triggering([ending(True, True, True, f"talk {number}") for number in range(conversations)], first)
    assert set(asked) == {drawn}
