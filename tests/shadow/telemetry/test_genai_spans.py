"""The attributes of a span: names and types of the GenAI conventions 0.1.0, and no text of a prompt or answer unless wanted."""

import json

import pytest

from proxy.exchange import Failure, FailureKind, Role
from proxy.provider_config import Provider
from shadow.reading.parsed_exchange import parse_exchange
from shadow.records import exchange_record
from shadow.telemetry.genai_spans import SpanPlace, exchange_span
from shadow.telemetry.trace_context import span_id, trace_context
from tests.exchanges import asked, exchange, said

PLACE = SpanPlace(context=trace_context((), "0" * 32), parent_id=b"")
HERE = Provider(base_url="http://127.0.0.1:9/v1")


def span(made=None, *, provider=HERE, content=False, place=PLACE, **row):
    made = exchange(said(), request=asked()) if made is None else made
    parsed = parse_exchange(made)
    record = exchange_record(parsed, outcomes=(), checks=())
    return exchange_span(record.exchange._replace(**row), parsed, place, provider, content=content)


def test_span_of_an_ordinary_chat_has_the_attributes_of_the_conventions():
    made = span()
    assert (made.name, made.span_id, made.error) == ("chat pretend-small", span_id("0" * 32), "")
    assert (made.started, made.ended) == (1_700_000_000.0, 1_700_000_000.5)
    assert made.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "candidate",
        "server.address": "127.0.0.1",
        "server.port": 9,
        "gen_ai.request.model": "pretend-small",
        "http.response.status_code": 200,
        "gen_ai.response.model": "pretend-small",
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 9,
        "gen_ai.usage.output_tokens": 3,
        "sameweights.exchange.id": "0" * 32,
        "sameweights.role": "live",
        "sameweights.provider": "candidate",
        "sameweights.reference": "official",
        "sameweights.route": "default",
    }


def test_parameters_of_the_request_have_the_types_of_the_conventions():
    body = asked(
        temperature=0,
        top_p=0.5,
        top_k=40.0,
        seed=7,
        n=2,
        max_tokens=64,
        reasoning_effort="low",
        response_format={"type": "json_schema"},
        stop="heron",
    )
    got = {
        name.removeprefix("gen_ai."): value
        for name, value in span(exchange(said(), request=body)).attributes.items()
        if name.startswith(("gen_ai.request.", "gen_ai.output"))
    }
    assert got == {
        "request.model": "pretend-small",
        "request.max_tokens": 64,
        "request.choice.count": 2,
        "request.temperature": 0.0,
        "request.top_p": 0.5,
        "request.top_k": 40,
        "request.seed": 7,
        "request.reasoning.level": "low",
        "output.type": "json",
    }
    assert (type(got["request.temperature"]), type(got["request.top_k"])) == (float, int)


@pytest.mark.parametrize("value", [True, "warm", None, 1e300, [0.5]])
def test_parameter_that_is_no_number_is_left_out(value):
    made = span(exchange(said(), request=json.dumps({"messages": [], "temperature": value, "seed": value}).encode()))
    assert not {"gen_ai.request.temperature", "gen_ai.request.seed"} & set(made.attributes)


@pytest.mark.parametrize(
    ("target", "operation"),
    [
        ("/v1/completions", "text_completion"),
        ("/v1/embeddings", "embeddings"),
        ("/v1/messages", "chat"),
        ("/v1/responses", "chat"),
    ],
)
def test_operation_is_that_of_the_api(target, operation):
    made = exchange(said(), request=asked())
    assert span(made._replace(request=made.request._replace(target=target))).attributes["gen_ai.operation.name"] == operation


def test_exchange_of_another_path_is_no_span():
    made = exchange(said())
    assert span(made._replace(request=made.request._replace(target="/v1/models"))) is None


@pytest.mark.parametrize(
    ("url", "name", "port"),
    [
        ("https://api.openai.com/v1", "openai", 443),
        ("https://eu.api.openai.com/v1", "openai", 443),
        ("https://mine.openai.azure.com/openai/v1", "azure.ai.openai", 443),
        ("http://api.groq.com:8080/openai/v1", "groq", 8080),
        ("https://notapi.openai.com.example/v1", "candidate", 443),
        ("http://host/v1", "candidate", 80),
    ],
)
def test_provider_has_the_name_of_the_conventions_where_its_host_is_known(url, name, port):
    found = span(provider=Provider(base_url=url)).attributes
    assert (found["gen_ai.provider.name"], found["server.port"]) == (name, port)


def test_provider_that_is_not_configured_any_more_has_no_address():
    found = span(provider=None).attributes
    assert (found["gen_ai.provider.name"], "server.address" in found) == ("candidate", False)


def test_error_response_and_failure_are_errors_of_the_span():
    refused = span(exchange(b"{}", 429, request=asked()))
    assert (refused.error, refused.attributes["error.type"], refused.attributes["http.response.status_code"]) == (
        "429",
        "429",
        429,
    )
    gone = Failure(kind=FailureKind.CONNECT, detail="no route", after_head=False)
    failed = span(exchange(request=asked(), answered=False, failure=gone))
    assert (failed.error, "http.response.status_code" in failed.attributes) == ("connect", False)
    assert span(exchange(said(), 399, request=asked())).error == ""


def test_shadow_is_named_by_its_role_and_its_pair():
    place = SpanPlace(context=PLACE.context, parent_id=b"12345678", pair_id="p")
    made = span(exchange(said(), request=asked(), role=Role.SHADOW), place=place)
    assert (made.name, made.parent_id) == ("chat pretend-small (shadow)", b"12345678")
    assert (made.attributes["sameweights.role"], made.attributes["sameweights.pair.id"]) == ("shadow", "p")


def test_answer_without_its_body_has_the_counts_of_its_row():
    made = span(exchange(b"", request=asked()), finish_reason="stop", prompt_tokens=5, completion_tokens=6, cached_tokens=2)
    got = {name: value for name, value in made.attributes.items() if "usage" in name or "finish" in name}
    assert got == {
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 6,
        "gen_ai.usage.cache_read.input_tokens": 2,
    }


def test_choice_without_a_finish_reason_ended_in_an_error():
    made = span(exchange(said(finish_reason=None), request=asked()))
    assert made.attributes["gen_ai.response.finish_reasons"] == ("error",)


def test_text_of_prompt_stop_and_answer_is_there_only_with_content():
    made = exchange(said("a grey bird"), request=asked("Where is the heron", stop=["heron", "crane"]))
    without, whole = span(made), span(made, content=True)
    assert not [name for name, value in without.attributes.items() if "heron" in str(value) or "bird" in str(value)]
    assert whole.attributes["gen_ai.request.stop_sequences"] == ("heron", "crane")
    assert "Where is the heron" in whole.attributes["gen_ai.input.messages"]
    assert "a grey bird" in whole.attributes["gen_ai.output.messages"]
    assert "sameweights.content_cut" not in whole.attributes
    long = span(exchange(said("x" * 300_000), request=asked()), content=True)
    assert long.attributes["sameweights.content_cut"] is True


@pytest.mark.parametrize(
    ("stop", "sent", "cut"),
    [
        (["x" * 200], 200, False),
        (["x" * 201], 200, True),
        (["y"] * 100, 100, False),
        (["y"] * 101, 100, True),
    ],
)
def test_a_hundred_stop_sequences_of_200_characters_are_sent(stop, sent, cut):
    made = span(exchange(said(), request=asked(stop=stop)), content=True)
    assert len("".join(made.attributes["gen_ai.request.stop_sequences"])) == sent
    assert ("sameweights.content_cut" in made.attributes) == cut


def test_tools_that_are_left_out_are_stated_as_cut():
    tool = {"type": "function", "function": {"name": "x" * 262_144, "parameters": {}}}
    made = span(exchange(said(), request=asked(tools=[tool])), content=True)
    assert "gen_ai.tool.definitions" not in made.attributes
    assert made.attributes["sameweights.content_cut"] is True
