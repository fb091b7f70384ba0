"""More tokens for the same words: what is found and how soon, what is harmless, and when an alarm ends."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.drift.count_detector import (
    ALL,
    RULES,
    CountSide,
    CountStanding,
    CountTest,
    CountTests,
    SideTests,
    TokenCounts,
)


def standing(counts, side=CountSide.PROMPT):
    """What is known after these (provider, reference) tokens, a second each."""
    tests = SideTests()
    for at, (provider, reference) in enumerate(counts, 1):
        tests.add(TokenCounts(side=side, provider=provider, reference=reference), float(at))
    return tests.standing(side, len(counts))


def sizes(pairs, seed=1):
    draw = random.Random(seed)
    return [max(300, int(draw.lognormvariate(7.3, 0.9))) for _ in range(pairs)]


@pytest.mark.parametrize(("factor", "pairs"), [(1.01, 220), (1.02, 40), (1.05, 25), (1.3, 22)])
def test_a_factor_on_every_prompt_is_found_within_the_published_pairs(factor, pairs):
    assert standing([(round(factor * size), size) for size in sizes(pairs)]).found


def test_a_factor_on_long_prompts_alone_is_found_among_these():
    found = standing([(round(1.02 * size) if size >= 4_000 else size, size) for size in sizes(350)])
    assert found.found
    assert "large" in found.sizes


@pytest.mark.parametrize(
    "harmless",
    [
        lambda draw, size: size,
        lambda draw, size: size + draw.randrange(4),
        lambda draw, size: size + 3,
        lambda draw, size: round(size * draw.uniform(0.998, 1.002)),
        lambda draw, size: round(1.004 * size),
        lambda draw, size: size // 2 if draw.random() < 0.3 else size,
    ],
)
def test_harmless_counts_raise_no_alarm_in_two_thousand_pairs(harmless):
    draw = random.Random(7)
    assert not standing([(harmless(draw, size), size) for size in sizes(2_000)]).found


@pytest.mark.parametrize(("side", "least"), [(CountSide.PROMPT, 300), (CountSide.COMPLETION, 100)])
def test_pairs_under_the_least_size_do_not_count(side, least):
    assert standing([(2 * least, least - 1)], side).pairs == 0
    assert standing([(2 * least, least)], side).pairs == 1


@pytest.mark.parametrize(("tokens", "excess"), [(1_008, 0.0), (1_009, 1.0)])
def test_three_tokens_and_half_a_percent_of_a_prompt_are_tolerated(tokens, excess):
    assert RULES[CountSide.PROMPT].allowance.excess(tokens, 1_000) == pytest.approx(excess)


def test_one_token_of_a_completion_is_tolerated():
    assert RULES[CountSide.COMPLETION].allowance.excess(1_006, 1_000) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("side", "tokens", "size"),
    [
        *((CountSide.PROMPT, 999, "small"), (CountSide.PROMPT, 1_000, "middle"), (CountSide.PROMPT, 3_999, "middle")),
        *((CountSide.PROMPT, 4_000, "large"), (CountSide.COMPLETION, 249, "small"), (CountSide.COMPLETION, 250, "middle")),
        *((CountSide.COMPLETION, 999, "middle"), (CountSide.COMPLETION, 1_000, "large")),
    ],
)
def test_a_pair_counts_for_all_sizes_and_for_its_own_class(side, tokens, size):
    tests = SideTests()
    tests.add(TokenCounts(side=side, provider=tokens, reference=tokens), 1.0)
    assert {name for name, test in tests.tests.items() if test.pairs} == {ALL, size}


@given(st.lists(st.tuples(st.floats(-5_000, 0), st.integers(300, 10**6)), max_size=80))
def test_evidence_without_any_excess_stays_under_the_pairs_and_the_head_start(pairs):
    test = CountTest()
    for excess, reference in pairs:
        test.add(excess, reference, 1.0)
        assert 4 * test.evidence * 10_000_000 <= 10_000 + test.pairs
    assert not test.found


@given(st.lists(st.tuples(st.integers(1, 2**53), st.integers(1, 2**53)), max_size=60))
def test_any_counts_give_finite_evidence(pairs):
    found = standing(pairs)
    assert isinstance(found, CountStanding)
    assert found.recent_ratio < float("inf")


def test_evidence_of_a_long_excess_does_not_overflow():
    test = CountTest()
    for _ in range(1_000):
        test.add(500.0, 1_000, 1.0)
    assert test.evidence < float("inf")


def test_an_alarm_keeps_its_first_date_and_ends_when_the_excess_is_gone():
    tests = SideTests()
    dates = []
    for at in range(1, 2_001):
        count = 1_030 if at <= 300 else 1_000
        tests.add(TokenCounts(side=CountSide.PROMPT, provider=count, reference=1_000), float(at))
        dates.append(tests.standing(CountSide.PROMPT, at).found)
    changes = [later for earlier, later in pairwise(dates) if earlier != later]
    assert [date > 0 for date in changes] == [True, False]
    assert dates[299] == changes[0] < 40


def added(tests, at, provider, reference):
    tests.add(TokenCounts(side=CountSide.PROMPT, provider=provider, reference=reference), float(at))
    return tests.standing(CountSide.PROMPT, at)


def moving():
    """The tests after the excess moved from small prompts to large ones, and the standings after each pair."""
    tests = SideTests()
    first = [added(tests, at, 824, 800) for at in range(1, 101)]
    both = [added(tests, at, 5_150, 5_000) for at in range(101, 201)]
    return tests, [*first, *both, *(added(tests, at, 800, 800) for at in range(201, 1_501))]


def test_an_alarm_keeps_its_first_date_while_another_test_alarms_than_the_first():
    tests, standings = moving()
    assert "small" in standings[199].sizes
    assert standings[-1].sizes == ("large",)
    assert tests.tests["large"].found > 100
    assert {standing.found for standing in standings if standing.found} == {standings[199].found}
    assert standings[199].found < 100


def test_an_alarm_after_one_that_ended_has_a_date_of_its_own():
    tests, _ = moving()
    ended = [added(tests, at, 5_000, 5_000) for at in range(1_501, 2_501)][-1]
    assert (ended.found, ended.sizes) == (0.0, ())
    again = [added(tests, at, 824, 800) for at in range(2_501, 2_601)][-1]
    assert again.found > 2_500


def test_an_alarm_of_a_snapshot_without_its_begin_has_the_first_date_of_its_tests():
    tests, _ = moving()
    tests.begun = 0.0
    assert tests.standing(CountSide.PROMPT, 1_500).found == tests.tests["large"].found
    assert added(tests, 1_501, 5_150, 5_000).found == tests.tests["large"].found


def test_an_alarm_lasts_while_the_excess_does():
    assert standing([(1_030, 1_000)] * 2_000).found < 40


def test_recent_ratio_is_that_of_the_tokens():
    assert standing([(1_100, 1_000), (2_100, 2_000)]).recent_ratio == pytest.approx(3_200 / 3_000, rel=1e-3)


def test_sides_are_separate_and_a_group_without_counts_has_none():
    tests = CountTests()
    for at in range(50):
        tests.add([TokenCounts(side=CountSide.PROMPT, provider=1_100, reference=1_000)], float(at + 1))
    tests.add([TokenCounts(side=CountSide.COMPLETION, provider=99, reference=99)], 60.0)
    prompt, completion = tests.standings
    assert (prompt.side, prompt.pairs, prompt.of, bool(prompt.found)) == (CountSide.PROMPT, 50, 51, True)
    assert (completion.side, completion.pairs, completion.of, completion.found) == (CountSide.COMPLETION, 0, 51, 0.0)
    assert CountTests().standings == ()
