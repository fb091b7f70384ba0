from __future__ import annotations

import json
import random
import re
from collections import Counter
from itertools import islice

import pytest

from shadow.demo import demo_tasks
from shadow.demo.demo_tasks import next_request, tasks
from shadow.demo.draws import RandomDraws, generator
from shadow.demo.pretended_model import draw_reply


@pytest.fixture(scope="module")
def many():
    """Bodies enough that each number of a task takes every value that it may have."""
    return list(islice(tasks("many", model="m"), 8_000))


def question(body):
    return body["messages"][-1]["content"]


def message(body):
    calls = draw_reply(body, RandomDraws(generator(0), 0.0)).calls
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": f"call_{n}", "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for n, call in enumerate(calls)
        ],
    }


def test_the_same_seed_gives_the_same_tasks_and_another_seed_others():
    assert list(islice(tasks(1), 20)) == list(islice(tasks(1), 20)) != list(islice(tasks(2), 20))


def test_questions_of_500_demo_conversations_are_nearly_all_distinct():
    question = [body["messages"][-1]["content"] for body in islice(tasks(3), 500)]
    assert len(set(question)) > 480


def test_a_model_that_is_sure_calls_a_tool_wherever_one_is_meant_for_the_task():
    for body in islice(tasks(4), 200):
        assert bool(message(body)["tool_calls"]) == ("tools" in body)


def test_a_call_leads_to_a_next_request_with_one_result_a_call_and_text_ends_it():
    body = next(body for body in tasks(5) if len(message(body)["tool_calls"]) == 2)
    following = next_request(body, message(body))
    *_, said, first, second = following["messages"]
    assert [call["id"] for call in said["tool_calls"]] == [first["tool_call_id"], second["tool_call_id"]]
    assert json.loads(first["content"])
    assert next_request(following, {"role": "assistant", "content": "Done."}) is None


def test_demo_requests_include_streams_and_whole_bodies():
    assert {body.get("stream", False) for body in islice(tasks(6), 50)} == {True, False}


@pytest.mark.parametrize(
    ("pattern", "least", "most"),
    [
        (r"(?:at least|amount|meeting|is) (?:of )?(\d+) ", 11, 240),
        (r"at most (\d+) of them", 2, 19),
        (r"around (\d+)\.", 1650, 2020),
        (r"2027-(\d\d)-", 1, 12),
        (r"2027-\d\d-(\d\d)", 1, 28),
    ],
)
def test_numbers_of_the_questions_lie_within_these_bounds_and_reach_them(many, pattern, least, most):
    found = [int(number) for body in many for number in re.findall(pattern, question(body))]
    assert (min(found), max(found)) == (least, most)


def test_two_places_of_a_question_are_different(many):
    pairs = [found[0] for body in many if (found := re.findall(r"from (\w+) to (\w+)", question(body)))]
    assert len(pairs) > 100
    assert all(one != other for one, other in pairs)


def test_shares_of_the_kinds_of_tasks_are_in_percent(monkeypatch):
    weighed = []

    class Weighing(random.Random):
        def choices(self, population, weights, **more):
            weighed.append(dict(zip(population, weights, strict=True)))
            return super().choices(population, weights, **more)

    monkeypatch.setattr(demo_tasks, "generator", lambda *_: Weighing(1))
    next(tasks(1))
    assert sum(weighed[0].values()) == 100
    assert max(weighed[0], key=weighed[0].get) == "essay"


def test_each_kind_of_task_is_among_the_traffic_and_an_essay_is_the_most_frequent(many):
    opening = Counter(question(body).split()[0] for body in many)
    assert len(opening) == 8
    assert opening.most_common(1)[0][0] == "Write"


def test_task_offers_its_tool_among_one_to_three_others_in_any_order(many):
    asked = [body["tools"] for body in many if "weather" in question(body)]
    places = [[tool["function"]["name"] for tool in offered].index("get_weather") for offered in asked]
    assert {len(offered) for offered in asked} == {2, 3, 4}
    assert set(places) == {0, 1, 2, 3}
    assert all(len({tool["function"]["name"] for tool in offered}) == len(offered) for offered in asked)


def test_body_is_that_of_a_first_request(many):
    assert {body["model"] for body in many} == {"m"}
    assert {body["temperature"] for body in many} == {1.0}
    assert {tuple(message["role"] for message in body["messages"]) for body in many} == {("system", "user")}
    assert len({body["messages"][0]["content"] for body in many}) == 3
    assert next(tasks(1))["model"] == "pretend-small"


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.25, 200, 300), (None, 650, 750), (1.0, 1_000, 1_000)])
def test_share_of_the_streams_is_the_one_that_is_set_and_else_seven_in_ten(share, least, most):
    options = {} if share is None else {"stream": share}
    streams = [body for body in islice(tasks("streams", **options), 1_000) if "stream" in body]
    assert least <= len(streams) <= most
    assert all((body["stream"], body["stream_options"]) == (True, {"include_usage": True}) for body in streams)


def results(name, count=600):
    """The results of a tool, as many with different arguments."""
    for number in range(count):
        said = {"tool_calls": [{"id": "c", "function": {"name": name, "arguments": str(number)}}]}
        yield json.loads(next_request({"messages": []}, said)["messages"][-1]["content"])


@pytest.mark.parametrize(
    ("tool", "member", "least", "most"),
    [
        ("get_weather", "degrees", -9, 31),
        ("find_chargers", "stations", 1, 9),
        ("find_chargers", "nearest_km", 1, 20),
        ("find_chargers", "free", 0, 4),
        ("add_appointment", "clashes", 0, 1),
        ("add_appointment", "stored", True, True),
        ("search_documents", "hits", 1, 40),
        ("functions.search_documents", "hits", 1, 40),
        ("plan_route", "ok", True, True),
    ],
)
def test_results_of_a_tool_lie_within_these_bounds_and_reach_them(tool, member, least, most):
    found = [result[member] for result in results(tool)]
    assert (min(found), max(found)) == (least, most)


def test_result_of_another_tool_is_a_number_of_two_or_three_digits():
    found = [result["value"] for result in results("convert_amount", 4_000)]
    assert (min(found), max(found)) == (10, 900)


def test_result_is_the_same_for_the_same_call_and_names_a_sky_or_a_document():
    assert list(results("get_weather", 5)) == list(results("get_weather", 5))
    assert {result["sky"] for result in results("get_weather", 60)} == {"clear", "rain", "snow", "fog"}
    assert all(re.fullmatch(r"[a-z ]+ in [A-Z][a-z]+", result["best"]) for result in results("search_documents", 30))


def test_next_request_holds_the_conversation_the_answer_and_a_result_for_each_call():
    call = {"id": "c", "function": {"name": "get_weather", "arguments": "{}"}}
    body = {"model": "m", "messages": [{"role": "user", "content": "?"}], "tools": []}
    following = next_request(body, {"role": "assistant", "content": "Wait.", "tool_calls": [call]})
    user, said, result = following.pop("messages")
    assert following == {"model": "m", "tools": []}
    assert (user, said) == (body["messages"][0], {"role": "assistant", "content": "Wait.", "tool_calls": [call]})
    assert (result["role"], result["tool_call_id"]) == ("tool", "c")
