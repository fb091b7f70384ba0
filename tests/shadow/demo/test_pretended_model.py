from __future__ import annotations

import json
from itertools import islice

import jsonschema_rs
import pytest

from shadow.demo.demo_tasks import tasks
from shadow.demo.draws import RandomDraws, generator
from shadow.demo.pretended_model import draw_reasoning, draw_reply, fingerprint_of

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "The weather in a city", "parameters": CITY}}
TIME = {"type": "function", "function": {"name": "get_time", "description": "The time of day", "parameters": CITY}}


def ask(text, **more):
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


def cold(body):
    return draw_reply(body, RandomDraws(generator(0), 0.0))


def label(said):
    return tuple(call.name for call in said.calls) or "text"


def mismatch(first, second, bodies):
    def said(seed, call, body):
        return label(draw_reply(body, RandomDraws(generator(seed, call), 1.0)))

    return sum(said(first, call, body) != said(second, call, body) for call, body in enumerate(bodies)) / len(bodies)


def test_only_a_tool_that_fits_the_question_is_called():
    assert label(cold(ask("What is the weather in Oslo?", tools=[TIME, WEATHER]))) == ("get_weather",)
    assert label(cold(ask("Tell me a joke.", tools=[TIME, WEATHER]))) == "text"


def test_pretended_model_follows_tool_choice():
    weather = "What is the weather in Oslo?"
    named = {"type": "function", "function": {"name": "get_time"}}
    assert label(cold(ask(weather, tools=[WEATHER], tool_choice="none"))) == "text"
    assert label(cold(ask("Tell me a joke.", tools=[WEATHER], tool_choice="required"))) == ("get_weather",)
    assert label(cold(ask(weather, tools=[WEATHER, TIME], tool_choice=named))) == ("get_time",)


def test_several_cities_make_several_calls_unless_that_is_forbidden():
    both = ask("Compare the weather in Oslo and Turin.", tools=[WEATHER])
    assert [json.loads(call.arguments)["city"] for call in cold(both).calls] == ["Oslo", "Turin"]
    assert len(cold({**both, "parallel_tool_calls": False}).calls) == 1


def test_a_question_with_five_cities_makes_four_calls():
    many = ask("Compare the weather in Oslo, Turin, Lima, Quito and Rome.", tools=[WEATHER])
    assert [json.loads(call.arguments)["city"] for call in cold(many).calls] == ["Oslo", "Turin", "Lima", "Quito"]


def test_a_tool_result_is_answered_in_words():
    body = ask("What is the weather in Oslo?", tools=[WEATHER])
    body["messages"].append({"role": "tool", "tool_call_id": "c", "content": '{"degrees": -3}'})
    assert "degrees -3" in cold(body).text


def test_response_format_is_followed():
    form = {"type": "json_schema", "json_schema": {"name": "place", "schema": CITY}}
    assert jsonschema_rs.is_valid(CITY, json.loads(cold(ask("Where is Oslo?", response_format=form)).text))
    assert "answer" in json.loads(cold(ask("Where?", response_format={"type": "json_object"})).text)


@pytest.mark.slow
def test_two_faithful_servers_differ_as_often_as_one_from_itself_about_one_in_ten():
    bodies = list(islice(tasks("noise"), 1_500))
    other, itself = mismatch("a", "b", bodies), mismatch("a", "a2", bodies)
    assert 0.05 < other < 0.13
    assert abs(other - itself) < 0.03


def test_model_name_does_not_change_the_answer():
    body = ask("Compare the weather in Oslo and Turin.", tools=[WEATHER])
    assert cold(body) == cold({**body, "model": "another", "stream": True})


def test_reasoning_is_about_the_question():
    assert "glaciers" in draw_reasoning(ask("What do glaciers do?"), RandomDraws(generator(0), 0.0))


def test_a_server_keeps_its_fingerprint():
    assert fingerprint_of("m") == fingerprint_of("m") != fingerprint_of("n")
