"""The evidence of more tokens as numbers: what one pair adds, when a test alarms, and when its alarm ends."""

import pytest

from shadow.drift.betting_factors import GRID
from shadow.drift.count_detector import CountSide, CountTest, CountTests, SideTests, TokenCounts


def test_a_test_begins_with_a_thousandth_of_the_threshold_by_its_fourth_of_the_budget():
    assert CountTest().evidence == pytest.approx(0.25 / 1_000)


@pytest.mark.parametrize(
    ("excess", "steps"),
    [(20.0, (1.0, 0.2, 0.04)), (100.0, (1.0, 1.0, 0.2)), (0.0, (0.0, 0.0, 0.0)), (-50.0, (-1.0, -0.5, -0.1))],
)
def test_a_pair_is_bet_on_by_its_excess_as_a_share_of_the_reference_at_three_scales(excess, steps):
    """Of 1,000 tokens of the reference: shares of 2 %, 10 % and 50 %, cut at once and at minus once."""
    test = CountTest()
    test.add(excess, 1_000, 1.0)
    mean = sum(10_001 * (1 + bet * step) for step in steps for bet in GRID) / (3 * len(GRID))
    assert test.evidence == pytest.approx(0.25 * mean / 1e7)
    assert test.recent == pytest.approx([step / 200 for step in steps])
    assert test.pairs == 1


def test_the_recent_excess_is_a_mean_that_reaches_back_two_hundred_pairs():
    test = CountTest()
    for excess in (500.0, 0.0):
        test.add(excess, 1_000, 1.0)
    assert test.recent == pytest.approx([1 / 200 * (1 - 1 / 200)] * 3)


@pytest.mark.parametrize(("wealth", "found"), [(4e7 - 2, 0.0), (4e7 - 1, 7.0)])
def test_a_test_alarms_at_four_times_the_threshold_since_it_has_a_fourth_of_the_budget(wealth, found):
    test = CountTest(wealth=[wealth] * (3 * len(GRID)), after=5)
    test.add(0.0, 1_000, 7.0)
    assert (test.found, test.after) == (found, 0 if found else 5)


@pytest.mark.parametrize(
    ("after", "recent", "ends"), [(98, 0.0, False), (99, 0.0, True), (500, 0.0, True), (500, 1e-9, False), (500, -1.0, True)]
)
def test_an_alarm_ends_after_a_hundred_pairs_once_no_recent_excess_is_left_at_any_scale(after, recent, ends):
    test = CountTest(found=7.0, after=after, recent=[-1.0, -1.0, recent], wealth=[1e9] * (3 * len(GRID)))
    test.add(0.0, 1_000, 9.0)
    assert (test.found, test.after) == ((0.0, 0) if ends else (7.0, after + 1))
    assert (test.evidence == CountTest().evidence) is ends


def test_recent_tokens_of_both_sides_reach_back_as_far_as_the_excess():
    tests = SideTests()
    for provider, reference in ((1_100, 1_000), (2_100, 2_000)):
        tests.add(TokenCounts(side=CountSide.PROMPT, provider=provider, reference=reference), 1.0)
    assert (tests.provider_tokens, tests.reference_tokens) == pytest.approx((2_100 + 1_100 * 0.995, 2_000 + 1_000 * 0.995))


def test_a_side_without_a_pair_has_a_ratio_of_one():
    assert SideTests().standing(CountSide.PROMPT, 3).recent_ratio == 1.0


def test_a_pair_without_counts_is_none_of_a_group():
    tests = CountTests()
    tests.add([], 1.0)
    assert tests.pairs == 0
    tests.add([TokenCounts(side=side, provider=500, reference=500) for side in CountSide], 2.0)
    assert (tests.pairs, [standing.pairs for standing in tests.standings]) == (1, [1, 1])


def test_the_pairs_of_an_alarm_at_the_begin_of_the_clock_are_counted_too():
    test = CountTest(found=0.5)
    test.add(10.0, 1_000, 2.0)
    assert test.after == 1


def test_a_side_bets_on_the_excess_beyond_what_is_tolerated_of_the_reference():
    tests, alone = SideTests(), CountTest()
    tests.add(TokenCounts(side=CountSide.PROMPT, provider=1_028, reference=1_000), 1.0)
    alone.add(20.0, 1_000, 1.0)
    assert tests.tests["all"].evidence == pytest.approx(alone.evidence)


def test_without_a_stored_begin_an_alarm_began_with_the_first_of_its_tests():
    tests = SideTests()
    tests.tests["small"].found, tests.tests["large"].found = 5.0, 3.0
    standing = tests.standing(CountSide.PROMPT, 9)
    assert (standing.found, standing.sizes) == (3.0, ("small", "large"))
