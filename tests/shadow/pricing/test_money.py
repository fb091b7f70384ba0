"""The money of an answer: the bills that were looked up, to the last digit, and what has no price."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.provider_config import PriceEntry
from shadow.pricing.money import NOTHING, Money, money, total
from shadow.pricing.price_list import class_prices
from shadow.pricing.token_classes import TokenClasses, classed
from tests.shadow.pricing.test_token_classes import chat, messages

XAI = chat(
    prompt_tokens=10120,
    completion_tokens=1499,
    total_tokens=14428,
    prompt_tokens_details={"cached_tokens": 128},
    completion_tokens_details={"reasoning_tokens": 2809},
)
OPENAI = chat(
    prompt_tokens=1486,
    completion_tokens=651,
    total_tokens=2137,
    prompt_tokens_details={"cached_tokens": 1408},
    completion_tokens_details={"reasoning_tokens": 512},
)
GEMINI = chat(prompt_tokens=758, completion_tokens=102, total_tokens=1725)


def anthropic(lifetime):
    created = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0, lifetime: 500}
    return messages(
        input_tokens=12,
        cache_read_input_tokens=9000,
        cache_creation_input_tokens=500,
        cache_creation=created,
        output_tokens=80,
    )


CLAUDE = PriceEntry(input=3, cached_input=0.30, cache_write=3.75, cache_write_1h=6, output=15)


@pytest.mark.parametrize(
    ("usage", "prices", "expected"),
    [
        (XAI, PriceEntry(input=1.25, cached_input=0.20, output=2.50), "0.0232856"),
        (OPENAI, PriceEntry(input=1.25, cached_input=0.125, output=10), "0.0067835"),
        (GEMINI, PriceEntry(input=1.25, output=10), "0.0106175"),
        (anthropic("ephemeral_1h_input_tokens"), CLAUDE, "0.006936"),
        (anthropic("ephemeral_5m_input_tokens"), CLAUDE, "0.005811"),
    ],
)
def test_bill_is_the_one_that_the_provider_sent_to_the_last_digit(usage, prices, expected):
    found = money(classed(usage).tokens, class_prices(prices))
    assert found == Money(Decimal(expected), Decimal(expected))


def test_reasoning_at_a_price_of_its_own_is_billed_at_it():
    prices = class_prices(PriceEntry(input=1, output=2, reasoning=4))
    assert money(TokenClasses(fresh=1, output=1, reasoning=1), prices) == Money(Decimal("0.000007"), Decimal("0.000007"))


def test_uncertain_tokens_make_a_range_up_to_the_price_of_output():
    found = money(TokenClasses(fresh=100, output=10, uncertain=5), class_prices(PriceEntry(input=1, output=10)))
    assert found == Money(Decimal("0.0002"), Decimal("0.00025"))


@pytest.mark.parametrize(
    ("tokens", "prices"),
    [
        (TokenClasses(fresh=1), PriceEntry(output=1)),
        (TokenClasses(output=1), PriceEntry(input=1)),
        (TokenClasses(reasoning=1), PriceEntry(input=1)),
        (TokenClasses(uncertain=1), PriceEntry(input=1)),
        (TokenClasses(fresh=1), PriceEntry()),
    ],
)
def test_class_with_tokens_and_without_a_price_is_not_priced(tokens, prices):
    assert money(tokens, class_prices(prices)) is None


def test_tokens_of_a_model_without_prices_are_not_priced_and_no_tokens_cost_nothing():
    assert money(TokenClasses(fresh=1), None) is None
    assert money(TokenClasses(), None) == NOTHING


def test_class_without_a_price_is_no_matter_where_it_has_no_tokens():
    assert money(TokenClasses(fresh=1_000_000), class_prices(PriceEntry(input=2))) == Money(Decimal(2), Decimal(2))


def test_price_of_zero_is_a_price():
    assert money(TokenClasses(fresh=7, output=7), class_prices(PriceEntry(input=0, output=0))) == NOTHING


COUNTS = st.lists(st.integers(0, 10**8), min_size=7, max_size=7).map(lambda counts: TokenClasses(*counts))
PRICE = st.integers(0, 10**6).map(lambda cents: cents / 100)
PRICES = st.builds(
    PriceEntry,
    input=PRICE,
    output=PRICE,
    cached_input=st.none() | PRICE,
    cache_write=st.none() | PRICE,
    reasoning=st.none() | PRICE,
)


@given(st.lists(COUNTS, max_size=5), PRICES)
def test_money_of_a_sum_of_tokens_is_the_sum_of_the_money(tokens, entry):
    prices = class_prices(entry)
    summed = TokenClasses(*map(sum, zip(*tokens, strict=True))) if tokens else TokenClasses()
    assert money(summed, prices) == total(money(each, prices) for each in tokens)


@given(COUNTS, PRICES)
def test_money_is_never_negative_and_at_most_its_high_end(tokens, entry):
    found = money(tokens, class_prices(entry))
    assert 0 <= found.low <= found.high
