"""What the audit costs, and what is left of a budget."""

from shadow.pages.audit_cost import audit_cost, budget_lines
from shadow.pricing.token_classes import TokenClasses
from shadow.settings.top_level_config import Config
from storage.rows import TokenSum, TrafficCount
from storage.spending import Spending

PRICED = {"base_url": "https://example.com/v1", "price_input": 2.0, "price_output": 10.0}


def traffic(provider: str, role: str, requests: int = 10) -> TrafficCount:
    return TrafficCount(
        provider=provider,
        model="m",
        role=role,
        requests=requests,
        asked=requests,
        failures=0,
        errors=0,
        prompt_tokens=1_000_000,
        completion_tokens=100_000,
    )


def config(**more) -> Config:
    return Config.model_validate({"proxy": {"providers": {"official": PRICED}}, **more})


def summed(provider: str, role: str, answers: int = 10, state: str = "certain", **tokens) -> TokenSum:
    counts = {name: tokens.get(name, 0) for name in TokenClasses._fields}
    known = {"day": 0, "provider": provider, "model": "m", "role": role, "usage_state": state, "stated": 0, "answers": answers}
    return TokenSum(**known, **counts, cost=0.0)


def test_cost_is_of_the_exchanges_that_the_audit_sent():
    rows = [traffic("near", "primary"), traffic("official", "shadow"), traffic("official", "control", 5)]
    sums = [
        summed("near", "primary", fresh=9_000_000),
        summed("official", "shadow", fresh=1_000_000, output=100_000),
        summed("official", "control", 5, fresh=100_000, cache_read=900_000, output=100_000),
    ]
    cost = audit_cost(rows, sums, config())
    assert (cost.requests, cost.tokens, cost.money.priced) == (15, 2_200_000, 15)
    assert cost.sentence == "The audit sent 15 requests and 2,200,000 tokens, 6.00 by the configured prices."


def test_cost_without_a_price_is_no_money():
    rows = [traffic("official", "shadow"), traffic("other", "greedy")]
    assert audit_cost(rows, [summed("other", "greedy", fresh=1)], config()).sentence.endswith("; no prices are configured.")


def test_cost_that_is_known_in_part_states_of_which_answers_it_is_not():
    sums = [summed("official", "shadow", 9, fresh=1_000_000), summed("official", "shadow", 1, "no_usage")]
    assert audit_cost([traffic("official", "shadow")], sums, config()).sentence.endswith(
        "2.00 by the configured prices, 10.0 % not priced: no usage in the response."
    )
    sums = [summed("official", "shadow", 1, "no_usage")]
    assert audit_cost([traffic("official", "shadow")], sums, config()).sentence.endswith(
        "and 0 tokens, 100.0 % not priced: no usage in the response."
    )


def test_audit_that_sent_nothing_has_a_sentence():
    assert audit_cost([traffic("near", "primary")], [], config()).sentence == "The audit sent nothing in this period."


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
