"""The power of a row: as a slow sum with scipy has it, and as tables that were drawn show it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shadow.drift.detectable_effect import chance_seen, least, level, smallest_seen
from shadow.drift.excess_estimates import ClusterSum, SignalOutcome, table

PRINTED = {62: 23, 200: 7.3, 1_000: 1.5}
"""Points for so many pairs that all agree, one provider with fourteen signals (verdict of a quiet report)."""


def size(pairs, *, reference_odd=0, rows=14, talk=1):
    """Of a table of `pairs` in conversations of `talk` pairs, in so many of which the reference was the odd one throughout."""
    conversations = [(talk, -talk if number < reference_odd else 0) for number in range(pairs // talk)]
    return smallest_seen(conversations=conversations, rows=rows)


def slowly(excess, n, floor, bar):
    """The definition, term by term."""
    odd, share = floor + excess, (floor / 2 + excess) / (floor + excess)
    total = 0.0
    for count in range(10, n + 1):
        need = next((k for k in range(count // 2, count + 1) if 2 * stats.binom.sf(k - 1, count, 0.5) <= bar), count + 1)
        total += stats.binom.pmf(count, n, odd) * stats.binom.sf(need - 1, count, share)
    return total


@pytest.mark.parametrize("n", [12, 62, 200])
@pytest.mark.parametrize(("floor", "excess"), [(0.0, 0.2), (0.02, 0.09), (0.1, 0.13), (0.235, 0.4), (0.3, 0.7)])
def test_the_chance_is_the_sum_over_all_counts(n, floor, excess):
    assert chance_seen(excess, n=n, floor=floor, p_limit=0.05 / 14) == pytest.approx(
        slowly(excess, n, floor, 0.05 / 14), abs=1e-7
    )


@pytest.mark.parametrize(("floor", "excess"), [(0.1, 0.0126), (0.235, 0.0195), (0.9, 0.05)])
def test_many_odd_pairs_use_the_normal_form_of_the_sum(floor, excess):
    """At 1,500 odd pairs, up to which the sum is taken, and just beyond."""
    n = round(1_500 / (floor + excess))
    below, above = (chance_seen(excess, n=pairs, floor=floor, p_limit=0.05 / 14) for pairs in (n - 2, n + 2))
    assert 0.1 < below < 0.99
    assert above == pytest.approx(below, abs=0.02)


def summed(n, odd, excess, bar):
    """The definition at once, where the reference differs from itself in what is left of `odd`."""
    counts = range(1_000, 2_001)
    needs = stats.binom.isf(bar / 2, counts, 0.5) + 1
    chances = stats.binom.pmf(counts, n, odd) * stats.binom.sf(needs - 1, counts, ((odd - excess) / 2 + excess) / odd)
    return float(chances.sum())


@pytest.mark.parametrize(("n", "exact"), [(15_000, True), (15_010, False)])
def test_the_sum_is_taken_up_to_fifteen_hundred_odd_pairs(n, exact):
    found = chance_seen(0.0126, n=n, floor=0.0874, p_limit=0.05 / 14)
    assert found == pytest.approx(summed(n, 0.1, 0.0126, 0.05 / 14), abs=0.02)
    assert (found == pytest.approx(summed(n, 0.1, 0.0126, 0.05 / 14), abs=1e-6)) is exact


@pytest.mark.parametrize(("pairs", "points"), PRINTED.items())
def test_what_a_report_prints_for_pairs_that_all_agree(pairs, points):
    assert size(pairs) * 100 == pytest.approx(points, rel=0.03)


@pytest.mark.parametrize("reference_odd", [0, 3])
def test_conversations_count_once_each_however_long_they_are(reference_odd):
    assert size(1_000, talk=10, reference_odd=reference_odd) == size(100, reference_odd=reference_odd)


def test_noise_within_a_conversation_counts_for_less_than_one_that_fills_it():
    spread, filled = ([(8, -1)] * 10 + [(8, 0)] * 190, [(8, -8)] * 10 + [(8, 0)] * 190)
    assert smallest_seen(conversations=spread, rows=14) < smallest_seen(conversations=filled, rows=14)


@pytest.mark.parametrize(("clusters", "expected"), [(49, 0.001 / 14), (50, 0.05 / 14)])
def test_below_fifty_conversations_the_sign_test_alone_must_be_decisive(clusters, expected):
    assert level(14, clusters) == expected


@pytest.mark.parametrize(("clusters", "known"), [(18, False), (19, True)])
def test_below_nineteen_conversations_nothing_is_detectable(clusters, known):
    assert (smallest_seen(conversations=[(500, 0)] * clusters, rows=1) is not None) is known


def test_a_reference_that_is_all_noise_shows_nothing():
    assert size(100, reference_odd=50) is None


def test_more_pairs_show_less_and_more_rows_or_noise_need_more():
    by_pairs = [size(n) for n in (62, 200, 1_000, 5_000)]
    assert by_pairs == sorted(by_pairs, reverse=True)
    assert size(200, rows=280) > by_pairs[1]
    assert size(200, reference_odd=9) > by_pairs[1]


@given(st.integers(1, 400), st.floats(1e-9, 0.5))
def test_the_least_count_is_the_least(count, bar):
    need = least(count, bar)
    assert need > count or 2 * stats.binom.sf(need - 1, count, 0.5) <= bar * (1 + 1e-9)
    if need - 1 > count / 2:
        assert 2 * stats.binom.sf(need - 2, count, 0.5) > bar * (1 - 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("pairs", "floor"), [(62, 0.0), (200, 0.1)])
def test_tables_with_an_excess_of_the_size_show_it_in_four_of_five(pairs, floor):
    """The excess as a report states it for the floor itself, in tables of fourteen rows of which thirteen are quiet."""
    excess = size(pairs, reference_odd=round(floor * pairs / 2))
    draw = random.Random(f"{pairs} {floor}")
    seen = sum(_seen(draw, pairs, floor, excess) for _ in range(200))
    assert 140 <= seen <= 200


def _seen(draw, pairs, floor, excess):
    sums = []
    for row in range(14):
        more = excess if row == 0 else 0.0
        payoffs = draw.choices((1, -1, 0), (floor / 2 + more, floor / 2, 1 - floor - more), k=pairs)
        sums += [
            ClusterSum(
                group=("", "m", f"p{row}", "r"), signal="answer_kind", cluster=n, pairs=1, plus=int(x > 0), minus=int(x < 0)
            )
            for n, x in enumerate(payoffs)
        ]
    return next(score for score in table(sums) if score.group[2] == "p0").outcome in {SignalOutcome.DIFFERS, SignalOutcome.DRIFTS}


@pytest.mark.parametrize(("n", "chance"), [(9, 0.0), (10, 1.0)])
def test_fewer_than_ten_pairs_show_nothing_however_they_differ(n, chance):
    assert chance_seen(1.0, n=n, floor=0.0, p_limit=0.05) == chance


def test_what_is_not_there_is_never_seen():
    assert chance_seen(0.0, n=500, floor=0.0, p_limit=0.05) == 0.0


@pytest.mark.parametrize(
    ("count", "p_limit", "need"), [(10, 0.05, 9), (10, 0.002, 10), (10, 0.001, 11), (5, 0.05, 6), (6, 0.05, 6)]
)
def test_the_least_count_of_a_few_tosses(count, p_limit, need):
    assert least(count, p_limit) == need


def test_a_provider_that_would_differ_more_often_than_always_differs_always():
    assert chance_seen(0.9, n=20, floor=0.5, p_limit=0.05) == 1.0
