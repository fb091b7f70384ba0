import random
from math import isclose, sqrt

import pytest
from scipy import stats

from shadow.drift.scorecard import Point, Verdict, scorecard

GROUP = ("default", "m", "p", "r")


def points(plus, minus, zero, *, signal="trigger", per=1, group=GROUP):
    values = [1] * plus + [-1] * minus + [0] * zero
    random.Random(7).shuffle(values)
    return [Point(group=group, signal=signal, conversation=f"c{i // per}", payoff=g) for i, g in enumerate(values)]


def only(*arguments, **named):
    (score,) = scorecard(points(*arguments, **named))
    return score


def test_a_score_holds_the_counts_the_excess_and_its_interval():
    score = only(60, 20, 420)
    assert (score.n, score.provider_odd, score.reference_odd) == (500, 60, 20)
    assert isclose(score.excess, 0.08)
    assert isclose(score.floor, 0.08)
    spread = (60 * 0.92**2 + 20 * 1.08**2 + 420 * 0.08**2) / 500**2 * 500 / 499
    reach = stats.t.ppf(0.975, 499) * sqrt(spread + 1 / 500**2)
    assert isclose(score.low, 0.08 - reach, rel_tol=1e-7)
    assert isclose(score.high, 0.08 + reach, rel_tol=1e-7)
    assert isclose(score.p, stats.binomtest(60, 80).pvalue, rel_tol=1e-9)
    assert isclose(score.smallest_detectable, reach + 0.8416212335729143 * sqrt(spread + 1 / 500**2), rel_tol=1e-7)


@pytest.mark.parametrize(
    ("counts", "signal", "verdict"),
    [
        ((40, 40, 4920), "trigger", Verdict.MATCHES),
        ((300, 20, 680), "trigger", Verdict.DRIFTS),
        ((80, 20, 4900), "trigger", Verdict.WITHIN),
        ((60, 25, 915), "trigger", Verdict.DIFFERS),
        ((30, 28, 142), "trigger", Verdict.INCONCLUSIVE),
        ((20, 300, 680), "trigger", Verdict.TOO_FAITHFUL),
        ((20, 300, 680), "trigger_rate", Verdict.DRIFTS),
        ((0, 1000, 0), "prompt_tokens", Verdict.DRIFTS),
        ((20, 80, 4900), "trigger_rate", Verdict.WITHIN),
        ((25, 60, 915), "trigger_rate", Verdict.DIFFERS),
        ((28, 30, 142), "trigger_rate", Verdict.INCONCLUSIVE),
        ((3, 2, 995), "trigger", Verdict.TOO_FEW),
        ((0, 0, 5000), "trigger", Verdict.TOO_FEW),
        ((5, 4, 11), "trigger", Verdict.TOO_FEW),
    ],
)
def test_the_verdict_follows_from_the_interval_and_the_tolerance(counts, signal, verdict):
    assert only(*counts, signal=signal).verdict == verdict


def test_few_conversations_are_too_few_unless_the_sign_test_is_decisive():
    assert only(9, 3, 28).verdict == Verdict.TOO_FEW
    assert only(20, 0, 20).verdict == Verdict.DIFFERS
    assert only(0, 20, 20).verdict == Verdict.TOO_FAITHFUL
    assert only(0, 20, 20, signal="trigger_rate").verdict == Verdict.DIFFERS
    assert only(9, 0, 31).verdict == Verdict.TOO_FEW
    assert only(30, 20, 450, per=50).verdict == Verdict.TOO_FEW


def test_one_conversation_alone_has_no_interval():
    score = only(5, 5, 20, per=100)
    assert (score.low, score.high, score.smallest_detectable) == (-1, 1, 1)


def test_requests_without_a_conversation_stand_alone():
    made = [Point(group=GROUP, signal="trigger", conversation="", payoff=g) for g in [1, -1] * 30 + [0] * 200]
    (score,) = scorecard(made)
    assert score.verdict == Verdict.INCONCLUSIVE
    assert score.high < 0.1


def test_the_floor_is_for_labels_alone():
    assert only(5, 5, 90, signal="text").floor is None
    assert only(5, 5, 90, signal="trigger_rate").floor is None
    assert isclose(only(5, 5, 90, signal="action").floor, 0.1)


def test_the_table_is_sorted_and_adjusted_as_one():
    other = ("default", "m", "another", "r")
    made = points(40, 0, 100) + points(10, 10, 100, signal="action") + points(10, 12, 100, group=other)
    table = scorecard(made)
    assert [(score.group, score.signal) for score in table] == [(other, "trigger"), (GROUP, "action"), (GROUP, "trigger")]
    assert isclose(table[2].p_holm, 3 * table[2].p)
    assert scorecard([]) == ()


def test_the_tolerance_is_told():
    made = points(80, 20, 4900)
    assert scorecard(made, tolerance=0.001)[0].verdict == Verdict.DRIFTS
    assert scorecard(made, tolerance=0.5)[0].verdict == Verdict.WITHIN


def test_a_provider_that_serves_the_same_is_rarely_called_different():
    """Under the null only the sign test may condemn: in 200 tables of four signals, at most two rows."""
    rng, wrong = random.Random(3), 0
    for _ in range(200):
        made = [
            Point(group=GROUP, signal=signal, conversation=f"c{i // 3}", payoff=rng.choices((-1, 0, 1), (1, 8, 1))[0])
            for signal in ("action", "trigger", "args", "trigger_rate")
            for i in range(120)
        ]
        wrong += any(score.verdict not in {Verdict.TOO_FEW, Verdict.INCONCLUSIVE, Verdict.MATCHES} for score in scorecard(made))
    assert wrong <= 2
