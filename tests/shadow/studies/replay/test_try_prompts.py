"""The built-in requests: as many as asked for, all different, valid, bounded, and the same for the same seed."""

import json
from collections import Counter

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
