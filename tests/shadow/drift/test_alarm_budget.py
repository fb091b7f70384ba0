from math import fsum, isclose

from shadow.drift.alarm_budget import PROVIDER, REFERENCE, WEIGHTS, AlertBudget, fleet, tolerance
from shadow.drift.drift_signals import DriftSignal


def test_the_parts_of_all_tests_sum_to_the_whole_budget():
    assert isclose(fsum(WEIGHTS.values()), 1)
    assert set(WEIGHTS) == {(signal.value, direction) for signal in DriftSignal for direction in (PROVIDER, REFERENCE)}


def test_signals_of_actions_have_the_largest_parts_of_the_budget():
    assert max(WEIGHTS, key=WEIGHTS.__getitem__) == ("answer_kind", PROVIDER)
    assert isclose(WEIGHTS["calls_tool_rate", PROVIDER], 2 * WEIGHTS["calls_tool_rate", REFERENCE])


def test_every_signal_has_a_tolerance():
    assert {tolerance(signal.value) for signal in DriftSignal} == {0.01, 0.02, 0.10}


def test_the_default_promises_one_false_alarm_in_a_hundred_runs_of_100_000_pairs():
    budget = AlertBudget()
    assert isclose((100_000 + budget.head_start) / budget.threshold, 0.011)


def test_fleet_raises_each_threshold_by_the_number_of_its_groups():
    assert fleet(1e7, 20) == AlertBudget(threshold=2e8)
    assert fleet(1e7, 0) == AlertBudget(threshold=1e7)
