"""What the audit costs, and what is left of a budget."""

from shadow.pages.audit_cost import audit_cost, budget_lines
from shadow.settings.top_level_config import Config
from storage.rows import TrafficCount
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


def test_cost_is_of_the_exchanges_that_the_audit_sent():
    rows = [traffic("near", "primary"), traffic("official", "shadow"), traffic("official", "control", 5)]
    cost = audit_cost(rows, config(), 0.0)
    assert (cost.requests, cost.tokens, cost.money, cost.priced) == (15, 2_200_000, 6.0, True)
    assert cost.sentence == "The audit sent 15 requests and 2,200,000 tokens, 6.00 by the configured prices."


def test_cost_without_a_price_is_no_money():
    cost = audit_cost([traffic("official", "shadow"), traffic("other", "greedy")], config(), 0.0)
    assert not cost.priced
    assert cost.sentence.endswith("; no prices are configured.")


def test_audit_that_sent_nothing_has_a_sentence():
    assert audit_cost([traffic("near", "primary")], config(), 0.0).sentence == "The audit sent nothing in this period."


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
