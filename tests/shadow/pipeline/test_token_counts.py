"""A budget counts the reported `usage`, and estimates from bytes without one."""

import json

import pytest

from proxy.provider_config import Provider
from shadow.pipeline.token_counts import answer_cost, billed_tokens, tokens_of
from shadow.pricing.price_list import PriceList
from shadow.reading.parsed_exchange import parse_exchange
from tests.exchanges import asked, exchange, said


def counted(body: bytes, request: bytes = b"", status: int = 200):
    seen = parse_exchange(exchange(body, status, request or asked("x")))
    return tokens_of(seen.request, seen.answer)


def answer(text: str, **more) -> bytes:
    body = json.loads(said(text))
    body.pop("usage", None)
    return json.dumps({**body, **more}).encode()


def test_tokens_are_those_of_usage_where_an_answer_has_one():
    assert counted(answer("a" * 900, usage={"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12})) == (7, 5)


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("abc", 1), ("abcd", 2), ("a" * 300, 100), ("模" * 10, 10)])
def test_without_usage_three_bytes_are_a_token(text, tokens):
    assert counted(answer(text))[1] == tokens


def test_the_prompt_is_estimated_from_its_texts_and_a_picture_is_left_out():
    url = "data:image/png;base64," + "A" * 9_000
    parts = [{"type": "text", "text": "a" * 300}, {"type": "image_url", "image_url": {"url": url}}]
    request = json.dumps({"model": "m", "messages": [{"role": "user", "content": parts}]}).encode()
    assert 100 <= counted(answer("x"), request)[0] <= 110


@pytest.mark.parametrize("status", [400, 500])
def test_an_error_answer_counts_no_tokens(status):
    assert counted(b'{"error": {"message": "no"}}', status=status) == (0, 0)


def test_an_answer_that_cannot_be_read_costs_its_bytes():
    assert counted(b"<html>" + b"a" * 294)[1] == 100


def paid(body: bytes, status: int = 200, **provider):
    seen = parse_exchange(exchange(body, status, asked("x")))
    priced = PriceList({"near": Provider.model_validate({"base_url": "http://a.example/v1", **provider})})
    return answer_cost(seen.request, seen.answer, "near", priced)


USAGE = {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100}
PRICES = {"price_input": 1.0, "price_cached_input": 0.1, "price_output": 10.0}


def test_budget_counts_tokens_of_a_cache_at_their_own_price():
    usage = {**USAGE, "prompt_tokens_details": {"cached_tokens": 900}}
    assert paid(answer("a", usage=usage), **PRICES) == (1_100, pytest.approx((100 + 90 + 1_000) / 1e6))


def test_budget_counts_reasoning_that_comes_on_top():
    usage = {**USAGE, "total_tokens": 1_150, "completion_tokens_details": {"reasoning_tokens": 50}}
    assert paid(answer("a", usage=usage), **PRICES) == (1_150, pytest.approx((1_000 + 1_500) / 1e6))


def test_budget_counts_a_range_at_its_high_end():
    usage = {**USAGE, "total_tokens": None, "completion_tokens_details": {"reasoning_tokens": 50}}
    assert paid(answer("a", usage=usage), **PRICES) == (1_150, pytest.approx((1_000 + 1_500) / 1e6))


@pytest.mark.parametrize("usage", [None, {**USAGE, "prompt_tokens": -1}])
def test_budget_estimates_where_the_usage_is_missing_or_wrong(usage):
    tokens, money = paid(answer("a" * 300, usage=usage), **PRICES)
    assert tokens >= 100
    assert money > 0


@pytest.mark.parametrize("prices", [{"price_input": 10.0}, {"price_output": 10.0}, {"prices": [{"model": "o*", "input": 10.0}]}])
def test_budget_counts_what_has_no_price_at_the_highest_price_there_is(prices):
    assert paid(answer("a", usage=USAGE), **prices) == (1_100, pytest.approx(0.011))


def test_budget_counts_the_cost_that_an_answer_without_a_price_states():
    usage = {**USAGE, "cost": 0.95}
    assert paid(answer("a", usage=usage)) == (1_100, 0.95)
    assert paid(answer("a", usage=usage), price_input=10.0) == (1_100, 0.95)
    assert paid(answer("a", usage=usage), **PRICES) == (1_100, pytest.approx(0.002))


def test_budget_of_a_provider_without_any_price_counts_tokens_alone():
    assert paid(answer("a", usage=USAGE)) == (1_100, 0.0)


@pytest.mark.parametrize("claimed", [100_000_001, 10**15])
def test_a_count_that_cannot_be_is_estimated_and_ends_no_budget(claimed):
    usage = {"prompt_tokens": claimed, "completion_tokens": 5, "total_tokens": claimed + 5}
    tokens, money = paid(answer("a" * 300, usage=usage), **PRICES)
    assert 100 <= tokens <= 110
    assert money < 0.01


@pytest.mark.parametrize(("status", "counted_"), [(199, False), (200, True), (299, True), (300, False)])
def test_tokens_without_usage_are_estimated_for_successful_answers_alone(status, counted_):
    assert (counted(answer("a" * 300), status=status) == (0, 0)) is not counted_


def test_tool_calls_and_reasoning_are_estimated_with_the_text():
    call = {"id": "1", "type": "function", "function": {"name": "f" * 30, "arguments": '{"a": "' + "b" * 22 + '"}'}}
    body = json.loads(answer("a" * 30))
    body["choices"][0]["message"] |= {"tool_calls": [call], "reasoning_content": "c" * 30}
    assert counted(json.dumps(body).encode())[1] == (30 + 30 + 31 + 30 + 2) // 3


def test_answer_without_a_response_and_one_with_an_empty_body_cost_nothing():
    gone = parse_exchange(exchange(request=asked("x"), answered=False))
    assert tokens_of(gone.request, gone.answer) == (0, 0)
    assert counted(b"")[1] == 0


def test_impossible_usage_is_replaced_by_an_estimate_of_both_sides():
    body = answer(
        "a" * 300,
        usage={"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8, "prompt_tokens_details": {"cached_tokens": 50}},
    )
    seen = parse_exchange(exchange(body, request=asked("b" * 300)))
    billed = billed_tokens(seen.request, seen.answer)
    assert billed.output == 100
    assert 100 <= billed.fresh <= 105
