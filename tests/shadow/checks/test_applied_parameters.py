"""Asked x, applied y: what an answer states that it was made with, compared with its request."""

import json

import pytest

from bench.onwire import exchange
from shadow.checks.applied_parameters import applied_parameters, same
from shadow.findings.finding import FindingState
from shadow.reading.completion import Unread, UnreadReason
from shadow.reading.parsed_request import parse_request
from shadow.reading.parsed_response import parse_response
from tests.shadow.compare.made import answer as made
from tests.shadow.compare.made import ask, choice, completion, parts

TOOL = {"type": "function", "name": "get_tide", "parameters": {"type": "object"}}
OUTPUT = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "At noon.", "annotations": []}]}]
STATED = completion(choice("At noon."))._replace(applied={"temperature": 1.0})
PATHS = {"responses": "/v1/responses", "messages": "/v1/messages", "chat": "/v1/chat/completions"}


def finding(asked, applied, *, api="responses", sent=None):
    """`sent` is the body that the provider was sent, where it is not the client's."""
    plain = {"model": "m", "input": "When?", "messages": [{"role": "user", "content": "When?"}], "max_tokens": 9}
    body = {**plain, **asked}
    if api == "responses":
        answer = {"id": "r", "status": "completed", "model": "m", "output": OUTPUT, **applied}
    elif api == "messages":
        block = {"type": "text", "text": "At noon."}
        answer = {"type": "message", "role": "assistant", "content": [block], "stop_reason": "end_turn", "usage": applied}
    else:
        choice = {"index": 0, "message": {"role": "assistant", "content": "At noon."}, "finish_reason": "stop"}
        answer = {"id": "c", "choices": [choice], **applied}
    made = exchange(body if sent is None else {**plain, **sent}, json.dumps(answer).encode())
    made = made._replace(request=made.request._replace(target=PATHS[api]))
    return applied_parameters(parse_request(PATHS[api], (), json.dumps(body).encode(), False), parse_response(made))


def form(required=(), **more):
    return {"type": "json_schema", "schema": {"type": "object", "required": list(required)}, **more}


def tools(**more):
    return {"tools": [TOOL], **more}


@pytest.mark.parametrize(
    ("asked", "applied", "state"),
    [
        ({"temperature": 1}, {"temperature": 1.0}, FindingState.MATCH),
        ({"temperature": 0.7}, {"temperature": 0.699999988}, FindingState.MATCH),
        ({"temperature": 0.2}, {"temperature": 1.0}, FindingState.DIFFER),
        ({"temperature": 0}, {"temperature": 0.0}, FindingState.MATCH),
        ({"temperature": 0}, {"temperature": False}, FindingState.DIFFER),
        ({"top_p": 0.9}, {"top_p": 0.95}, FindingState.DIFFER),
        ({}, {"temperature": 0.6, "top_p": 0.95, "parallel_tool_calls": True, "store": True}, FindingState.NOT_MEASURED),
        ({"temperature": None}, {"temperature": 1.0}, FindingState.NOT_MEASURED),
        ({"temperature": 0.2}, {"temperature": None}, FindingState.NOT_MEASURED),
        ({"max_output_tokens": 4_000}, {"max_output_tokens": 4_000}, FindingState.MATCH),
        ({"max_output_tokens": 4_000}, {"max_output_tokens": 2_048}, FindingState.DIFFER),
        ({"truncation": "disabled"}, {"truncation": "auto"}, FindingState.DIFFER),
        ({"reasoning": {"effort": "high"}}, {"reasoning": {"effort": "high", "summary": None}}, FindingState.MATCH),
        ({"reasoning": {"effort": "high"}}, {"reasoning": {"effort": "low"}}, FindingState.DIFFER),
        ({"reasoning": {"summary": "auto"}}, {"reasoning": {"summary": "detailed"}}, FindingState.NOT_MEASURED),
        ({"text": {"verbosity": "low"}}, {"text": {"verbosity": "medium"}}, FindingState.DIFFER),
        ({"text": {"format": form(name="tide")}}, {"text": {"format": form(name="tide", description=None)}}, FindingState.MATCH),
        ({"text": {"format": form(name="tide")}}, {"text": {"format": form(name="wave")}}, FindingState.DIFFER),
        ({"text": {"format": form(name="tide")}}, {"text": {"format": form()}}, FindingState.MATCH),
        ({"text": {"format": form(name="tide")}}, {"text": {"format": {"type": "text"}}}, FindingState.DIFFER),
        ({"text": {"format": form(required=["a"])}}, {"text": {"format": form(required=["a"])}}, FindingState.MATCH),
        ({"text": {"format": form(required=["a"])}}, {"text": {"format": form(required=["b"])}}, FindingState.DIFFER),
        (
            {"text": {"format": form(required=["a"])}},
            {"text": {"format": {"type": "json_schema", "name": "t"}}},
            FindingState.MATCH,
        ),
        (
            {"text": {"format": {"type": "json_schema", "name": "tide", "schema": {}}}},
            {"text": {"format": {"type": "json_schema", "name": "tide", "schema_": {}, "strict": False}}},
            FindingState.MATCH,
        ),
        (
            {"text": {"format": {"type": "json_schema", "name": "tide", "schema": {}}}},
            {"text": {"format": {"type": "text"}}},
            FindingState.DIFFER,
        ),
        ({"service_tier": "auto"}, {"service_tier": "default"}, FindingState.NOT_MEASURED),
        ({"service_tier": "default"}, {"service_tier": "standard"}, FindingState.MATCH),
        ({"service_tier": "flex"}, {"service_tier": "auto"}, FindingState.NOT_MEASURED),
        ({"service_tier": "priority"}, {"service_tier": "default"}, FindingState.DIFFER),
        ({"store": False}, {"store": True}, FindingState.DIFFER),
        ({"store": True}, {"store": False}, FindingState.NOT_MEASURED),
        (tools(tool_choice="required"), {"tool_choice": "auto"}, FindingState.DIFFER),
        (
            {"tool_choice": "auto", "parallel_tool_calls": True},
            {"tool_choice": "none", "parallel_tool_calls": False},
            "not_measured",
        ),
        (
            tools(tool_choice={"type": "function", "name": "get_tide"}),
            {"tool_choice": {"type": "function", "function": {"name": "get_tide"}}},
            FindingState.MATCH,
        ),
        (
            tools(tool_choice={"type": "function", "name": "get_tide"}),
            {"tool_choice": {"type": "function", "name": "get_wind"}},
            FindingState.DIFFER,
        ),
        (
            tools(tool_choice={"type": "web_search_preview"}),
            {"tool_choice": {"type": "web_search_preview_2025_03_11"}},
            FindingState.MATCH,
        ),
        (tools(parallel_tool_calls=False), {"parallel_tool_calls": True}, FindingState.DIFFER),
        (
            {"temperature": [1], "store": {}, "top_p": "0.9"},
            {"temperature": 1, "store": False, "top_p": 0.9},
            FindingState.DIFFER,
        ),
    ],
)
def test_a_parameter_that_both_state_has_one_value(asked, applied, state):
    assert finding(asked, applied).state == state


def test_the_reason_names_both_values_of_each():
    found = finding({"temperature": 0.2, "top_p": 0.5}, {"temperature": 1.0, "top_p": 0.5})
    assert found.reason == "temperature 0.2 was requested, 1.0 applied"
    assert (found.subject, found.reference) == ("temperature 1.0", "temperature 0.2")


@pytest.mark.parametrize(
    ("api", "asked", "applied", "state"),
    [
        ("chat", {"service_tier": "priority"}, {"service_tier": "default"}, FindingState.DIFFER),
        ("chat", {"service_tier": "on_demand"}, {"service_tier": "default"}, FindingState.MATCH),
        ("chat", {"temperature": 0.2}, {"temperature": 1.0}, FindingState.NOT_MEASURED),
        ("messages", {"service_tier": "standard_only"}, {"service_tier": "standard"}, FindingState.MATCH),
        ("messages", {"service_tier": "standard_only"}, {"service_tier": "priority"}, FindingState.DIFFER),
        ("messages", {"inference_geo": "us"}, {"inference_geo": "global"}, FindingState.DIFFER),
        ("messages", {"inference_geo": "us"}, {"inference_geo": "not_available"}, FindingState.NOT_MEASURED),
        ("messages", {"inference_geo": "global"}, {"inference_geo": "us"}, FindingState.NOT_MEASURED),
        ("messages", {"speed": "fast"}, {"speed": "standard"}, FindingState.DIFFER),
    ],
)
def test_other_apis_state_the_tier_the_region_and_the_speed(api, asked, applied, state):
    assert finding(asked, applied, api=api).state is state


def test_a_copy_is_held_only_against_what_it_was_sent():
    asked, stated = {"temperature": 0.2, "store": False}, {"temperature": 1.0, "store": True}
    assert finding(asked, stated, sent={"store": False}).reason == "store False was requested, True applied"
    assert finding(asked, stated, sent={}).state is FindingState.MATCH


@pytest.mark.parametrize(
    ("asked", "applied", "one"),
    [(1.0, 1.0 + 5e-7, True), (1.0, 1.0 + 5e-6, False), (True, 1, False), ("auto", "auto", True), (1, None, False)],
)
def test_numbers_are_one_within_a_float32(asked, applied, one):
    assert same("temperature", asked, applied) is one


@pytest.mark.parametrize(
    ("asked", "applied", "one"),
    [
        (None, None, True),
        (None, 1, False),
        (True, True, True),
        (True, False, False),
        (1, 1.0, True),
        (0.0, 9e-7, True),
        (0.0, 2e-6, False),
        (1_000_000.0, 1_000_000.9, True),
        (1_000_000.0, 1_000_001.1, False),
        ("1", 1, False),
    ],
)
def test_two_values_are_one_by_their_kind_and_a_millionth(asked, applied, one):
    assert same("temperature", asked, applied) is one


def test_words_for_one_tier_are_one_and_of_another_parameter_two():
    assert same("service_tier", "standard", "on_demand")
    assert not same("service_tier", "priority", "standard")
    assert not same("truncation", "standard", "default")


def test_values_that_match_are_stated_on_both_sides_and_those_that_differ_alone():
    found = finding({"temperature": 0.5, "top_p": 1}, {"temperature": 0.5, "top_p": 1.0})
    assert (found.subject, found.reference) == ("temperature 0.5, top_p 1.0", "temperature 0.5, top_p 1")
    assert (found.signal, found.score, found.reason) == ("applied_parameters", 1.0, "")
    other = finding({"temperature": 0.5, "top_p": 1}, {"temperature": 0.7, "top_p": 1.0})
    assert (other.subject, other.reference, other.score) == ("temperature 0.7", "temperature 0.5", 0.0)


def test_four_of_the_values_that_differ_are_named():
    names = ("temperature", "top_p", "max_output_tokens", "max_tool_calls", "top_logprobs")
    found = finding(dict.fromkeys(names, 1), dict.fromkeys(names, 2))
    assert found.reason == "; ".join(f"{name} 1 was requested, 2 applied" for name in names[:4])


@pytest.mark.parametrize(
    ("asked", "applied", "api", "reason"),
    [
        ({}, {}, "responses", "the answer states no parameters that it was made with"),
        ({}, {"temperature": 1}, "responses", "the request sets none of the parameters that the answer states"),
        (
            {"temperature": 1},
            {"service_tier": "default"},
            "chat",
            "the request sets none of the parameters that the answer states",
        ),
        (
            {"service_tier": "auto"},
            {"service_tier": "flex"},
            "chat",
            "the request sets none of the parameters that the answer states",
        ),
    ],
)
def test_parameters_that_are_not_compared_have_their_reason(asked, applied, api, reason):
    found = finding(asked, applied, api=api)
    assert (found.state, found.reason) == (FindingState.NOT_MEASURED, reason)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (ask(unread=Unread(why=UnreadReason.NOT_JSON, detail="")), made(STATED)),
        (ask(), made(Unread(why=UnreadReason.NOT_JSON, detail=""))),
        (ask(), made(STATED, status=500)),
    ],
)
def test_nothing_is_compared_without_a_request_that_was_read_and_a_whole_answer(request_, answer):
    reason = "there is no whole answer to a request that could be read"
    assert parts(applied_parameters(request_, answer)) == ("applied_parameters", "not_measured", None, "", "", reason)
