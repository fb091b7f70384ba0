import random
from math import isclose
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shadow.drift.alarm_budget import PROVIDER, REFERENCE
from shadow.drift.change_point import EvaluatedPair, estimate, excess, start
from tests.shadow.drift.leaning import payoffs


def evidence(values, *, conversation="", kind="no tools"):
    return [
        EvaluatedPair(pair_id=f"p{i}", started=1000.0 + i, conversation=conversation, kind=kind, payoff=value)
        for i, value in enumerate(values)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("size", "within"), [(0.3, 60), (0.1, 260)])
def test_an_abrupt_change_is_dated_and_sized(size, within):
    errors, sizes, dated = [], [], 0
    for seed in range(20):
        draw = random.Random(seed)
        values = payoffs(draw, 4_000) + payoffs(draw, 800, excess=size)
        found = estimate(evidence(values), direction=PROVIDER, tolerance=0.02)
        errors.append(found.place - 4_000)
        sizes.append(found.size)
        dated += found.earliest <= 5_000 <= found.latest
        assert found.earliest <= found.since <= found.latest
        assert isclose(found.since, 1000 + found.place)
    assert abs(median(errors)) <= within / 4
    assert sorted(map(abs, errors))[-3] <= within
    assert abs(median(sizes) - size) < 0.02
    assert dated >= 17


@pytest.mark.slow
@pytest.mark.parametrize(("accepted", "size"), [(0.1, 0.3), (0.3, 0.5), (0.3, 0.7), (0.5, 0.8)])
def test_difference_that_grows_beyond_an_accepted_one_is_dated_to_its_growth(accepted, size):
    errors, dated = [], 0
    for seed in range(20):
        draw = random.Random(seed)
        values = payoffs(draw, 1_000) + payoffs(draw, 2_000, excess=accepted) + payoffs(draw, 400, excess=size)
        found = estimate(evidence(values), direction=PROVIDER, tolerance=0.02, baseline=accepted + 0.03)
        errors.append(abs(found.place - 3_000))
        dated += found.earliest <= 4_000 <= found.latest
    assert sorted(errors)[-3] <= 60
    assert dated >= 17


def test_a_provider_that_was_bad_from_the_first_pair_is_dated_to_it():
    found = estimate(evidence([1, 0, 1, 1, 1, 0, 1]), direction=PROVIDER, tolerance=0.02)
    assert (found.place, found.pairs, found.before) == (0, 7, 0)


@pytest.mark.parametrize(("direction", "sign"), [(PROVIDER, 1), (REFERENCE, -1)])
def test_the_mean_before_a_change_is_of_the_pairs_before_its_place(direction, sign):
    values = [sign * value for value in [1, 0, 0, 0, 0] * 40 + [1] * 100]
    found = estimate(evidence(values), direction=direction, tolerance=0.2)
    assert (found.place, found.pairs, found.odd, found.size) == (200, 100, 100, 1)
    assert found.before == pytest.approx(0.2)


def test_the_other_direction_is_dated_alike():
    values = [0] * 300 + [-1, -1, 0, -1] * 20
    found = estimate(evidence(values), direction=REFERENCE, tolerance=0.02)
    assert (found.place, found.size) == (300, 0.75)


def test_the_change_point_of_one_pair_has_an_interval_from_minus_one_to_one():
    found = estimate(evidence([1]), direction=PROVIDER, tolerance=0.02)
    assert (found.place, found.size, found.low, found.high) == (0, 1, -1, 1)


def test_types_of_request_and_example_pairs_are_named():
    rows = [
        EvaluatedPair(pair_id=f"p{i}", started=float(i), conversation="", kind="tools" if i % 2 else "no tools", payoff=i % 2)
        for i in range(60)
    ]
    found = estimate(rows, direction=PROVIDER, tolerance=0.02)
    assert [(segment.kind, segment.excess) for segment in found.segments] == [("tools", 30)]
    assert found.pair_ids[:2] == ("p59", "p57")
    assert len(found.pair_ids) == 20


@pytest.mark.parametrize(("kinds", "named"), [(4, 4), (5, 5), (6, 5)])
def test_the_five_types_of_request_with_the_largest_sums_are_named_the_largest_first(kinds, named):
    rows = [
        EvaluatedPair(pair_id="", started=float(number), conversation="", kind=f"kind {kind}", payoff=1)
        for kind in range(kinds)
        for number in range(10 + kind)
    ]
    found = estimate(rows, direction=PROVIDER, tolerance=0.02)
    assert [(segment.kind, segment.pairs, segment.excess) for segment in found.segments] == [
        (f"kind {kind}", 10 + kind, 10 + kind) for kind in range(kinds - 1, kinds - 1 - named, -1)
    ]


@pytest.mark.parametrize(("pairs", "named"), [(19, 19), (20, 20), (21, 20)])
def test_twenty_example_pairs_at_the_most_are_named_the_latest_first(pairs, named):
    found = estimate(evidence([1] * pairs), direction=PROVIDER, tolerance=0.02)
    assert found.pair_ids == tuple(f"p{number}" for number in range(pairs - 1, pairs - 1 - named, -1))


def test_a_conversation_is_one_cluster_of_the_interval():
    rows = evidence([1, 0] * 100)
    mean, low, high = excess(rows, PROVIDER)
    assert mean == 0.5
    assert 0.4 < low < high < 0.6
    assert excess(evidence([1, 0] * 100, conversation="one"), PROVIDER) == (0.5, -1, 1)


@given(st.lists(st.sampled_from((-1, 0, 1)), min_size=1, max_size=60))
def test_the_start_is_always_a_place_and_always_credible(values):
    place, first, last = start(values, 0.02)
    assert 0 <= first <= place <= last < len(values)


def test_pairs_that_ran_at_once_and_ended_in_another_order_leave_the_earliest_start_before_the_latest():
    rows = [evidence_at(number + (5.0 if number % 2 else -5.0), payoff) for number, payoff in enumerate([0] * 50 + [1] * 50)]
    found = estimate(rows, direction=1, tolerance=0.02)
    assert found.earliest <= found.since <= found.latest


def evidence_at(started, payoff):
    return EvaluatedPair(pair_id="", started=started, conversation="", kind="", payoff=payoff)


@pytest.mark.parametrize(
    ("baseline", "expected"), [(0.0, (300, 294, 306)), (0.2, (300, 294, 309))], ids=["nothing accepted", "20 points accepted"]
)
def test_starts_within_three_nats_of_the_best_are_credible(baseline, expected):
    """Each pair further back costs half of the excess, and each further on what the payoff is above the middle."""
    assert start([0] * 300 + [1] * 100, 0.02, baseline) == expected


def test_of_payoffs_that_never_lean_only_the_last_place_is_credible():
    assert start([0, 0, 0], 0.02) == (2, 2, 2)


def test_the_interval_of_single_pairs_is_that_of_their_mean_with_one_pair_more_of_doubt():
    mean, low, high = excess(evidence([1] * 20 + [0] * 20), PROVIDER)
    reach = stats.t.ppf(0.975, 39) * (0.25 / 39 + 1 / 40**2) ** 0.5
    assert (mean, low, high) == (0.5, pytest.approx(0.5 - reach, rel=1e-6), pytest.approx(0.5 + reach, rel=1e-6))


@pytest.mark.parametrize(("values", "bounds"), [([1, 1, 1, 0], (-1, 1)), ([-1, -1, -1, 0], (-1, 1))])
def test_no_interval_leaves_the_range_of_a_payoff(values, bounds):
    _, low, high = excess(evidence(values), PROVIDER)
    assert (max(low, -1), min(high, 1)) == (low, high)
    assert (high == 1) is (values[0] == 1)
    assert (low == -1) is (values[0] == -1)


def test_types_of_request_that_cancel_out_or_lean_the_other_way_are_not_named():
    sides = {"worse": (1, 1), "even": (1, -1), "better": (-1, -1), "resting": (0, 0), "once": (1,)}
    made = [
        EvaluatedPair(pair_id="", started=1.0, conversation="", kind=kind, payoff=payoff)
        for kind, payoffs in {**sides, "first": (1,)}.items()
        for payoff in payoffs
    ]
    first = [row for row in made if row.kind == "first"] * 30
    found = estimate([*first, *made], direction=PROVIDER, tolerance=0.02)
    assert found.place == 0
    assert [(segment.kind, segment.pairs, segment.excess) for segment in found.segments] == [
        ("first", 31, 31),
        ("worse", 2, 2),
        ("once", 1, 1),
    ]


def spread(*parts):
    """Payoffs in which the provider is the odd one in these shares of so many pairs, evenly spread."""
    return [int((place + 1) * share) - int(place * share) for share, pairs in parts for place in range(pairs)]


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        (((0.4, 20), (0.0, 80), (0.4, 15)), 102),
        (((0.2, 25), (0.4, 10), (1.0, 40)), 32),
        (((0.2, 40), (0.4, 40), (0.6, 5), (1.0, 80)), 42),
    ],
    ids=["an earlier excess that ended", "a second step", "a third step"],
)
def test_the_middle_between_before_and_after_is_refined_three_times(parts, place):
    assert start(spread(*parts), 0.1)[0] == place


def test_the_interval_of_two_conversations_has_one_degree_of_freedom():
    rows = [*evidence([1, 0] * 25, conversation="one"), *evidence([1, 0] * 25, conversation="other")]
    reach = stats.t.ppf(0.975, 1) / 100
    assert excess(rows, PROVIDER) == (0.5, pytest.approx(0.5 - reach, rel=1e-6), pytest.approx(0.5 + reach, rel=1e-6))
