"""The cost of a plan before it is run, and which plans need a budget or cannot keep one."""

import pytest

from proxy.provider_config import Provider
from shadow.studies.replay.plan_cost import PlanCost, budget_faults, plan_cost
from shadow.studies.study_budget import BudgetLimits, Cost
from tests.shadow.studies.replay.test_replay_plan import PROVIDERS, plan, rows


def cost(**more) -> PlanCost:
    values = {
        "ceiling": Cost(requests=10, tokens=100, money=1.0),
        "by_provider": {"a": Cost()},
        "prompt_tokens": 5,
        "unlimited": 0,
        "stored": 0,
        "unpriced": (),
    }
    return PlanCost(**{**values, **more})


def test_what_is_stored_costs_nothing_and_rows_without_a_limit_are_counted():
    made = plan(rows("x", "y"))
    stored = next(made.requests).key
    found = plan_cost(made, providers=PROVIDERS, has={stored}.__contains__)
    assert (found.ceiling.requests, found.with_tries, found.stored) == (7, 28, 1)
    assert found.unlimited == 2
    assert found.unpriced == ("r", "a", "b")


def test_money_is_summed_by_the_prices_of_each_provider():
    providers = {**PROVIDERS, "a": Provider(base_url="http://a.example/v1", price_input=1_000.0)}
    found = plan_cost(plan(rows("x"), providers=providers), providers=providers)
    assert found.by_provider["a"].money == found.ceiling.money > 1.0
    assert found.unpriced == ("r", "b")


@pytest.mark.parametrize(("requests", "needed"), [(2_000, False), (2_001, True)])
def test_more_than_two_thousand_requests_need_a_budget(requests, needed):
    faults = budget_faults(cost(ceiling=Cost(requests=requests)), BudgetLimits())
    assert bool(faults) is needed
    assert not budget_faults(cost(ceiling=Cost(requests=requests)), BudgetLimits(minutes=5))


@pytest.mark.parametrize(("money", "needed"), [(10.0, False), (10.01, True)])
def test_a_ceiling_above_ten_needs_a_budget(money, needed):
    assert bool(budget_faults(cost(ceiling=Cost(requests=1, money=money)), BudgetLimits())) is needed


def test_a_budget_that_cannot_be_kept_is_refused_with_what_to_do():
    [limit] = budget_faults(cost(unlimited=3), BudgetLimits(tokens=100))
    assert "3 rows are sent without max_tokens" in limit
    [price] = budget_faults(cost(unpriced=("a",)), BudgetLimits(money=1.0))
    assert "no price is configured for a" in price
    assert not budget_faults(cost(unlimited=3, unpriced=("a",)), BudgetLimits(requests=100))


@pytest.mark.parametrize(("rows_sent", "words"), [(1, "1 row is sent"), (2, "2 rows are sent")])
def test_rows_without_a_limit_are_counted_in_their_form(rows_sent: int, words: str):
    [limit] = budget_faults(cost(unlimited=rows_sent), BudgetLimits(money=1.0))
    assert limit.startswith(f"--budget: {words} without max_tokens")


def test_the_example_of_a_budget_is_what_the_plan_needs():
    [requests] = budget_faults(cost(ceiling=Cost(requests=2_500)), BudgetLimits())
    assert requests.startswith("--budget: 2,500 requests need one (above 2,000)")
    assert requests.endswith("--budget requests=2500")
    [money] = budget_faults(cost(ceiling=Cost(requests=1, money=12.345)), BudgetLimits())
    assert money.startswith("--budget: this can cost 12.35, and needs a budget above 10.00")
    assert money.endswith("--budget money=12.35")


def test_prompts_are_estimated_by_their_bytes_and_what_is_stored_is_left_out():
    made = plan(rows("x" * 400))
    lengths = [request.length for request in made.requests]
    assert plan_cost(made, providers=PROVIDERS).prompt_tokens == sum(length // 3 for length in lengths)
    assert plan_cost(made, providers=PROVIDERS, has=lambda _key: True) == PlanCost(
        ceiling=Cost(), by_provider=dict.fromkeys("rab", Cost()), prompt_tokens=0, unlimited=0, stored=4, unpriced=("r", "a", "b")
    )
