"""What the tokens that are more cost in a month: at most, by the configured prices, and nothing where any part is unknown."""

import pytest

from proxy.provider_config import Provider
from shadow.pricing.price_list import PriceList
from shadow.report.count_lines import CountLine
from shadow.report.count_money import with_money
from storage.rows import TrafficCount

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


def traffic(role="primary", provider="p"):
    counts = {"requests": 9, "asked": 9, "failures": 0, "errors": 0}
    return TrafficCount(provider=provider, model="m", role=role, prompt_tokens=10_200_000, completion_tokens=510_000, **counts)


def priced(*lines, rows=(), seconds=DAY, prices=PRICES):
    return with_money(lines, rows or [traffic()], prices, 1e9, 1e9 + seconds)


def test_two_percent_of_a_days_prompts_cost_thirty_times_their_price():
    [found] = priced(line())
    assert found.month == pytest.approx(30 * 0.2 * 2.0)
    assert found.sentence == ("prompts: more; at your volume at most about 12.00 money a month, at the price of uncached prompts")


def test_completions_are_priced_as_output():
    [found] = priced(line(side="completion"))
    assert found.month == pytest.approx(30 * 0.01 * 8.0)
    assert found.sentence.endswith("2.40 money a month, at the price of output")


@pytest.mark.parametrize(("seconds", "known"), [(3_599.0, False), (3_600.0, True)])
def test_a_month_is_estimated_from_an_hour_on(seconds, known):
    [found] = priced(line(), seconds=seconds)
    assert (found.month is not None) == known


@pytest.mark.parametrize(
    ("one", "rows", "prices"),
    [
        (line(share=None), [traffic()], PRICES),
        (line(share=-0.01), [traffic()], PRICES),
        (line(), [traffic(role="candidate")], PRICES),
        (line(), [traffic(provider="q")], PRICES),
        (line(), [traffic()], PriceList({"p": Provider(base_url="http://127.0.0.1:1/v1")})),
        (line(provider="gone"), [traffic(provider="gone")], PRICES),
    ],
    ids=["no share", "fewer", "a candidate has no volume", "another provider", "no price", "not configured"],
)
def test_money_is_left_out_where_any_part_is_unknown(one, rows, prices):
    [found] = priced(one, rows=rows, prices=prices)
    assert found == one
