from math import inf, isclose

import pytest

from shadow.drift.alarm_budget import AlertBudget
from shadow.drift.planner import pairs_to_find, plan, sample_rate_for, smallest_found

MEASURED = {
    (0.005, 0.03): (2_651, 5_759),
    (0.005, 0.05): (600, 962),
    (0.005, 0.10): (244, 338),
    (0.005, 0.30): (78, 98),
    (0.10, 0.03): (9_452, 18_042),
    (0.10, 0.05): (1_695, 3_047),
    (0.10, 0.10): (586, 920),
    (0.10, 0.30): (126, 172),
    (0.235, 0.03): (12_342, 24_814),
    (0.235, 0.05): (3_166, 6_467),
    (0.235, 0.10): (980, 1_334),
    (0.235, 0.30): (182, 264),
}
"""By the simulations of bench/plan.py, after 20,000 good pairs: in half of the cases, and in nine of ten."""


@pytest.mark.parametrize(("case", "pairs"), MEASURED.items())
def test_the_plan_is_near_what_the_simulations_show(case, pairs):
    floor, drop = case
    for share, simulated in zip((0.5, 0.9), pairs, strict=True):
        assert isclose(pairs_to_find(drop, floor, AlertBudget(), share=share), simulated, rel_tol=0.25)


def test_a_difference_within_the_tolerance_takes_infinitely_many_pairs():
    assert pairs_to_find(0.02, 0.1, AlertBudget()) == inf
    assert smallest_found(10**9, 0.1, AlertBudget()) > 0.02


def test_more_pairs_show_smaller_drifts_and_few_show_none():
    sizes = [smallest_found(pairs, 0.1, AlertBudget()) for pairs in (10, 200, 2_000, 20_000)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == inf
    assert isclose(pairs_to_find(sizes[2], 0.1, AlertBudget()), 2_000, rel_tol=0.05)
    assert smallest_found(2_000, 0.1, AlertBudget(), share=0.9) > sizes[2]


def test_a_plan_counts_days_and_money():
    found = plan(0.10, per_day=1_000, sample_rate=0.1, floor=0.1, control_fraction=0.1, price=0.01, budget=AlertBudget())
    assert isclose(found.days, found.pairs / 100)
    assert isclose(found.most_days, found.most / 100)
    assert found.most > found.pairs
    assert isclose(found.calls, 1.1 + 0.9 * 0.2)
    assert isclose(found.cost, found.pairs * found.calls * 0.01)
    assert plan(0.1, per_day=0, sample_rate=0.1, floor=0.1, control_fraction=0, price=0, budget=AlertBudget()).days == inf


def test_the_sample_that_is_needed_finds_it_in_time():
    rate = sample_rate_for(0.10, per_day=10_000, days=1, floor=0.1, budget=AlertBudget())
    assert 0 < rate < 0.1
    assert pairs_to_find(0.10, 0.1, AlertBudget(), share=0.9) <= rate * 10_000
    assert sample_rate_for(0.01, per_day=10_000, days=1, floor=0.1, budget=AlertBudget()) == inf


@pytest.mark.parametrize(
    ("drop", "half", "nine_of_ten"),
    [(0.024, 37_015, 80_200), (0.03, 8_337, 16_536), (0.05, 1_839, 3_107), (0.10, 581, 853), (0.30, 120, 159), (0.95, 29, 37)],
)
def test_the_pairs_that_are_printed_at_a_noise_of_a_tenth(drop, half, nine_of_ten):
    found = [pairs_to_find(drop, 0.1, AlertBudget(), share=share) for share in (0.5, 0.9)]
    assert [round(pairs) for pairs in found] == [half, nine_of_ten]


def test_the_smallest_drift_that_is_found_is_exact_to_a_tenth_of_a_point():
    smallest = smallest_found(2_000, 0.1, AlertBudget())
    assert pairs_to_find(smallest, 0.1, AlertBudget()) <= 2_000 < pairs_to_find(smallest - 0.001, 0.1, AlertBudget())


@pytest.mark.parametrize(("per_day", "days"), [(10_000, 2), (470, 2), (900, 1)])
def test_the_sample_that_is_needed_is_the_least_in_tenths_of_a_percent(per_day, days):
    rate = sample_rate_for(0.10, per_day=per_day, days=days, floor=0.1, budget=AlertBudget())
    needed = pairs_to_find(0.10, 0.1, AlertBudget(), share=0.9)
    assert rate == round(rate * 1_000) / 1_000
    assert (rate - 0.001) * per_day * days < needed <= rate * per_day * days


@pytest.mark.parametrize(("per_day", "days"), [(0, 1), (1, 0)])
def test_no_sample_of_no_requests_finds_anything(per_day, days):
    assert sample_rate_for(0.10, per_day=per_day, days=days, floor=0.1, budget=AlertBudget()) == inf


@pytest.mark.parametrize(("drop", "calls"), [(0.3, 1 + 0.25 + 0.75 * 0.4), (0.95, 2.0)])
def test_a_pair_takes_a_second_call_at_random_or_where_the_two_differ(drop, calls):
    found = plan(drop, per_day=1_000, sample_rate=0.5, floor=0.1, control_fraction=0.25, price=2.0, budget=AlertBudget())
    assert isclose(found.calls, calls)
    assert (found.pairs, found.most) == tuple(pairs_to_find(drop, 0.1, AlertBudget(), share=share) for share in (0.5, 0.9))
    assert isclose(found.days, found.pairs / 500)
    assert isclose(found.cost, found.pairs * calls * 2.0)


def test_no_pair_a_day_takes_for_ever():
    found = plan(0.1, per_day=1_000, sample_rate=0.0, floor=0.1, control_fraction=0, price=0, budget=AlertBudget())
    assert (found.days, found.most_days) == (inf, inf)


def test_half_a_pair_a_day_takes_twice_as_many_days_as_pairs():
    found = plan(0.1, per_day=1, sample_rate=0.5, floor=0.1, control_fraction=0, price=0, budget=AlertBudget())
    assert (found.days, found.most_days) == (2 * found.pairs, 2 * found.most)


def test_a_drift_and_its_noise_are_no_more_than_all_pairs():
    assert pairs_to_find(1.0, 0.1, AlertBudget()) == pairs_to_find(0.95, 0.1, AlertBudget())


@pytest.mark.parametrize(("pairs", "size"), [(300, 0.16068), (2_000, 0.04775), (20_000, 0.02574)])
def test_the_smallest_drift_that_so_many_pairs_find(pairs, size):
    assert smallest_found(pairs, 0.1, AlertBudget()) == pytest.approx(size, abs=5e-5)


@pytest.mark.parametrize(("drop", "signal", "pairs"), [(0.035, "calls_tool", 980), (0.02, "valid_calls", 1_180)])
def test_a_drift_that_is_believed_later_than_it_is_seen_takes_the_mean_of_its_test_at_most(drop, signal, pairs):
    assert round(pairs_to_find(drop, 0.0, AlertBudget(), signal)) == pairs


def test_of_one_request_a_day_no_share_is_enough():
    needed = pairs_to_find(0.10, 0.1, AlertBudget(), share=0.9)
    assert needed <= sample_rate_for(0.10, per_day=1, days=1, floor=0.1, budget=AlertBudget()) < needed + 0.001
