"""What the tokens that are more cost in a month by the configured prices, and nothing where any part is unknown."""

import pytest

from proxy.provider_config import Provider
from shadow.pricing.price_list import PriceList
from shadow.report.count_lines import CountLine
from shadow.report.count_money import with_money
from storage.rows import TokenSum

DAY = 86_400.0
PRICES = PriceList({"p": Provider(base_url="http://127.0.0.1:1/v1", price_input=2.0, price_cached_input=0.2, price_output=8.0)})


def line(share=0.02, side="prompt", provider="p"):
    return CountLine(
        provider=provider,
        model="m",
        reference="r",
        side=side,
        state="more",
        pairs=60,
        of=60,
        since=1.0,
        requests=60,
        shape="proportion",
        share=share,
        sentence=f"{side}s: more",
    )


def summed(role="primary", provider="p", state="certain", answers=9, **tokens):
    counts = {"fresh": 0, "cache_read": 0, "output": 0, **(tokens or {"fresh": 10_200_000, "output": 510_000})}
    rest = {"cache_write_5m": 0, "cache_write_1h": 0, "reasoning": 0, "uncertain": 0}
    named = {"day": 1_000_000_000, "provider": provider, "model": "m", "role": role, "usage_state": state}
    return TokenSum(**named, stated=0, answers=answers, cost=0.0, **counts, **rest)


def priced(*lines, rows=(), seconds=DAY, prices=PRICES):
    return with_money(lines, rows or [summed()], prices, 1e9, 1e9 + seconds)


def test_two_percent_of_a_days_prompts_cost_thirty_times_their_price():
    [found] = priced(line())
    assert found.month == pytest.approx(30 * 0.2 * 2.0, rel=1e-9)
    assert found.sentence == "prompts: more; at your volume about 12.00 money a month"


def test_prompts_from_a_cache_are_priced_as_such():
    [found] = priced(line(), rows=[summed(cache_read=10_200_000)])
    assert found.month == pytest.approx(30 * 0.2 * 0.2)


def test_completions_are_priced_as_output():
    [found] = priced(line(side="completion"))
    assert found.month == pytest.approx(30 * 0.01 * 8.0)


@pytest.mark.parametrize(("seconds", "known"), [(3_599.0, False), (3_600.0, True)])
def test_a_month_is_estimated_from_an_hour_on(seconds, known):
    [found] = priced(line(), seconds=seconds)
    assert (found.month is not None) == known


@pytest.mark.parametrize(
    ("one", "rows", "prices"),
    [
        (line(share=None), [summed()], PRICES),
        (line(share=-0.01), [summed()], PRICES),
        (line(), [summed(role="candidate")], PRICES),
        (line(), [summed(provider="q")], PRICES),
        (line(), [summed()], PriceList({"p": Provider(base_url="http://127.0.0.1:1/v1")})),
        (line(provider="gone"), [summed(provider="gone")], PRICES),
        (line(), [summed(), summed(state="no_usage")], PRICES),
    ],
    ids=[
        "no share",
        "fewer",
        "a candidate has no volume",
        "another provider",
        "no price",
        "not configured",
        "half without usage",
    ],
)
def test_money_is_left_out_where_any_part_is_unknown(one, rows, prices):
    [found] = priced(one, rows=rows, prices=prices)
    assert found == one


def test_the_months_of_a_period_are_by_its_length():
    [found] = priced(line(), seconds=10 * DAY)
    assert found.month == pytest.approx(3 * 0.2 * 2.0)


def test_tokens_of_the_other_side_cost_nothing_of_it():
    rows = [summed(fresh=0, output=510_000)]
    [prompt] = priced(line(), rows=rows)
    assert prompt.month is None
    [completion] = priced(line(side="completion"), rows=[summed(fresh=10_200_000, output=0)])
    assert completion.month is None


def test_a_range_of_uncertain_output_is_no_matter_of_prompts():
    row = summed(fresh=10_200_000, output=510_000)._replace(uncertain=500_000, reasoning=9)
    [prompt, completion] = priced(line(), line(side="completion"), rows=[row])
    assert prompt.month == pytest.approx(30 * 0.2 * 2.0)
    assert completion.month is None
