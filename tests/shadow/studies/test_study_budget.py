"""The budget of a study: a request is sent only if the most that it can cost still fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.studies.study_budget import BudgetLimits, Cost, StudyBudget


@pytest.mark.parametrize(("limit", "ceiling", "why"), [(3, 3, ""), (2, 3, "requests")])
def test_requests_up_to_the_limit_are_sent_and_one_more_is_not(limit, ceiling, why):
    assert StudyBudget(BudgetLimits(requests=limit)).hold(Cost(requests=ceiling), 0.0) == why


@pytest.mark.parametrize(("tokens", "why"), [(1_000, ""), (1_001, "tokens")])
def test_tokens_are_held_back_up_to_the_limit(tokens, why):
    assert StudyBudget(BudgetLimits(tokens=1_000)).hold(Cost(tokens=tokens), 0.0) == why


@pytest.mark.parametrize(("money", "why"), [(0.5, ""), (0.51, "money")])
def test_money_is_held_back_up_to_the_limit(money, why):
    assert StudyBudget(BudgetLimits(money=0.5)).hold(Cost(money=money), 0.0) == why


@pytest.mark.parametrize(("now", "why"), [(159.9, ""), (160.0, "minutes")])
def test_minutes_count_from_the_start_of_the_run(now, why):
    budget = StudyBudget(BudgetLimits(minutes=1))
    budget.begin(100.0, Cost())
    assert budget.hold(Cost(), now) == why


def test_what_is_in_flight_is_held_back_until_it_has_settled():
    budget = StudyBudget(BudgetLimits(tokens=100))
    assert budget.hold(Cost(tokens=80), 0.0) == ""
    assert budget.hold(Cost(tokens=80), 0.0) == "tokens"
    budget.settle(Cost(tokens=80), Cost(tokens=10))
    assert budget.hold(Cost(tokens=80), 0.0) == ""
    assert budget.spent == Cost(tokens=10)


def test_what_earlier_runs_spent_counts():
    budget = StudyBudget(BudgetLimits(requests=5))
    budget.begin(0.0, Cost(requests=5))
    assert budget.hold(Cost(requests=1), 0.0) == "requests"


@given(
    limit=st.integers(1, 400),
    costs=st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1), st.booleans()), max_size=40),
)
def test_the_limit_is_never_passed_whatever_is_in_flight(limit, costs):
    budget = StudyBudget(BudgetLimits(tokens=limit))
    flying: list[tuple[Cost, Cost]] = []
    for tokens, share, lands in costs:
        ceiling = Cost(tokens=tokens)
        if not budget.hold(ceiling, 0.0):
            flying.append((ceiling, Cost(tokens=int(tokens * share))))
        if lands and flying:
            budget.settle(*flying.pop(0))
        assert budget.spent.tokens + sum(cost.tokens for _, cost in flying) <= limit


def test_a_cost_so_many_times_and_two_costs_together_have_each_part_so():
    one = Cost(requests=2, tokens=30, money=0.5)
    assert one.times(3) == Cost(requests=6, tokens=90, money=1.5)
    assert one + Cost(requests=5, tokens=7, money=1.25) == Cost(requests=7, tokens=37, money=1.75)


@pytest.mark.parametrize("limit", [{"requests": 1}, {"tokens": 1}, {"money": 0.01}, {"minutes": 0.5}])
def test_a_study_with_any_limit_is_limited(limit: dict[str, float]):
    assert BudgetLimits(**limit).limited
    assert not BudgetLimits().limited


def test_a_budget_holds_as_long_as_a_request_is_in_flight():
    budget = StudyBudget(BudgetLimits(requests=2))
    assert not budget.is_holding
    budget.hold(Cost(requests=1), 0.0)
    assert budget.is_holding
    budget.settle(Cost(requests=1), Cost(requests=1, tokens=5))
    assert not budget.is_holding
    budget.begin(0.0, Cost(tokens=7))
    assert budget.spent == Cost(requests=1, tokens=12)


def test_what_was_not_held_back_is_not_counted():
    budget = StudyBudget(BudgetLimits(tokens=10))
    assert [budget.hold(Cost(requests=1, tokens=tokens), 0.0) for tokens in (11, 10)] == ["tokens", ""]


def test_money_that_is_the_limit_but_for_the_last_digit_of_a_sum_is_not_beyond_it():
    budget = StudyBudget(BudgetLimits(money=0.3))
    assert [budget.hold(Cost(money=0.1), 0.0) for _ in range(4)] == ["", "", "", "money"]
