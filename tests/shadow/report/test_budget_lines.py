"""Each limit has a line with what is spent of it, in all and of each tenant."""

from shadow.report.budget_lines import budget_lines, running_budgets
from shadow.settings.top_level_config import Config
from storage.spending import Spending


def config(**more) -> Config:
    return Config.model_validate(more)


def test_budget_has_a_line_for_each_limit_that_is_set():
    lines = budget_lines(config(shadow={"requests": 10, "money": 5.0}), Spending(requests=9, tokens=400, money=0.42))
    assert [line.sentence for line in lines] == ["9 of 10 requests of this day spent", "0.42 of 5.00 money of this day spent"]
    assert budget_lines(config(), Spending(requests=9, tokens=400, money=0.42)) == ()


def test_budget_that_is_spent_states_what_follows():
    hourly = config(shadow={"tokens": 400, "period": "hour"})
    (line,) = budget_lines(hourly, Spending(requests=9, tokens=400, money=0.0))
    assert line.sentence == "400 of 400 tokens of this hour spent; nothing more is compared until the next one"
    (line,) = budget_lines(hourly, Spending(requests=9, tokens=399, money=0.0))
    assert line.sentence == "399 of 400 tokens of this hour spent"


def test_budget_of_a_tenant_has_a_line_for_each_of_its_limits_with_what_was_spent_for_it():
    tenants = [
        {"name": "alpha", "key_env": "A", "budget": {"requests": 2, "money": 1.5}},
        {"name": "beta", "key_env": "B"},
        {"name": "gamma", "key_env": "C", "budget": {"tokens": 100}},
    ]
    spent = {"alpha": Spending(requests=2, tokens=9, money=1.49), "removed": Spending(requests=7, tokens=9, money=0.0)}
    lines = budget_lines(config(shadow={"requests": 10}, tenants=tenants), Spending(requests=9, tokens=18, money=3.0), spent)
    assert [line.sentence for line in lines] == [
        "9 of 10 requests of this day spent",
        "tenant alpha: 2 of 2 requests of this day spent; nothing more of its requests is compared until the next one",
        "tenant alpha: 1.49 of 1.50 money of this day spent",
        "tenant gamma: 0 of 100 tokens of this day spent",
    ]
    assert [line.is_spent for line in lines] == [False, True, False, False]


def test_running_period_alone_counts_and_without_a_limit_nothing_is_read(store):
    hourly = config(shadow={"tokens": 400, "period": "hour"}, tenants=[{"name": "a", "key_env": "A", "budget": {"tokens": 9}}])
    store.spend(3_599.9, Spending(1, 100, 0.0), "a")
    store.spend(3_600.0, Spending(1, 5, 0.0), "a")
    store.spend(7_200.0, Spending(1, 100, 0.0), "a")
    assert [line.spent for line in running_budgets(store, hourly, 7_199.9)] == [5, 5]
    assert running_budgets(None, config(), 0.0) == ()
