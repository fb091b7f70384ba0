"""What the audit costs."""

from shadow.pages.audit_cost import audit_cost
from shadow.pricing.token_classes import TokenClasses
from shadow.settings.top_level_config import Config
from storage.rows import TokenSum, TrafficCount

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
