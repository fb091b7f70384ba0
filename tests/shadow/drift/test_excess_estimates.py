import random
from collections import Counter
from dataclasses import replace
from math import exp, inf, isclose, log, prod, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shadow.drift.alarm_budget import WEIGHTS
from shadow.drift.betting_factors import GRID
from shadow.drift.detectable_effect import smallest_seen
from shadow.drift.excess_estimates import (
    ClusteredPayoff,
    ClusterSum,
    GroupKey,
    SignalOutcome,
    discoveries,
    group_evidence,
    log_e_value,
    part,
    scorecard,
    table,
)

GROUP = GroupKey("default", "m", "p", "r")


def points(plus, minus, zero, *, signal="calls_tool", per=1, group=GROUP):
    values = [1] * plus + [-1] * minus + [0] * zero
    random.Random(7).shuffle(values)
    return [ClusteredPayoff(group=group, signal=signal, conversation=f"c{i // per}", payoff=g) for i, g in enumerate(values)]


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
    assert score.clusters == 500
    assert score.smallest == smallest_seen(conversations=[(1, 1)] * 60 + [(1, -1)] * 20 + [(1, 0)] * 420, rows=1)


@pytest.mark.parametrize(
    ("counts", "signal", "outcome"),
    [
        ((40, 40, 4920), "calls_tool", SignalOutcome.MATCHES),
        ((300, 20, 680), "calls_tool", SignalOutcome.DRIFTS),
        ((80, 20, 4900), "calls_tool", SignalOutcome.WITHIN),
        ((60, 25, 915), "calls_tool", SignalOutcome.DIFFERS),
        ((30, 28, 142), "calls_tool", SignalOutcome.NONE_SEEN),
        ((20, 300, 680), "calls_tool", SignalOutcome.TOO_FAITHFUL),
        ((20, 300, 680), "calls_tool_rate", SignalOutcome.DRIFTS),
        ((0, 1000, 0), "prompt_tokens", SignalOutcome.DRIFTS),
        ((20, 80, 4900), "calls_tool_rate", SignalOutcome.WITHIN),
        ((25, 60, 915), "calls_tool_rate", SignalOutcome.DIFFERS),
        ((28, 30, 142), "calls_tool_rate", SignalOutcome.NONE_SEEN),
        ((3, 2, 995), "calls_tool", SignalOutcome.NONE_SEEN),
        ((0, 0, 5000), "calls_tool", SignalOutcome.NONE_SEEN),
        ((1, 1, 38), "calls_tool", SignalOutcome.UNDECIDED),
        ((5, 4, 11), "calls_tool", SignalOutcome.UNDECIDED),
    ],
)
def test_the_outcome_follows_from_the_interval_and_the_tolerance(counts, signal, outcome):
    assert only(*counts, signal=signal).outcome == outcome


def test_few_conversations_are_too_few_unless_the_sign_test_is_decisive():
    assert only(9, 3, 28).outcome == SignalOutcome.UNDECIDED
    assert only(20, 0, 20).outcome == SignalOutcome.DIFFERS
    assert only(0, 20, 20).outcome == SignalOutcome.TOO_FAITHFUL
    assert only(0, 20, 20, signal="calls_tool_rate").outcome == SignalOutcome.DIFFERS
    assert only(9, 0, 31).outcome == SignalOutcome.UNDECIDED
    assert only(30, 20, 450, per=50).outcome == SignalOutcome.UNDECIDED


@pytest.mark.parametrize(("conversations", "outcome"), [(11, SignalOutcome.DIFFERS), (10, SignalOutcome.UNDECIDED)])
def test_a_tie_that_fewer_than_eleven_conversations_repeat_is_no_difference(conversations, outcome):
    """Each repeats it ten times; one row, since more of them ask for more."""
    assert only(10 * conversations, 0, 0, per=10).outcome == outcome


@pytest.mark.parametrize(("counts", "outcome"), [((35, 14, 0), SignalOutcome.UNDECIDED), ((35, 15, 0), SignalOutcome.DRIFTS)])
def test_forty_nine_conversations_are_too_few_for_an_interval_and_fifty_are_not(counts, outcome):
    assert only(*counts).outcome == outcome


@pytest.mark.parametrize("conversations", [49, 50, 200])
def test_disagreement_that_fills_conversations_counts_once_for_each(conversations):
    """In 14 the provider is the odd one ten times each, in 4 the reference: 140 pairs against 40 are 14 coins against 4."""
    odd = [*[(10, 0)] * 14, *[(0, 10)] * 4, *[(0, 0)] * (conversations - 18)]
    made = [ClusterSum(group=GROUP, signal="answer_kind", cluster=n, pairs=10, plus=p, minus=m) for n, (p, m) in enumerate(odd)]
    (score,) = [row for row in table([*made, *others(3)]) if row.group == GROUP]
    assert (score.provider_odd, score.reference_odd) == (140, 40)
    assert isclose(score.p, stats.binomtest(14, 18).pvalue, rel_tol=1e-9)
    assert score.outcome in {SignalOutcome.NONE_SEEN, SignalOutcome.UNDECIDED}


def others(count):
    """Rows at rest."""
    names = [("", "m", f"quiet{number}", "r") for number in range(count)]
    return [ClusterSum(group=name, signal="answer_kind", cluster=0, pairs=10, plus=0, minus=0) for name in names]


def test_the_interval_of_one_conversation_is_unbounded():
    score = only(5, 5, 20, per=100)
    assert (score.low, score.high, score.smallest) == (-1, 1, None)


def test_requests_without_a_conversation_stand_alone():
    made = [ClusteredPayoff(group=GROUP, signal="calls_tool", conversation="", payoff=g) for g in [1, -1] * 30 + [0] * 200]
    (score,) = scorecard(made)
    assert score.outcome == SignalOutcome.NONE_SEEN
    assert score.high < 0.1


def test_the_floor_is_for_labels_alone():
    assert only(5, 5, 90, signal="text").floor is None
    assert only(5, 5, 90, signal="calls_tool_rate").floor is None
    assert isclose(only(5, 5, 90, signal="answer_kind").floor, 0.1)


def test_the_table_is_sorted_and_adjusted_as_one():
    other = GroupKey("default", "m", "another", "r")
    made = points(40, 0, 100) + points(10, 10, 100, signal="answer_kind") + points(10, 12, 100, group=other)
    table = scorecard(made)
    assert [(score.group, score.signal) for score in table] == [
        (other, "calls_tool"),
        (GROUP, "answer_kind"),
        (GROUP, "calls_tool"),
    ]
    assert isclose(table[2].p_holm, 3 * table[2].p)
    assert scorecard([]) == ()


def test_difference_is_compared_with_the_given_tolerance():
    made = points(80, 20, 4900)
    assert scorecard(made, tolerance=0.001)[0].outcome == SignalOutcome.DRIFTS
    assert scorecard(made, tolerance=0.5)[0].outcome == SignalOutcome.WITHIN


@pytest.mark.slow
def test_a_provider_that_serves_the_same_is_rarely_called_different():
    """Under the null only the sign test may condemn: in 200 tables of four signals, at most two rows."""
    rng, wrong = random.Random(3), 0
    for _ in range(200):
        made = [
            ClusteredPayoff(group=GROUP, signal=signal, conversation=f"c{i // 3}", payoff=rng.choices((-1, 0, 1), (1, 8, 1))[0])
            for signal in ("answer_kind", "calls_tool", "arguments", "calls_tool_rate")
            for i in range(120)
        ]
        wrong += any(
            score.outcome not in {SignalOutcome.UNDECIDED, SignalOutcome.NONE_SEEN, SignalOutcome.MATCHES}
            for score in scorecard(made)
        )
    assert wrong <= 2


def test_the_e_value_is_the_mean_of_all_bets_on_the_directions_that_are_a_difference_of_the_provider():
    values = [1] * 6 + [-1] * 2
    sides = [sum(prod(1 + bet * side * value for value in values) for bet in GRID) / len(GRID) for side in (1, -1)]
    assert isclose(exp(log_e_value("calls_tool", 6, 2)), sides[0])
    weight = WEIGHTS["calls_tool_rate", 1] / (WEIGHTS["calls_tool_rate", 1] + WEIGHTS["calls_tool_rate", -1])
    assert isclose(exp(log_e_value("calls_tool_rate", 6, 2)), weight * sides[0] + (1 - weight) * sides[1])
    assert isclose(only(6, 2, 80).log_e, log_e_value("calls_tool", 6, 2))


def test_evidence_about_the_reference_alone_is_no_discovery():
    """It fails in half of the requests, or is further from itself than the provider is from it."""
    assert discoveries(scorecard(points(0, 300, 300, signal="error"))) == frozenset()
    assert discoveries(scorecard(points(10, 300, 300, signal="answer_kind"))) == frozenset()
    assert discoveries(scorecard(points(0, 300, 300, signal="calls_tool_rate"))) == {GROUP}


def test_the_e_value_of_a_fair_coin_is_one_in_the_mean():
    from_all = sum(exp(log_e_value("arguments", heads, 12 - heads)) * stats.binom.pmf(heads, 12, 0.5) for heads in range(13))
    assert isclose(from_all, 1.0)


def test_no_count_is_too_large_for_an_e_value():
    assert 1e5 < log_e_value("arguments", 10**6, 0) < inf
    assert -inf < log_e_value("arguments", 10**6, 10**6) < 0


def test_of_many_groups_those_that_differ_are_named():
    """One signal of one group in fifty is broken; the rest is noise."""
    draw, made = random.Random(4), []
    for number in range(50):
        group = ("", "m", f"p{number}", "r")
        for signal in ("answer_kind", "arguments", "calls_tool"):
            weights = (30, 2, 68) if (number, signal) == (7, "arguments") else (5, 5, 90)
            made += [
                ClusteredPayoff(group=group, signal=signal, conversation="", payoff=g)
                for g in draw.choices((1, -1, 0), weights, k=200)
            ]
    table = scorecard(made)
    assert discoveries(table) == {("", "m", "p7", "r")}
    assert discoveries(table, 1e-30) == frozenset()
    own = [score.log_e for score in table if score.group[2] == "p7"]
    assert group_evidence(table)["", "m", "p7", "r"] >= log(part("arguments")) + max(own)


def test_signals_that_were_not_measured_are_worth_one():
    [value] = group_evidence(scorecard(points(0, 0, 50))).values()
    assert isclose(value, 0.0, abs_tol=1e-9)


def test_interval_for_any_time_is_wider_and_clusters_by_conversation():
    alone, sticky = only(60, 20, 920), only(60, 20, 920, per=5)
    assert alone.always_low < alone.low < alone.excess < alone.high < alone.always_high
    made = [
        ClusteredPayoff(group=GROUP, signal="calls_tool", conversation=f"c{i // 10}", payoff=int(i < 100)) for i in range(1_000)
    ]
    [stuck] = scorecard(made)
    [free] = scorecard(
        [ClusteredPayoff(group=GROUP, signal="calls_tool", conversation="", payoff=point.payoff) for point in made]
    )
    assert stuck.always_high - stuck.always_low > 2 * (free.always_high - free.always_low)
    assert -1 <= sticky.always_low <= sticky.always_high <= 1


@given(st.lists(st.tuples(st.sampled_from(["calls_tool", "text"]), st.integers(0, 3), st.sampled_from([-1, 0, 1])), max_size=60))
def test_payoffs_summed_in_any_parts_come_to_the_same_table(drawn):
    made = [ClusteredPayoff(group=GROUP, signal=signal, conversation=f"c{talk}", payoff=payoff) for signal, talk, payoff in drawn]
    halves = [Counter(made[::2]), Counter(made[1::2])]
    sums = [
        ClusterSum(
            group=GROUP,
            signal=point.signal,
            cluster=point.conversation,
            pairs=times,
            plus=times * (point.payoff > 0),
            minus=times * (point.payoff < 0),
        )
        for half in halves
        for point, times in half.items()
    ]
    assert list(map(_rounded, table(sums))) == list(map(_rounded, scorecard(made)))


def _rounded(score):
    """The clusters come in another order, and their squares are summed so."""
    named = ("low", "high", "always_low", "always_high")
    return replace(score, **{name: round(getattr(score, name), 9) for name in named})


def repeated(leaning, resting, *, times=10, signals=("arguments", "answer_kind", "tools")):
    """So many conversations that repeat one tie, and so many in which nothing differs."""
    return [
        ClusteredPayoff(group=GROUP, signal=signal, conversation=f"c{place}", payoff=int(place < leaning))
        for signal in signals
        for place in range(leaning + resting)
        for _ in range(times)
    ]


@pytest.mark.parametrize(("leaning", "resting", "differs"), [(1, 59, False), (2, 10, False), (12, 20, False), (13, 19, True)])
def test_a_tie_that_few_conversations_repeat_is_no_difference(leaning, resting, differs):
    """Three rows at 0.001 take thirteen conversations that lean to a side where there are fewer than fifty."""
    found = scorecard(repeated(leaning, resting))
    assert {score.outcome in {SignalOutcome.DIFFERS, SignalOutcome.DRIFTS, SignalOutcome.WITHIN} for score in found} == {differs}


@pytest.mark.parametrize(("leaning", "discovered"), [(1, False), (3, False), (30, True)])
def test_each_conversation_has_one_vote_in_a_discovery(leaning, discovered):
    """One that repeats its tie ten times in three signals would be enough by pairs: an e-value of 46, where 20 are needed."""
    assert bool(discoveries(scorecard(repeated(leaning, 30)))) is discovered
    assert discoveries(scorecard(repeated(1, 30, times=1))) == discoveries(scorecard(repeated(1, 30)))


def test_sum_that_stands_for_several_clusters_is_each_of_them():
    kinds = [(3, 2, 1, 5), (1, 0, 1, 30), (2, 2, 0, 40), (1, 0, 0, 200)]

    def sums(pairs, plus, minus, clusters, name):
        """One cluster in two parts."""
        more = {"group": GROUP, "signal": "answer_kind", "cluster": name, "clusters": clusters}
        return ClusterSum(pairs=pairs, plus=plus, minus=0, **more), ClusterSum(pairs=1, plus=0, minus=minus, **more)

    together = [part for name, (*kind, times) in enumerate(kinds) for part in sums(*kind, times, name)]
    apart = [
        part for name, (*kind, times) in enumerate(kinds) for one in range(times) for part in sums(*kind, 1, f"{name} {one}")
    ]
    assert table(together) == table(apart)
    assert table(together)[0].clusters == 275
