"""Ratios of times: of the same requests, and with the minutes as clusters."""

import random
from math import ceil, exp, isclose, sqrt
from statistics import fmean, median, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shadow.drift.paired_latency import quantile, ratios


def choose(n):
    return random.Random(n).choices(range(n), k=n)


def resampling(salt):
    draw = random.Random(salt)
    return lambda n: draw.choices(range(n), k=n)


def timed(draw, blocks, factor, per=20):
    """A load that both sides share for five minutes, requests of very different lengths, and noise of each answer."""
    for block in range(blocks):
        load = draw.gauss(0, 0.3)
        for number in range(per):
            length = draw.gauss(0, 1)
            one, other = (exp(length + load + draw.gauss(0, 0.2)) for _ in range(2))
            yield block * 300.0 + number, factor * one, other


@pytest.mark.slow
def test_the_same_pace_is_a_ratio_of_one_and_a_slower_one_is_found():
    for factor in (1.0, 1.5):
        found = ratios(timed(random.Random(2), 60, factor), resampling(1))
        for share in (found.paired, found.medians, found.p95):
            assert share.low < factor < share.high
        assert found.paired.high - found.paired.low < found.medians.high - found.medians.low
        assert found.pairs == 1_200


@pytest.mark.slow
def test_the_paired_interval_covers_the_truth_though_minutes_hang_together():
    inside = 0
    for run in range(100):
        draw, made = random.Random(run), []
        for block in range(30):
            own = draw.gauss(0, 0.3)
            made += [(block * 300.0, exp(own + draw.gauss(0, 0.2)), 1.0) for _ in range(20)]
        share = ratios(made, choose).paired
        inside += share.low <= 1.0 <= share.high
    assert inside >= 88


def test_few_blocks_give_a_ratio_without_an_interval():
    found = ratios([(0.0, 3.0, 1.0), (1.0, 3.0, 1.0)], choose)
    assert isclose(found.paired.value, 3.0)
    assert (found.medians.value, found.medians.low, found.paired.low) == (3.0, None, None)


def test_no_pair_and_no_time_is_nothing():
    assert ratios([], choose) is None
    assert ratios([(0.0, 0.0, 1.0), (0.0, 1.0, -1.0)], choose) is None


def test_a_quantile_is_a_value_that_was_there():
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile(list(map(float, range(1, 101))), 0.95) == 95.0
    assert quantile([4.0], 0.95) == 4.0


def test_the_interval_of_ten_blocks_of_one_pair_each_is_that_of_their_mean():
    draw = random.Random(5)
    logs = [draw.gauss(0.2, 0.3) for _ in range(10)]
    share = ratios([(block * 300.0, exp(one), 1.0) for block, one in enumerate(logs)], choose).paired
    reach = stats.t.ppf(0.975, 9) * stdev(logs) / sqrt(10)
    assert isclose(share.low, exp(fmean(logs) - reach), rel_tol=1e-6)
    assert isclose(share.high, exp(fmean(logs) + reach), rel_tol=1e-6)


@pytest.mark.parametrize(("blocks", "bounded"), [(9, False), (10, True)])
def test_nine_blocks_have_no_interval_and_ten_have_one(blocks, bounded):
    found = ratios([(block * 300.0, 1.0 + block, 1.0) for block in range(blocks)], choose)
    assert [share.low is not None for share in (found.paired, found.medians, found.p95)] == [bounded] * 3


@given(
    st.lists(st.lists(st.tuples(*[st.floats(0.001, 1e6)] * 2), min_size=1, max_size=4), min_size=10, max_size=14),
    st.integers(0, 99),
)
def test_ratios_of_drawn_blocks_are_those_of_their_values_put_together(blocks, salt):
    found = ratios([(number * 300.0, *times) for number, block in enumerate(blocks) for times in block], resampling(salt))
    draws = resampling(salt)
    for part, ratio in ((0.5, found.medians), (0.95, found.p95)):
        values = sorted(_ratio([time for place in draws(len(blocks)) for time in blocks[place]], part) for _ in range(200))
        assert (ratio.low, ratio.high) == (values[5], values[-6])
        assert ratio.value == _ratio([time for block in blocks for time in block], part)


def _ratio(times, part):
    sides = zip(*times, strict=True)
    one, other = (median(side) if part == 0.5 else sorted(side)[ceil(part * len(side)) - 1] for side in sides)
    return one / other


@pytest.mark.parametrize(
    ("values", "part", "found"),
    [
        ([4.0, 1.0, 2.0, 3.0], 0.5, 2.5),
        ([2.0, 1.0], 0.5, 1.5),
        ([1.0], 0.5, 1.0),
        ([float(value) for value in range(1, 21)], 0.95, 19.0),
        ([float(value) for value in range(1, 22)], 0.95, 20.0),
        ([1.0, 2.0], 0.0, 1.0),
    ],
)
def test_a_median_of_an_even_number_is_between_the_two_in_the_middle(values, part, found):
    assert quantile(values, part) == found


def test_times_of_the_same_five_minutes_are_one_block():
    """Nine blocks have no interval, wherever in them a time lies."""
    made = [(block * 300.0 + offset, 2.0, 1.0) for block in range(9) for offset in (0.0, 299.9)]
    assert ratios(made, choose).paired.low is None
    assert ratios([*made, (2_700.0, 2.0, 1.0)], choose).paired.low == pytest.approx(2.0)


@pytest.mark.parametrize("times", [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (1.0, -1.0)])
def test_a_pair_without_a_time_of_either_side_is_left_out(times):
    assert ratios([(0.0, *times), (1.0, 3.0, 1.0)], choose).pairs == 1
