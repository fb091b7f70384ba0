"""What a report states of the money of a period."""

from dataclasses import replace
from decimal import Decimal

import pytest

from proxy.provider_config import Provider
from shadow.pricing.money import Money
from shadow.pricing.period_money import period_money
from shadow.pricing.price_list import PriceList
from shadow.report.money_lines import amount, amounts, money_line, money_lines, money_name, with_a_cost
from tests.conformance import START, exchange_record
from tests.shadow.pricing.test_period_money import FLAT, summed

ONE = "1.00 for 10 answers at the configured prices"


def line(*sums, by=FLAT):
    return money_line("near", "live", period_money(sums, by), configured=by.has("near"))


def test_sentence_states_money_answers_without_a_price_cache_and_the_stated_cost():
    found = line(
        summed(1_304, fresh=1_000_000, cache_read=10_000_000, output=1_000_000, cost=12.36),
        summed(6, "no_usage"),
    )
    assert found.sentence == (
        "12.00 for 1,310 answers at the configured prices (0.5 % not priced: no usage in the response). "
        "91 % of prompt tokens were read from a cache. "
        "The provider states 12.36 US dollars for 1,304 of them, 3.0 % more than the configured prices give"
    )
    assert (found.low, found.high, found.known) == (12.0, 12.0, True)


@pytest.mark.parametrize(
    ("sums", "sentence"),
    [
        (
            [summed(90, fresh=1_000_000), summed(10, "no_usage")],
            "not known: 10.0 % of 100 answers not priced (no usage in the response), the others cost 1.00",
        ),
        ([summed(1, "no_usage")], "not priced: no usage in the response (1 answer)"),
        ([summed(2, "invalid_usage")], "not priced: counts that cannot be right (2 answers)"),
        (
            [summed(10, "range", fresh=1_000_000, uncertain=100_000)],
            "not known: 1.00 to 2.00 for 10 answers, because the usage leaves open whether it includes the reasoning",
        ),
        ([summed(10, "range", fresh=1_000_000, uncertain=1_000)], "1.00 to 1.01 for 10 answers at the configured prices"),
        (
            [summed(10, fresh=1_000_000, cost=1.004)],
            f"{ONE}. The provider states 1.00 US dollars, the same as the configured prices give",
        ),
        (
            [summed(10, fresh=1_000_000, cost=0.9)],
            f"{ONE}. The provider states 0.9000 US dollars, 10.0 % less than the configured prices give",
        ),
        (
            [summed(5_000, fresh=1_000_000), summed(1, "no_usage")],
            "1.00 for 5,001 answers at the configured prices (under 0.1 % not priced: no usage in the response)",
        ),
    ],
)
def test_sentence_states_what_is_not_known(sums, sentence):
    assert line(*sums).sentence == sentence


def test_provider_without_any_price_states_its_own_cost_alone():
    found = line(summed(10, fresh=1, cost=2.0), by=PriceList({}))
    assert found.sentence == "not priced: tokens without a configured price (10 answers). The provider states 2.00 US dollars"
    assert list(with_a_cost([found])) == [found]


def test_line_without_price_and_stated_cost_is_left_out_of_the_text():
    assert list(with_a_cost([line(summed(10, fresh=1), by=PriceList({}))])) == []
    assert list(with_a_cost([line(summed(10, "no_usage"), by=PriceList({}))])) == []
    assert len(list(with_a_cost([line(summed(10, "no_usage"))]))) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1_204.4, "1,204"),
        (999.99, "999.99"),
        (12.04, "12.04"),
        (1, "1.00"),
        (0.0068, "0.0068"),
        (0.0000446, "0.0000446"),
    ],
)
def test_amount_has_as_many_places_as_its_size_needs(value, text):
    assert amount(value) == text


def test_lines_are_of_each_provider_and_use_with_the_applications_own_first(store):
    roles = (("near", "primary"), ("near", "greedy"), ("far", "candidate"), ("official", "shadow"), ("official", "control"))
    for number, (provider, role) in enumerate(roles):
        assert store.add_exchange(exchange_record(f"e{number}", provider=provider, role=role))
    assert store.flush(20)
    found = money_lines(store, PriceList({"official": Provider(base_url="http://a", price_input=1.0, price_output=1.0)}), 0, 0)
    assert [(each.use, each.provider, each.answers, each.known) for each in found] == [
        ("live", "near", 1, False),
        ("candidate", "far", 1, False),
        ("audit", "near", 1, False),
        ("audit", "official", 2, True),
    ]
    assert found[3].tokens == {
        "fresh": 2,
        "cache_read": 12,
        "cache_write_5m": 2,
        "cache_write_1h": 4,
        "output": 6,
        "reasoning": 2,
        "uncertain": 0,
    }
    assert money_lines(store, PriceList({}), START + 1, 0) == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1_000, "1,000"),
        (1_000.6, "1,001"),
        (0.9999, "0.9999"),
        (0.001, "0.0010"),
        (0.00099, "0.0009900"),
        (1_234_567, "1,234,567"),
    ],
)
def test_amount_has_other_places_from_each_size_on(value, text):
    assert amount(value) == text


@pytest.mark.parametrize(
    ("low", "high", "text"), [(1, 1, "1.00"), (1, 2, "1.00 to 2.00"), (1, Decimal("1.001"), "1.00"), (0, 1, "0 to 1.00")]
)
def test_a_range_is_one_amount_where_both_ends_read_the_same(low, high, text):
    assert amounts(Money(Decimal(low), Decimal(high))) == text


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        (1.0051, "0.5 % more than the configured prices give"),
        (1.0049, "the same as the configured prices give"),
        (0.9951, "the same as the configured prices give"),
        (0.9949, "0.5 % less than the configured prices give"),
    ],
)
def test_a_stated_cost_is_more_or_less_from_half_a_percent_on(stated, words):
    assert line(summed(10, fresh=1_000_000, cost=stated)).sentence.endswith(words)


@pytest.mark.parametrize(("unpriced", "share"), [(1, "0.1 %"), (2, "0.2 %")])
def test_the_share_without_a_price_has_one_decimal_from_a_tenth_of_a_percent_on(unpriced, share):
    sentence = line(summed(1_000 - unpriced, fresh=1_000_000), summed(unpriced, "no_usage")).sentence
    assert f"({share} not priced: no usage in the response)" in sentence


def test_reasons_stand_by_how_often_they_are():
    found = line(summed(1, "no_usage"), summed(2, "invalid_usage"))
    assert found.sentence == "not priced: counts that cannot be right, no usage in the response (3 answers)"
    assert found.unpriced == {"no_usage": 1, "invalid_usage": 2}


def test_a_line_has_the_figures_of_its_period():
    found = line(summed(4, fresh=1_000_000, cache_read=1_000_000, cost=2.2), summed(6, fresh=2_000_000))
    assert (found.provider, found.use, found.configured, found.answers) == ("near", "live", True, 10)
    assert (found.low, found.high, found.known) == (3.1, 3.1, True)
    assert (found.cached_share, found.stated, found.stated_answers) == (0.25, 2.2, 4)
    assert found.stated_excess == pytest.approx(1.0)


def test_the_use_is_in_the_name_of_a_line_that_is_not_the_application_s_own():
    one = line(summed(1, fresh=1))
    assert [money_name(replace(one, use=use)) for use in ("live", "candidate", "audit")] == [
        "near",
        "near (candidate)",
        "near (audit)",
    ]


@pytest.mark.parametrize(("configured", "stated", "shown"), [(True, 0, True), (False, 1, True), (False, 0, False)])
def test_a_line_is_shown_with_a_price_or_a_stated_cost(configured, stated, shown):
    found = replace(line(summed(1, fresh=1)), configured=configured, stated_answers=stated)
    assert (list(with_a_cost([found])) == [found]) is shown
