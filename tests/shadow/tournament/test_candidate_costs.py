from functools import partial

import pytest

from proxy.provider_config import Provider
from shadow.pricing.price_list import PriceList
from shadow.tournament.candidate_costs import answer_cost, cached_share, call_price, candidate_costs, provider_costs
from tests.shadow.tournament.arm_rows import row

PRICES = PriceList(
    {
        "host-a": Provider(base_url="https://a.example.com", price_input=2.0, price_output=8.0),
        "free": Provider(base_url="https://b.example.com"),
    }
)
COST = partial(answer_cost, prices=PRICES)
TOKENS = (1_000, 0, 0, 0, 100, 0, 0)
"""0.0028 at 2 and 8 for a million."""


def test_the_cost_of_a_request_is_that_of_its_own_tokens():
    found = candidate_costs([row(1, tokens=TOKENS), row(2, tokens=(500, 500, 0, 0, 100, 0, 0))], COST)
    assert found == {("host-a", "kimi"): {"r1": ("talk-1", pytest.approx(0.0028)), "r2": ("talk-2", pytest.approx(0.0028))}}


def test_costs_of_two_models_are_apart_for_a_candidate_and_together_for_a_provider():
    rows = [row(1, tokens=TOKENS), row(2, tokens=TOKENS, model="other")]
    assert {key: list(own) for key, own in candidate_costs(rows, COST).items()} == {
        ("host-a", "kimi"): ["r1"],
        ("host-a", "other"): ["r2"],
    }
    assert list(provider_costs(rows, COST)["host-a"]) == ["r1", "r2"]


def test_an_uncertain_cost_is_the_higher_one():
    found = candidate_costs([row(1, tokens=(0, 0, 0, 0, 100, 0, 100))], COST)
    assert found["host-a", "kimi"]["r1"][1] == pytest.approx(0.0016)


@pytest.mark.parametrize(("unpriced", "known"), [(2, True), (3, False)])
def test_a_candidate_with_more_than_two_percent_without_a_price_has_none(unpriced, known):
    rows = [row(place, tokens=None if place < unpriced else TOKENS) for place in range(100)]
    assert (("host-a", "kimi") in candidate_costs(rows, COST)) == known
    assert ("host-a" in provider_costs(rows, COST)) == known


def test_failed_answers_and_providers_without_prices_cost_nothing_known():
    rows = [row(1, status=500, tokens=TOKENS), row(2, failure="reset", tokens=TOKENS), row(3, "free", tokens=TOKENS)]
    assert candidate_costs(rows, COST) == {}


def test_the_price_of_a_call_is_by_the_tokens_of_the_live_answers():
    live = [row(1, tokens=TOKENS), row(2, tokens=None), row(3, tokens=(2_000, 0, 0, 0, 200, 0, 0))]
    assert call_price(live, "host-a", PRICES) == pytest.approx(0.0042)
    assert call_price(live, "free", PRICES) is None
    assert call_price([], "host-a", PRICES) is None


def test_the_cached_share_is_of_prompt_tokens():
    assert cached_share([row(1, tokens=(600, 400, 0, 0, 9, 0, 0)), row(2, tokens=None)]) == 0.4
    assert cached_share([row(1, tokens=None)]) is None


@pytest.mark.parametrize(("status", "known"), [(399, True), (400, False), (None, False)])
def test_an_answer_below_status_400_has_a_cost(status, known):
    assert (candidate_costs([row(1, status=status, tokens=TOKENS)], COST) != {}) is known


def test_prompt_tokens_of_every_class_are_below_the_cached_share_and_completion_tokens_are_not():
    assert cached_share([row(1, tokens=(100, 400, 300, 200, 900, 900, 0))]) == 0.4
    assert cached_share([row(1, tokens=(0, 0, 0, 0, 9, 0, 0))]) is None
    assert cached_share([row(1, tokens=(1, 1, 0, 0, 0, 0, 0)), row(2, tokens=(6, 0, 0, 0, 0, 0, 0))]) == 0.125
