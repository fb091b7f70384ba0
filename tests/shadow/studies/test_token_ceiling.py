"""The most that a request can cost: its bytes and a template's room, and what it allows for an answer."""

import pytest

from proxy.provider_config import Provider
from shadow.pricing.price_list import PriceList
from shadow.studies.chat_request import ChatRequest
from shadow.studies.study_budget import Cost
from shadow.studies.token_ceiling import answer_ceiling, cost_ceiling
from tests.exchanges import asked

PROVIDER = Provider(base_url="http://a/v1", price_input=2.0, price_output=10.0)


@pytest.mark.parametrize(
    ("options", "tokens"),
    [
        ({"max_tokens": 100}, 100),
        ({"max_completion_tokens": 200, "max_tokens": 100}, 200),
        ({"max_tokens": 100, "n": 3}, 300),
        ({"max_completion_tokens": 20, "max_tokens": 5_000}, 5_000),
        ({"max_completion_tokens": None, "max_tokens": 100}, 100),
        ({"max_tokens": 100.0}, 100),
        ({"max_tokens": 1}, 1),
        ({"max_tokens": 0}, 0),
        ({"max_tokens": -1}, 0),
        ({"max_completion_tokens": 20, "max_tokens": "5000"}, 0),
        ({"max_tokens": 100, "n": "3"}, 0),
        ({"max_tokens": 100, "n": 0}, 0),
        ({}, 0),
    ],
)
def test_the_ceiling_of_an_answer_is_what_the_request_allows_for_all_choices(options, tokens):
    assert answer_ceiling(ChatRequest(body=asked("Hi", **options))) == tokens


def test_the_ceiling_of_a_request_is_its_bytes_a_template_and_its_answer():
    request = ChatRequest(body=asked("Hi", max_tokens=50))
    prompt = len(request.body) + 1_000
    expected = Cost(requests=1, tokens=prompt + 50, money=(prompt * 2.0 + 50 * 10.0) / 1e6)
    assert cost_ceiling(request, "qwen", "a", PriceList({"a": PROVIDER})) == expected


def test_ceiling_of_a_request_is_by_the_highest_price_of_its_model_on_any_day():
    prices = [
        {"model": "qwen-*", "since": "2026-11-01", "input": 1.0, "output": 2.0},
        {"model": "qwen-*", "input": 0.5, "cache_write": 3.0, "output": 1.0, "reasoning": 4.0},
        {"model": "*", "input": 100.0, "output": 100.0},
    ]
    listed = PriceList({"a": Provider.model_validate({"base_url": "http://a/v1", "prices": prices})})
    request = ChatRequest(body=asked("Hi", max_tokens=50))
    prompt = len(request.body) + 1_000
    assert cost_ceiling(request, "qwen-8b", "a", listed).money == pytest.approx((prompt * 3.0 + 50 * 4.0) / 1e6)
    assert cost_ceiling(request, "qwen-8b", "b", listed).money == 0


def test_a_body_that_cannot_be_read_has_no_ceiling():
    assert answer_ceiling(ChatRequest(body=b"{")) == 0
