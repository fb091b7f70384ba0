"""The built-in requests: as many as asked for, all different, valid, bounded, and the same for the same seed."""

import hashlib
import json
import re
from collections import Counter
from datetime import date

import pytest

from shadow.studies.replay.try_prompts import CALLS, SYSTEM, try_rows
from shadow.studies.replay.try_tools import TOOLS


def bodies(count: int, seed: int = 1, **members):
    return [json.loads(row.request.body) for row in try_rows(count, seed, members)]


@pytest.mark.parametrize(("count", "made"), [(2, 2), (100, 100), (1_000, 1_000), (1_001, 1_000)])
def test_so_many_requests_are_made_and_no_two_are_equal(count, made):
    rows = try_rows(count, 1, {})
    assert len({row.request.body for row in rows}) == len({row.id for row in rows}) == made


def test_the_same_seed_makes_the_same_requests_and_another_others():
    assert bodies(20) == bodies(20) != bodies(20, seed=2)


def test_every_request_offers_tools_is_bounded_and_has_what_is_set():
    for body in bodies(50, temperature=0, model="m"):
        assert len(body["tools"]) >= 3
        assert (body["max_tokens"], body["temperature"], body["model"]) == (400, 0, "m")
        assert body["messages"][0] == {"role": "system", "content": SYSTEM}


def test_of_ten_eight_need_a_call_one_none_and_one_goes_on_after_a_result():
    last = Counter(body["messages"][-1]["role"] for body in bodies(100))
    assert last == {"user": 90, "tool": 10}
    starts = tuple(text.split("{")[0] for text in CALLS.values())
    plain = [body for body in bodies(100) if not body["messages"][1]["content"].startswith(starts)]
    assert len(plain) == 10


def test_a_call_in_the_history_fits_its_tool_and_its_result_names_it():
    for body in bodies(200):
        if body["messages"][-1]["role"] == "tool":
            [call] = body["messages"][2]["tool_calls"]
            schema = TOOLS[call["function"]["name"]]["function"]["parameters"]
            assert json.loads(call["function"]["arguments"]).keys() == set(schema["required"])
            assert body["messages"][-1]["tool_call_id"] == call["id"]
            assert call["function"]["name"] in {tool["function"]["name"] for tool in body["tools"]}


def questions(count: int) -> list[str]:
    return [body["messages"][1]["content"] for body in bodies(count)]


def test_a_try_that_an_earlier_version_began_goes_on_with_the_same_requests():
    # their bytes are a part of the key by which a stored answer is found again
    sent = b"\n".join(row.request.body for row in try_rows(1_000, 1, {}))
    assert hashlib.sha256(sent).hexdigest() == "cf107a1ce6c75383ff6c87c165eca4513ec37cc684f54ad43b33ff629b15b338"


def test_every_date_exists_and_every_month_and_day_occurs():
    dates = [date.fromisoformat(found) for text in questions(1_000) for found in re.findall(r"on (2027-[\d-]+\d)", text)]
    assert {one.month for one in dates} == set(range(1, 13))
    assert {one.day for one in dates} == set(range(1, 29))


def test_small_numbers_and_degrees_are_those_of_everyday_life():
    text = "\n".join(questions(1_000))
    assert set(map(int, re.findall(r"for (\d+) (?:people|guests)", text))) == set(range(2, 10))
    assert set(map(int, re.findall(r"to (\d+) degrees", text))) == set(range(15, 26))
    assert {len(number) for number in re.findall(r"order A(\d+)", text)} == {5}


def test_a_row_of_numbers_has_equal_steps():
    rows = [list(map(int, found)) for text in questions(1_000) for found in re.findall(r"next: (\d+), (\d+), (\d+)", text)]
    assert {(second - first, third - second) for first, second, third in rows} == {(step, step) for step in range(2, 6)}


def test_prices_of_an_invoice_are_in_a_currency_with_cents():
    assert set(re.findall(r"each, in (\w+)", "\n".join(questions(1_000)))) == {"EUR", "USD", "GBP", "CHF"}


def test_a_call_in_the_history_has_the_words_of_its_question():
    for body in bodies(200):
        if body["messages"][-1]["role"] == "tool":
            [call] = body["messages"][2]["tool_calls"]
            for word in json.loads(call["function"]["arguments"]).values():
                assert f"{word}" in body["messages"][1]["content"]


def test_rows_are_numbered_from_one_and_have_the_cluster_of_their_opening():
    rows = try_rows(3, 1, {})
    assert [row.id for row in rows] == ["try:1", "try:2", "try:3"]
    assert len({row.request.cluster for row in rows}) == 3
