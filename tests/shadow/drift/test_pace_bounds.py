"""The bounds of a pace: which answers are slow, when a baseline is learned, since when it is slower, and when it recovers."""

from math import log

import pytest

from shadow.drift.betting_factors import GRID
from shadow.drift.pace import Pace, PaceState, high

BLOCK = 300.0


def fed(pace, shares, first=1):
    """One block of twenty answers for each share of slow ones, and the changes."""
    changes = []
    for block, share in enumerate([*shares, 0.0], first):
        for number in range(20):
            _, change = pace.add(block * BLOCK + number, 2.0 if number < share * 20 else 0.5)
            changes += [change] if change else []
    return changes


@pytest.mark.parametrize(("seconds", "slow"), [(0.99, 0), (1.0, 0), (1.001, 1)])
def test_an_answer_is_slow_beyond_the_limit(seconds, slow):
    pace = Pace(slo=1.0)
    pace.add(BLOCK, seconds)
    assert (pace.answers, pace.slow) == (1, slow)


@pytest.mark.parametrize("seconds", [0.01, 0.5, 1.01, 2.5, 31.0])
def test_the_learned_limit_is_the_time_of_nine_of_ten_answers_rounded_up_by_two_percent_at_the_most(seconds):
    pace = Pace()
    for number in range(200):
        pace.add(1e9 + number * 86_400.0, seconds if number < 185 else 60 * seconds)
    assert 1 <= pace.limit / seconds <= 1.0201


@pytest.mark.parametrize(("last", "state"), [(86_399.9, PaceState.LEARNING), (86_400.0, PaceState.STEADY)])
def test_a_baseline_is_learned_for_a_day(last, state):
    pace = Pace()
    for number in range(200):
        pace.add(1e9 + number, 1.0)
    pace.add(1e9 + last, 1.0)
    assert pace.state is state


@pytest.mark.parametrize(
    ("times", "limit"), [({0: 9, 10: 1}, 1.02), ({0: 8, 10: 2}, 1.02**11), ({-3: 1}, 1.02**-2), ({4: 1}, 1.02**5)]
)
def test_the_high_mark_is_the_end_of_the_bin_in_which_the_ninth_of_ten_answers_lies(times, limit):
    assert high(times) == pytest.approx(limit)


def test_a_configured_limit_takes_no_learned_one_away():
    assert Pace(slo=1.0).limit == 1.0
    assert Pace(slo=1.0, limit=2.0).limit == 2.0


@pytest.mark.parametrize(
    ("shares", "since", "share"),
    [
        ([0.5, 0.0, 0.0, 0.0, 0.3, 1.0], 5, 0.65),
        ([0.5, 0.0, 0.0, 0.3, 1.0], 1, 0.36),
        ([0.15, 0.15, 0.15, 1.0], 4, 1.0),
        ([0.2, 0.15, 0.15, 1.0], 1, 0.375),
    ],
    ids=["excess used up", "excess left", "usual share", "more than the usual share"],
)
def test_a_change_began_where_the_excess_over_the_usual_share_was_last_used_up(shares, since, share):
    pace = Pace(slo=1.0)
    fed(pace, shares)
    assert (pace.since, pace.share) == (since * BLOCK, pytest.approx(share))


def test_the_share_of_slow_answers_is_none_before_the_first_block():
    assert Pace().share == 0.0


def test_an_alarm_is_dated_to_the_end_of_its_block_and_begins_the_evidence_of_recovery_anew():
    pace = Pace(slo=1.0)
    [change] = fed(pace, [1.0] * 13)
    assert (change.old, change.new, change.since, change.share) == (PaceState.STEADY, PaceState.SLOWER, BLOCK, 1.0)
    assert change.at == 13 * BLOCK, "after twelve blocks"
    assert pace.found == 1.0


@pytest.mark.parametrize(("found", "still"), [(0.65, 0.4), (0.15, 0.15), (0.05, 0.15)])
def test_recovery_bets_that_less_than_half_of_the_excess_is_left(found, still):
    pace = Pace(slo=1.0, state=PaceState.SLOWER, limit=1.0, found=found)
    fed(pace, [0.1, 0.0])
    sums = [1.0] * len(GRID)
    for share in (0.1, 0.0):
        sums = [(total + 1) * (1 + bet / (1 - still) * (still - share)) for total, bet in zip(sums, GRID, strict=True)]
    assert pace.evidence == pytest.approx(log(sum(sums) / len(sums) / 1_000))


def test_a_slower_pace_keeps_its_date_while_blocks_without_slow_answers_come():
    pace = Pace(slo=1.0)
    changes = fed(pace, [0.0, 0.0, *[1.0] * 13, *[0.0] * 30])
    assert [(change.new, change.since) for change in changes] == [
        (PaceState.SLOWER, 3 * BLOCK),
        (PaceState.RECOVERED, 3 * BLOCK),
    ]


def test_a_pace_that_is_called_fixed_is_steady_from_the_end_of_the_open_block_on():
    pace = Pace(slo=1.0)
    fed(pace, [1.0] * 13)
    change = pace.fixed()
    assert (change.old, change.new, change.at) == (PaceState.SLOWER, PaceState.STEADY, 15 * BLOCK)
    assert pace.evidence == pytest.approx(log(1 / 1e9))


def test_a_pace_that_was_learned_holds_no_times_any_more():
    pace = Pace()
    for number in range(201):
        pace.add(1e9 + number * 1_000.0, 1.0)
    assert (pace.state, pace.times) == (PaceState.STEADY, {})


@pytest.mark.parametrize(("evidence", "changes"), [(1e9 - 1.1, []), (1e9 - 1, [PaceState.SLOWER])])
def test_a_pace_is_slower_at_an_evidence_of_a_billion(evidence, changes):
    """A block of the usual share adds one to the evidence of each bet."""
    pace = Pace(slo=1.0, logs=[log(evidence)] * len(GRID))
    assert [change.new for change in fed(pace, [0.15])] == changes


@pytest.mark.parametrize(("evidence", "changes"), [(998.9, []), (999.1, [PaceState.RECOVERED])])
def test_a_pace_has_recovered_at_an_evidence_of_a_thousand(evidence, changes):
    """A block of half of the excess that was found adds one to the evidence of each bet."""
    pace = Pace(slo=1.0, state=PaceState.SLOWER, limit=1.0, found=0.15, logs=[log(evidence)] * len(GRID))
    assert [change.new for change in fed(pace, [0.15])] == changes
