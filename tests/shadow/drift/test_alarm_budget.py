from math import exp, fsum, isclose

import pytest

from shadow.drift.alarm_budget import (
    PROVIDER,
    REFERENCE,
    WEIGHTS,
    AlertBudget,
    against_provider,
    fleet,
    share_of_upstream,
    tolerance,
)
from shadow.drift.drift_signals import DriftSignal


def test_the_parts_of_all_tests_sum_to_the_whole_budget():
    assert isclose(fsum(WEIGHTS.values()), 1)
    assert set(WEIGHTS) == {(signal.value, direction) for signal in DriftSignal for direction in (PROVIDER, REFERENCE)}
    assert {direction for _, direction in WEIGHTS} == {1, -1}, "the signs of a payoff"


def test_signals_of_actions_have_the_largest_parts_of_the_budget():
    assert max(WEIGHTS, key=WEIGHTS.__getitem__) == ("answer_kind", PROVIDER)
    assert isclose(WEIGHTS["calls_tool_rate", PROVIDER], 2 * WEIGHTS["calls_tool_rate", REFERENCE])


@pytest.mark.parametrize(
    ("times", "signals"),
    [
        (10, ("answer_kind", "calls_tool", "tools", "arguments", "finish_reason", "refusal", "error")),
        (20, ("valid_calls",)),
        (2, ("text", "calls_tool_rate")),
        (4, ("refusal_rate", "finish_length")),
        (1, ("completion_tokens", "prompt_tokens")),
    ],
)
def test_the_part_of_a_difference_of_the_provider_is_a_multiple_of_the_part_of_one_of_the_reference(times, signals):
    ratios = [WEIGHTS[signal, PROVIDER] / WEIGHTS[signal, REFERENCE] for signal in signals]
    assert ratios == pytest.approx([times] * len(signals))


def test_every_signal_has_a_tolerance_of_two_percent_but_texts_and_their_lengths_ten_and_valid_calls_one():
    others = {"text": 0.10, "completion_tokens": 0.10, "valid_calls": 0.01}
    assert {signal.value: tolerance(signal.value) for signal in DriftSignal} == {
        signal.value: others.get(signal.value, 0.02) for signal in DriftSignal
    }


def test_the_default_promises_one_false_alarm_in_a_hundred_runs_of_100_000_pairs():
    budget = AlertBudget()
    assert isclose((100_000 + budget.head_start) / budget.threshold, 0.011)


def test_fleet_raises_each_threshold_by_the_number_of_its_groups():
    assert fleet(1e7, 20) == AlertBudget(threshold=2e8)
    assert fleet(1e7, 0) == AlertBudget(threshold=1e7)


def test_one_test_within_its_tolerance_passes_by_chance_once_in_a_hundred_runs_of_1000_pairs():
    assert isclose(1_000 / AlertBudget().tolerance_threshold, 0.01)


@pytest.mark.parametrize(("place", "part"), [(1, 1 / 2), (2, 1 / 6), (3, 1 / 12), (10, 1 / 110)])
def test_each_further_server_behind_a_router_has_a_smaller_part_of_the_head_start(place, part):
    assert isclose(share_of_upstream(place), part)


def test_the_parts_of_all_servers_behind_a_router_are_never_more_than_the_whole():
    assert 0.999 < fsum(share_of_upstream(place) for place in range(1, 2_000)) < 1


def test_a_test_may_name_an_alarm_from_its_head_start_on_and_is_suspect_from_ten_times_as_much():
    budget = AlertBudget()
    assert isclose(budget.threshold * exp(budget.log_near), budget.head_start)
    assert isclose(budget.threshold * exp(budget.log_suspect), 10 * budget.head_start)


def test_only_for_some_signals_less_is_a_difference_of_the_provider_too():
    either = {signal.value for signal in DriftSignal if against_provider(signal) == (PROVIDER, REFERENCE)}
    assert either == {"calls_tool_rate", "refusal_rate", "finish_length", "completion_tokens", "prompt_tokens"}
    assert {against_provider(signal) for signal in DriftSignal if signal.value not in either} == {(PROVIDER,)}
