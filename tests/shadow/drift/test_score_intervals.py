import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shadow.drift.score_intervals import score_interval, stopped_interval

SCORES = st.lists(st.sampled_from([0.0, 1 / 6, 0.5, 5 / 6, 1.0]), min_size=1, max_size=25)


@given(st.integers(1, 400), st.data())
def test_the_interval_of_whole_successes_is_scipys_clopper_pearson(runs: int, data: st.DataObject):
    successes = data.draw(st.integers(0, runs))
    expected = stats.binomtest(successes, runs).proportion_ci(method="exact")
    assert score_interval(successes, runs) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(st.integers(1, 60), st.floats(0, 1))
def test_a_fractional_sum_lies_between_its_whole_neighbours_and_holds_the_mean(runs: int, share: float):
    total = share * runs
    low, high = score_interval(total, runs)
    assert low <= share + 1e-12
    assert high >= share - 1e-12
    assert score_interval(math.floor(total), runs)[0] <= low + 1e-12
    assert score_interval(min(math.ceil(total), runs), runs)[1] >= high - 1e-12


def test_interval_of_one_run_is_nearly_everything_and_of_none_everything():
    assert score_interval(1, 1) == (pytest.approx(0.025), 1.0)
    assert score_interval(0, 0) == (0.0, 1.0)
    assert stopped_interval([]) == (0.0, 1.0)


def test_eighteen_of_a_hundred_is_shown_with_its_interval():
    assert score_interval(0.18 * 17, 17) == (pytest.approx(0.04, abs=0.01), pytest.approx(0.43, abs=0.01))


@pytest.mark.parametrize(("total", "runs"), [(-0.1, 3), (3.1, 3), (1, 0)])
def test_a_sum_that_scores_cannot_have_is_refused(total: float, runs: int):
    with pytest.raises(ValueError, match="sum of"):
        score_interval(total, runs)


def wealth(scores: list[float], mean: float) -> float:
    """The bettor's largest wealth by its definition, product by product."""
    bets, most = (0.1, 0.25, 0.5, 0.75, 0.95), 0.0
    for n in range(1, len(scores) + 1):
        up = [math.prod(1 + bet * (x - mean) / mean for x in scores[:n]) for bet in bets]
        down = [math.prod(1 - bet * (x - mean) / (1 - mean) for x in scores[:n]) for bet in bets]
        most = max(most, (sum(up) / 5 + sum(down) / 5) / 2)
    return most


@given(SCORES)
def test_the_stopped_interval_keeps_the_means_whose_bettor_never_won_and_no_other(scores: list[float]):
    low, high = stopped_interval(scores)
    for mean in (0.001, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999):
        if abs(mean - low) > 1e-5 and abs(mean - high) > 1e-5:
            assert (low < mean < high) == (wealth(scores, mean) < 20)


@given(SCORES)
def test_the_stopped_interval_only_shrinks_as_scores_come(scores: list[float]):
    before, after = stopped_interval(scores[:-1]), stopped_interval(scores)
    assert before[0] <= after[0] + 1e-6
    assert after[1] <= before[1] + 1e-6


def test_the_stopped_interval_is_wider_than_that_of_a_fixed_number_and_of_a_long_study_narrow():
    scores = [1.0, 1.0, 0.0, 1.0] * 10
    fixed, stopped = score_interval(30, 40), stopped_interval(scores)
    assert 1.1 < (stopped[1] - stopped[0]) / (fixed[1] - fixed[0]) < 1.5
    long = stopped_interval([1.0, 0.0] * 300)
    assert 0.4 < long[0] < 0.5 < long[1] < 0.6


def largest(scores: list[float], mean: float) -> float:
    """The bettor's largest wealth as in `wealth`, with each product from the one before."""
    bets = (0.1, 0.25, 0.5, 0.75, 0.95)
    up, down, most = [1.0] * 5, [1.0] * 5, 0.0
    for x in scores:
        up = [old * (1 + bet * (x - mean) / mean) for old, bet in zip(up, bets, strict=True)]
        down = [old * (1 - bet * (x - mean) / (1 - mean)) for old, bet in zip(down, bets, strict=True)]
        most = max(most, (sum(up) + sum(down)) / 10)
    return most


def test_the_bounds_of_more_than_two_hundred_scores_have_no_seven_digits():
    scores = [1.0, 1.0, 0.0, 0.5, 1.0] * 40 + [1.0]
    low, _ = stopped_interval(scores)
    assert largest(scores, low + 1.01e-7) >= 20


@pytest.mark.parametrize(("runs", "digits"), [(25, 1e-7), (200, 1e-7), (201, 1e-4)])
def test_the_bounds_of_up_to_two_hundred_scores_have_seven_digits_and_of_more_four(runs: int, digits: float):
    scores = [1.0, 1.0, 0.0, 0.5, 1.0] * 40 + [1.0]
    low, high = stopped_interval(scores[:runs])
    for inside, outside in ((low + 1.01 * digits, low), (high - 1.01 * digits, high)):
        assert largest(scores[:runs], inside) < 20 <= largest(scores[:runs], outside) * (1 + 1e-9)


@pytest.mark.parametrize("scores", [[1.0] * 20 + [0.0] * 20, [0.0] * 15 + [1.0] * 25])
def test_where_every_mean_was_excluded_the_one_that_was_excluded_least_is_left(scores: list[float]):
    low, high = stopped_interval(scores)
    least = min((mean / 200 for mean in range(1, 200)), key=lambda mean: largest(scores, mean))
    assert largest(scores, least) > 20
    assert high - low < 1e-6
    assert low == pytest.approx(least, abs=0.0051)
