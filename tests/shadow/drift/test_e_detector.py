import random
from fractions import Fraction
from math import isclose, isfinite, log

import pytest

from shadow.drift.alarm_budget import PROVIDER, REFERENCE, WEIGHTS, AlertBudget, tolerance
from shadow.drift.betting_factors import GRID
from shadow.drift.e_detector import EDetector


def exact(payoffs, *, tau, baseline=Fraction(0), bar=10**7, gate=10**5):
    """The same two sums by fractions, from their definition."""
    grid = [Fraction(str(bet)) for bet in GRID]
    even, tolerant = [Fraction(bar, 1000)] * len(grid), [Fraction(gate, 100)] * len(grid)
    bound = baseline + tau
    for g in payoffs:
        even = [(m + 1) * (1 + bet / (1 + baseline) * (g - baseline)) for m, bet in zip(even, grid, strict=True)]
        tolerant = [(n + 1) * (1 + bet / (1 + bound) * (g - bound)) for n, bet in zip(tolerant, grid, strict=True)]
    return even, tolerant


def ln(number):
    """The logarithm of a fraction of any size."""
    return log(number.numerator) - log(number.denominator)


def mixed(seed, n=200):
    draw = random.Random(seed)
    return [draw.choice((-1, 0, 0, 1, 1)) for _ in range(n)]


@pytest.mark.parametrize("direction", [PROVIDER, REFERENCE])
@pytest.mark.parametrize("signal", ["answer_kind", "valid_calls", "text"])
@pytest.mark.parametrize("baseline", ["0", "0.07"])
def test_log_space_equals_an_exact_rational_computation(signal, direction, baseline):
    test = EDetector(key=(signal, direction), budget=AlertBudget(), baseline=float(baseline))
    payoffs = mixed(f"{signal}{direction}")
    for payoff in payoffs:
        test.add(payoff)
    leaning = [direction * payoff for payoff in payoffs]
    even, tolerant = exact(leaning, tau=Fraction(str(tolerance(signal))), baseline=Fraction(baseline))
    for found, true in zip([*test.even, *test.tolerant], [*even, *tolerant], strict=True):
        assert isclose(found, ln(true), abs_tol=1e-9)
    weight = WEIGHTS[test.key]
    assert isclose(test.evidence, log(weight) - log(10**7) + ln(sum(even) / len(even)), abs_tol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("direction", [PROVIDER, REFERENCE])
def test_a_million_payoffs_to_one_side_and_then_to_the_other_stay_finite(direction):
    test = EDetector(key=("answer_kind", direction), budget=AlertBudget())
    for payoff in (1, -1):
        for _ in range(1_000_000 if payoff == direction else 200_000):
            test.add(payoff)
        assert all(map(isfinite, [*test.even, *test.tolerant, test.evidence]))
    assert test.pairs == 1_200_000


def test_head_start_alone_makes_no_group_suspect():
    test = EDetector(key=("answer_kind", PROVIDER), budget=AlertBudget())
    assert isclose(test.evidence, log(WEIGHTS["answer_kind", PROVIDER] / 1000))
    assert not test.suspects
    assert not test.alarms


def test_a_provider_that_is_always_the_odd_one_is_found_within_thirty_pairs():
    test = EDetector(key=("answer_kind", PROVIDER), budget=AlertBudget())
    seen = 0
    while not test.alarms:
        test.add(1)
        seen += 1
    assert seen <= 30


@pytest.mark.slow
def test_evidence_without_an_excess_beyond_the_tolerance_is_no_alarm():
    """An excess of one point is real, but within the tolerance of two: evidence without an alarm."""
    test = EDetector(key=("answer_kind", PROVIDER), budget=AlertBudget())
    for pair in range(60_000):
        test.add(int(pair % 100 == 0))
    assert test.evidence >= 0
    assert not test.beyond_tolerance
    assert not test.alarms


def test_an_accepted_excess_is_no_evidence_any_more():
    accepted = EDetector(key=("prompt_tokens", PROVIDER), budget=AlertBudget(), baseline=0.5)
    plain = EDetector(key=("prompt_tokens", PROVIDER), budget=AlertBudget())
    for pair in range(4_000):
        for test in (accepted, plain):
            test.add(int(pair % 2 == 0))
    assert plain.alarms
    assert not accepted.suspects


def test_a_restart_forgets_the_evidence_and_keeps_the_counts():
    test = EDetector(key=("answer_kind", PROVIDER), budget=AlertBudget())
    for payoff in mixed(5):
        test.add(payoff)
    test.restart()
    assert (test.even, test.pairs) == (EDetector(key=("answer_kind", PROVIDER), budget=AlertBudget()).even, 200)


def test_higher_threshold_lowers_the_evidence_and_keeps_the_sums():
    test = EDetector(key=("answer_kind", PROVIDER), budget=AlertBudget())
    before, sums = test.evidence, list(test.even)
    test.set_budget(AlertBudget(threshold=1e8))
    assert isclose(before - test.evidence, log(10))
    assert test.even == sums


def test_the_counts_are_of_the_payoffs_as_they_come():
    test = EDetector(key=("answer_kind", REFERENCE), budget=AlertBudget())
    for payoff in (1, 1, -1, 0):
        test.add(payoff)
    assert (test.pairs, test.plus, test.minus) == (4, 2, 1)


def with_evidence(part):
    """A test whose evidence is so large a part of the threshold."""
    test = EDetector(key=("answer_kind", PROVIDER), budget=AlertBudget())
    test.even = [log(part * 1e7 / WEIGHTS["answer_kind", PROVIDER])] * len(GRID)
    return test


@pytest.mark.parametrize(
    ("part", "near", "suspect"),
    [
        (1 / 1_001, False, False),
        (1 / 999.9, True, False),
        (1 / 100.1, True, False),
        (1 / 99.9, True, True),
    ],
)
def test_a_test_is_near_at_a_thousandth_of_the_threshold_and_suspect_at_a_hundredth(part, near, suspect):
    test = with_evidence(part)
    assert (test.is_near, test.suspects) == (near, suspect)


@pytest.mark.parametrize(("part", "alarms"), [(0.999, False), (1.001, True)])
def test_a_test_beyond_its_tolerance_alarms_from_the_threshold_on(part, alarms):
    test = with_evidence(part)
    test.tolerant = [log(1e5)] * len(GRID)
    assert test.alarms is alarms


@pytest.mark.parametrize(("evidence", "beyond"), [(99_999, False), (100_000, True)])
def test_a_test_is_beyond_its_tolerance_at_an_evidence_of_100_000(evidence, beyond):
    test = with_evidence(2.0)
    test.tolerant = [log(evidence)] * len(GRID)
    assert (test.beyond_tolerance, test.alarms) == (beyond, beyond)


def test_the_head_start_beyond_the_tolerance_is_a_hundredth_of_the_threshold():
    test = with_evidence(1.0)
    assert test.tolerant == pytest.approx([log(1_000)] * len(GRID))
