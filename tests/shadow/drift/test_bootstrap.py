import random
from statistics import fmean, stdev

import pytest
from scipy import stats

from shadow.drift.bootstrap import interval


def choose(n):
    return _DRAW.choices(range(n), k=n)


_DRAW = random.Random(1)


def test_the_interval_of_a_mean_is_about_that_of_the_normal_distribution():
    values = [_DRAW.gauss(5, 2) for _ in range(400)]
    low, high = interval(values, fmean, choose, rounds=1_000)
    reach = stats.norm.ppf(0.975) * stdev(values) / 20
    assert abs(low - (fmean(values) - reach)) < 0.05
    assert abs(high - (fmean(values) + reach)) < 0.05


def test_too_few_clusters_and_a_figure_that_is_hardly_there_have_none():
    assert interval([1.0] * (10 - 1), fmean, choose) is None
    assert interval([1.0] * 10, lambda _: None, choose) is None
    assert interval([1.0] * 10, fmean, choose) == (1.0, 1.0)


def drawn(values):
    """A figure that has these values, one a round."""
    rounds = iter(values)
    return lambda _: next(rounds)


@pytest.mark.parametrize(
    ("missing", "bounds"), [(0, (5, 194)), (10, (5, 184)), (11, None)], ids=["none missing", "a twentieth", "more"]
)
def test_a_figure_may_be_missing_in_a_twentieth_of_the_rounds(missing, bounds):
    values = [None] * missing + list(range(200 - missing))
    assert interval([1.0] * 10, drawn(values), choose) == bounds


def test_as_many_clusters_are_drawn_as_there_are():
    seen = []
    interval(list("abcdefghij"), lambda clusters: seen.append(clusters) or 1.0, lambda n: [n - 1] * n, rounds=3)
    assert seen == [["j"] * 10] * 3
