"""The money of a period out of its sums by day: what is priced, what is not, and what the responses state."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from proxy.provider_config import Provider
from shadow.pricing.money import Money
from shadow.pricing.period_money import period_money
from shadow.pricing.price_list import PriceList
from shadow.pricing.token_classes import TokenClasses
from storage.rows import TokenSum

DAY = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())


def prices(*entries, **short):
    return PriceList({"near": Provider.model_validate({"base_url": "http://a.example/v1", "prices": entries, **short})})


FLAT = prices(price_input=1.0, price_cached_input=0.1, price_output=10.0)


def summed(answers=10, state="certain", cost=None, day=DAY, model="qwen", **tokens):
    return TokenSum(
        day=day,
        provider="near",
        model=model,
        role="primary",
        usage_state=state,
        stated=int(cost is not None),
        answers=answers,
        cost=cost or 0.0,
        **{name: tokens.get(name, 0) for name in TokenClasses._fields},
    )


def of(*sums, by=FLAT):
    return period_money(sums, by)


def test_tokens_of_each_day_are_priced_as_on_that_day():
    dated = prices({"input": 1.0, "output": 1.0}, {"since": "2026-11-01", "input": 2.0, "output": 2.0})
    found = of(summed(fresh=1_000_000, day=DAY - 86_400), summed(fresh=1_000_000), by=dated)
    assert found.money == Money(Decimal(3), Decimal(3))


def test_answers_without_a_price_are_counted_by_reason_and_cost_nothing_of_the_sum():
    by = prices({"model": "qwen", "input": 1.0, "output": 1.0})
    found = of(
        summed(90, fresh=1_000_000),
        summed(1, "no_usage"),
        summed(2, "invalid_usage"),
        summed(3, model="other", fresh=1_000_000),
        by=by,
    )
    assert (found.answers, found.priced) == (96, 90)
    assert found.unpriced == {"no_usage": 1, "invalid_usage": 2, "no_price": 3}
    assert found.money == Money(Decimal(1), Decimal(1))


@pytest.mark.parametrize(("unpriced", "known"), [(2, True), (3, False)])
def test_money_is_known_up_to_two_percent_of_answers_without_a_price(unpriced, known):
    assert of(summed(100 - unpriced, fresh=1_000_000), summed(unpriced, "no_usage")).is_known is known


@pytest.mark.parametrize(("uncertain", "known"), [(2_000, True), (2_100, False)])
def test_money_is_known_while_its_range_is_at_most_two_percent_wide(uncertain, known):
    found = of(summed(state="range", fresh=980_000, uncertain=uncertain))
    assert found.money.high > found.money.low
    assert found.is_known is known


def test_share_of_a_cache_is_of_the_prompt_alone():
    found = of(summed(fresh=50, cache_read=900, cache_write_5m=30, cache_write_1h=20, output=5_000))
    assert found.cached_share == 0.9
    assert of(summed(1, "no_usage")).cached_share is None


def test_stated_costs_are_compared_with_the_prices_of_the_same_answers():
    found = of(summed(10, fresh=1_000_000, cost=1.05), summed(10, fresh=5_000_000), summed(1, "no_usage", cost=0.5))
    assert (found.stated, found.stated_answers) == (pytest.approx(1.55), 11)
    assert found.stated_excess == pytest.approx(0.05)


def test_stated_cost_without_a_price_is_compared_with_nothing():
    found = of(summed(10, fresh=1, cost=1.0), by=PriceList({}))
    assert (found.stated, found.stated_excess) == (1.0, None)


def test_period_without_answers_has_no_money_and_is_known():
    found = of()
    assert (found.answers, found.money, found.is_known) == (0, Money(Decimal(0), Decimal(0)), True)


@pytest.mark.parametrize(("answers", "unpriced", "known"), [(50, 1, True), (49, 1, False), (1, 0, True), (0, 1, False)])
def test_money_is_known_while_one_of_fifty_answers_has_no_price(answers, unpriced, known):
    sums = [summed(answers - unpriced, fresh=1)] if answers > unpriced else []
    assert of(*sums, *([summed(unpriced, "no_usage")] if unpriced else [])).is_known is known


def test_tokens_of_all_answers_with_classes_are_summed():
    found = of(summed(fresh=1, cache_read=20), summed(model="x", output=300, reasoning=4_000, uncertain=5), by=PriceList({}))
    assert found.tokens == TokenClasses(fresh=1, cache_read=20, output=300, reasoning=4_000, uncertain=5)
    assert (of().tokens, of().stated, of().stated_answers, of().stated_excess) == (TokenClasses(), 0.0, 0, None)


@pytest.mark.parametrize(("stated", "excess"), [(2.0, 1.0), (1.0, 0.0), (0.5, -0.5), (0.0, -1.0)])
def test_a_stated_cost_is_compared_as_a_share_of_the_configured_prices(stated, excess):
    assert of(summed(10, fresh=1_000_000, cost=stated)).stated_excess == pytest.approx(excess)


def test_a_stated_cost_is_compared_with_the_highest_reading():
    assert of(summed(10, "range", fresh=500_000, uncertain=50_000, cost=1.0)).stated_excess == pytest.approx(0.0)
