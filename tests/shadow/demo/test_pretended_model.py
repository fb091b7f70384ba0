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


def test_fingerprint_of_a_key_is_this_one_on_any_machine():
    assert fingerprint_of("m3") == "fp_b24f8a"


ALWAYS_VARIED = 100.0
"""A temperature at which each decision that may vary does."""


def varied(body, call=0):
    return draw_reply(body, RandomDraws(generator("varied", call), ALWAYS_VARIED))


def test_unsure_model_asks_back_where_one_tool_fits():
    assert "which city you mean" in varied(ask("What is the weather in Oslo?", tools=[TIME, WEATHER])).text


def test_unsure_model_asks_back_or_calls_the_second_tool_that_fits():
    bodies = [ask(f"What time of day has good weather in Oslo, {place}?", tools=[TIME, WEATHER]) for place in range(200)]
    other = [label(varied(body)) for body in bodies]
    called = [(label(cold(body)), label(varied(body))) for body in bodies if label(varied(body)) != "text"]
    assert 70 < len(called) < 130
    assert other.count("text") == 200 - len(called)
    assert set(called) == {(("get_time",), ("get_weather",))}


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_time"}}])
def test_model_that_must_call_a_tool_never_asks_back(choice):
    body = ask("What time of day has good weather in Oslo?", tools=[WEATHER, TIME], tool_choice=choice)
    other = ("get_weather",) if choice == "required" else ("get_time",)
    assert (label(cold(body)), label(varied(body))) == (("get_time",), other)


def test_only_the_two_tools_that_fit_best_are_considered():
    third = {"type": "function", "function": {"name": "get_day", "description": "The day", "parameters": CITY}}
    bodies = [ask(f"What time of day has good weather in a city, {place}?", tools=[third, TIME, WEATHER]) for place in range(60)]
    assert {label(one(body)) for body in bodies for one in (cold, varied)} == {("get_time",), ("get_weather",), "text"}


def test_decisions_vary_in_about_six_of_a_hundred_requests():
    bodies = [ask(f"What is the weather in Oslo, {place}?", tools=[WEATHER]) for place in range(2_000)]
    asked_back = sum(label(draw_reply(body, RandomDraws(generator(call), 1.0))) == "text" for call, body in enumerate(bodies))
    assert 80 < asked_back < 150


def test_last_question_of_the_user_counts_and_the_order_of_members_does_not():
    first, last = ({"role": "user", "content": f"What is the weather in {place}?"} for place in ("Oslo", "Turin"))
    body = {"messages": [first, {"role": "assistant", "content": "Cold."}, last], "tools": [WEATHER]}
    (call,) = cold(body).calls
    assert json.loads(call.arguments) == {"city": "Turin"}
    turned = {"messages": [dict(reversed(message.items())) for message in body["messages"]], "tools": []}
    assert cold(turned) == cold({**body, "tools": []})


def test_request_without_messages_and_tool_without_parameters_have_an_answer():
    assert cold({"messages": []}).text
    bare = {"type": "function", "function": {"name": "get_weather"}}
    assert [call.arguments for call in cold(ask("The weather?", tools=[bare])).calls] == ["{}"]


def test_sum_is_calculated_where_no_tool_fits():
    assert cold(ask("What is 17 times 23?")).text == "17 times 23 is 391."


def test_letters_of_other_alphabets_are_written_as_they_are():
    form = {"type": "json_schema", "json_schema": {"schema": CITY}}
    assert cold(ask("Where is Zürich?", response_format=form)).text == '{"city": "Zürich"}'
    assert [call.arguments for call in cold(ask("The weather in Zürich?", tools=[WEATHER])).calls] == ['{"city": "Zürich"}']


def test_one_city_or_a_tool_without_a_place_makes_one_call():
    assert len(cold(ask("The weather in Oslo?", tools=[WEATHER])).calls) == 1
    measure = {"type": "object", "properties": {"unit": {"enum": ["c", "f"]}}, "required": ["unit"]}
    other = {"type": "function", "function": {"name": "get_weather", "parameters": measure}}
    assert len(cold(ask("The weather in Oslo and Turin?", tools=[other])).calls) == 1


def test_reasoning_names_the_first_five_words_of_the_last_message():
    body = {"messages": [{"content": "old words"}, {"content": "amber basalt copper dolomite emerald flint"}]}
    assert draw_reasoning(body, RandomDraws(generator(0), 0.0)) == (
        "The user asks about amber basalt copper dolomite emerald. I will be brief."
    )


def test_reasoning_opens_otherwise_in_one_of_five_draws():
    said = [draw_reasoning(ask("tides"), RandomDraws(generator("opening", call), 1.0)) for call in range(1_000)]
    assert 740 < sum(text.startswith("The user asks about") for text in said) < 860
