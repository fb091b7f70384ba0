"""Shares of faulty answers, and how sure they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from shadow.views.checking import check_lines, wilson
from storage.rows import Group, SignalCount


def count(provider: str, state: str, number: int, model: str = "m") -> SignalCount:
    group = Group(route="r", model=model, provider=provider, reference="")
    return SignalCount(group=group, comparison="check", aspect="lost_space", state=state, control_reason="", count=number)


@given(st.integers(1, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_interval_is_wilsons(case):
    expected = binomtest(*case).proportion_ci(method="wilson")
    assert wilson(*case) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_without_a_trial_nothing_is_known():
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_reference_counts_under_any_model_name():
    counts = [
        count("p", "differ", 30),
        count("p", "match", 10),
        count("ref", "match", 50, model="other"),
        count("p", "differ", 9, "x"),
    ]
    [line] = check_lines(counts, "p", "m", "ref")
    assert (line.faulty, line.answers, line.rate, line.reference_rate, line.worse) == (30, 40, 0.75, 0.0, True)


def test_nothing_is_worse_than_a_reference_that_was_not_checked():
    [line] = check_lines([count("p", "differ", 30)], "p", "m", "ref")
    assert (line.worse, line.reference_rate) == (False, None)


def test_a_check_that_could_not_be_made_is_no_answer():
    assert check_lines([count("p", "not_measured", 30)], "p", "m", "ref") == ()
