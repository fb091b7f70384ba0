import random
from statistics import fmean, stdev

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
