"""A budget counts the reported `usage`, and estimates from bytes without one."""

import json

import pytest

from shadow.pipeline.token_counts import tokens_of
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
