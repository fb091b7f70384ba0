"""Rows of the scorecard at the bounds of their outcome, and the figures of a row of few conversations."""

import pytest
from scipy import stats

from shadow.drift.distributions import always_reach
from shadow.drift.excess_estimates import (
    ClusterSum,
    GroupKey,
    SignalOutcome,
    discoveries,
    group_evidence,
    scorecard,
    table,
)
from tests.shadow.drift.test_excess_estimates import GROUP, only, points


def test_the_interval_of_two_conversations_has_one_degree_of_freedom():
    made = [ClusterSum(group=GROUP, signal="calls_tool", cluster=name, pairs=50, plus=25, minus=0) for name in "ab"]
    [score] = table(made)
    reach = stats.t.ppf(0.975, 1) / 100
    assert (score.excess, score.low, score.high) == (0.5, pytest.approx(0.5 - reach), pytest.approx(0.5 + reach))


@pytest.mark.parametrize(("plus", "outcome"), [(9, SignalOutcome.NONE_SEEN), (10, SignalOutcome.DIFFERS)])
def test_fewer_than_ten_odd_pairs_are_no_difference_however_they_lean(plus, outcome):
    assert only(plus, 0, 200 - plus).outcome is outcome


@pytest.mark.parametrize(
    ("counts", "outcome"),
    [((5, 4, 1_991), SignalOutcome.NONE_SEEN), ((5, 5, 1_990), SignalOutcome.MATCHES)],
)
def test_a_match_needs_ten_odd_pairs(counts, outcome):
    assert only(*counts).outcome is outcome


@pytest.mark.parametrize(("minus", "outcome"), [(20, SignalOutcome.MATCHES), (400, SignalOutcome.TOO_FAITHFUL)])
def test_a_provider_that_is_closer_to_its_reference_by_less_than_the_tolerance_matches(minus, outcome):
    assert only(0, minus, 2_000 - minus).outcome is outcome


@pytest.mark.parametrize(
    ("signal", "counts", "outcome"),
    [
        ("calls_tool", (0, 20, 1_980), SignalOutcome.MATCHES),
        ("calls_tool_rate", (0, 20, 1_980), SignalOutcome.WITHIN),
        ("calls_tool_rate", (0, 100, 1_900), SignalOutcome.DRIFTS),
        ("calls_tool_rate", (0, 60, 1_940), SignalOutcome.DIFFERS),
    ],
)
def test_only_of_a_rate_is_less_a_difference_as_more_is(signal, counts, outcome):
    assert only(*counts, signal=signal).outcome is outcome


def test_no_interval_leaves_the_range_of_a_payoff():
    for plus, minus in ((3, 0), (0, 3)):
        score = only(plus, minus, 1)
        assert -1 <= score.always_low <= score.low <= score.excess <= score.high <= score.always_high <= 1
        assert (score.low == -1, score.high == 1) == (minus == 3, plus == 3)


@pytest.mark.parametrize(("leaning", "found"), [(17, False), (40, True)])
def test_a_group_is_a_discovery_by_all_of_its_signals_together(leaning, found):
    made = [point for signal in ("arguments", "tools") for point in points(leaning, leaning // 4, 100, signal=signal)]
    assert bool(discoveries(scorecard(made))) is found


def test_the_evidence_of_a_group_is_none_where_its_signals_lean_nowhere():
    scores = scorecard([*points(0, 0, 50), *points(30, 0, 50, group=GroupKey("default", "m", "q", "r"))])
    evidence = group_evidence(scores)
    assert evidence[GROUP] == pytest.approx(0.0, abs=1e-9)
    assert evidence[GroupKey("default", "m", "q", "r")] > 3


def test_a_server_behind_a_router_is_named_with_both():
    server = GroupKey("default", "m", "p", "r", "x")
    assert (server.party, GROUP.party) == ("x behind p", "p")
    assert (server.whole, GROUP.whole) == (GROUP, GROUP)


@pytest.mark.parametrize(("conversations", "matches"), [(49, False), (50, True)])
def test_a_match_needs_fifty_conversations_however_many_pairs_they_hold(conversations, matches):
    found = only(5, 5, 100 * conversations - 10, per=100)
    assert found.clusters == conversations
    assert (found.outcome is SignalOutcome.MATCHES) is matches


def test_the_interval_for_any_time_takes_the_spread_of_the_sums_of_conversations():
    """Thirty conversations of two pairs with a sum of 2, and seventy with none: (30 x 1.4 ** 2 + 70 x 0.6 ** 2) / 200."""
    made = [
        ClusterSum(group=GROUP, signal="calls_tool", cluster=place, pairs=2, plus=2 * (place < 30), minus=0)
        for place in range(100)
    ]
    [score] = table(made)
    reach = always_reach(200, 0.42)
    assert score.always_low == pytest.approx(0.3 - reach)
    assert score.always_high == pytest.approx(0.3 + reach)
