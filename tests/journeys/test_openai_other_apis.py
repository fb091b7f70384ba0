"""The real OpenAI client for Python on /v1/responses and /v1/completions, through a running proxy, into the records."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import NamedTuple

import openai
import pytest

from tests.journeys.pair_answers import answers_of_pair, differing
from tests.journeys.speaker import COMPLETED, TEXT, THOUGHT, Speaker
from tests.journeys.test_whole_path_of_a_request import CONFIG, audited
from tests.journeys.through import CITY
from tests.running import Served

pytestmark = [pytest.mark.journey, pytest.mark.promise("clients.apis")]

WEATHER = {"type": "function", "name": "get_weather", "description": "The weather in a city", "parameters": CITY, "strict": True}
OSLO = "What is the weather in Oslo?"


class Asking(NamedTuple):
    served: Served
    client: openai.AsyncOpenAI


@pytest.fixture
def asking(serve):
    """`async with asking(candidate, official) as a`: the client `a.client` of a `serve` that shadows everything."""

    @asynccontextmanager
    async def opened(candidate: Speaker, official: Speaker):
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with (
            serve(toml, env={"OFFICIAL_KEY": "official-key-5678"}) as served,
            openai.AsyncOpenAI(base_url=f"{served.data}/v1", api_key="client-key-1234", max_retries=0) as client,
        ):
            yield Asking(served, client)

    return opened


@pytest.mark.parametrize("stream", [False, True])
async def test_a_response_is_read_and_its_faithful_shadow_matches(asking, stream):
    async with Speaker() as candidate, Speaker() as official, asking(candidate, official) as a:
        if stream:
            async with a.client.responses.stream(model="pretend-small", input="When is low water?") as events:
                answer = await events.get_final_response()
        else:
            answer = await a.client.responses.create(model="pretend-small", input="When is low water?")
        assert answer.output_text == "".join(TEXT)
        said, cross, alone = await answers_of_pair(a.served)
    assert [(completion.first.text, completion.first.finish_reason, completion.stream) for completion in said] == [
        ("".join(TEXT), "stop", stream)
    ] * 2
    assert said[0].first.pieces == (tuple(TEXT) if stream else ("".join(TEXT),))
    assert (said[0].usage.prompt_tokens, said[0].usage.completion_tokens) == (12, 20)
    assert not differing(cross)
    assert {cross[signal] for signal in ("text", "finish_reason", "prompt_tokens", "answer_kind")} == {"match"}
    assert not differing(alone)
    assert (alone["usage"], alone["echoed_model"], alone.get("broken_stream")) == ("match", "match", "match" if stream else None)
    assert [("store" in asked, asked["input"]) for asked in candidate.requests] == [(False, "When is low water?")]
    assert [(asked["store"], asked["input"]) for asked in official.requests] == [(False, "When is low water?")] * 2


@pytest.mark.parametrize("stream", [False, True])
async def test_call_altered_by_the_provider_differs(asking, stream):
    async with Speaker(city="Turin") as candidate, Speaker() as official, asking(candidate, official) as a:
        question = {"model": "pretend-small", "input": OSLO, "tools": [WEATHER]}
        if stream:
            async with a.client.responses.stream(**question) as events:
                answer = await events.get_final_response()
        else:
            answer = await a.client.responses.create(**question)
        [call] = [item for item in answer.output if item.type == "function_call"]
        assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Turin"})
        said, cross, alone = await answers_of_pair(a.served)
    assert [call.parsed for completion in said for call in completion.first.tool_calls] == [{"city": "Turin"}, {"city": "Oslo"}]
    assert [(completion.first.reasoning, completion.first.finish_reason) for completion in said] == [(THOUGHT, "tool_calls")] * 2
    assert differing(cross) == {"arguments"}
    assert {cross[signal] for signal in ("tools", "tool_count", "valid_calls", "reasoning_shown")} == {"match"}
    assert not differing(alone)
    assert (alone["valid_calls"], alone["call_id"]) == ("match", "match")


async def test_a_call_is_answered_in_the_next_turn_and_both_sides_get_it(asking):
    async with Speaker() as candidate, Speaker() as official, asking(candidate, official) as a:
        result = {"type": "function_call_output", "call_id": "call_hA1f", "output": '{"degrees": 7}'}
        call = {"type": "function_call", "call_id": "call_hA1f", "name": "get_weather", "arguments": '{"city": "Oslo"}'}
        turns = [{"role": "user", "content": OSLO}, call, result]
        answer = await a.client.responses.create(model="pretend-small", input=turns)
        assert answer.output_text == "".join(TEXT)
        _, cross, _ = await answers_of_pair(a.served)
    assert not differing(cross)
    assert official.requests[0]["input"] == turns


@pytest.mark.promise("effects.once")
async def test_a_response_that_builds_on_one_that_is_kept_is_never_sent_again(asking):
    async with Speaker() as candidate, Speaker() as official, asking(candidate, official) as a:
        await a.client.responses.create(model="pretend-small", input="And then?", previous_response_id="resp_1")
        await a.client.responses.create(model="pretend-small", input="When is low water?")
        await audited(a.served, 1)
        await a.served.shows(1, "sameweights_shadow_dropped_total", reason="stateful")
    assert {asked["input"] for asked in official.requests} == {"When is low water?"}


async def test_a_stream_without_its_end_is_broken_for_the_client_and_in_the_records(asking):
    async with Speaker(ending=b"") as candidate, Speaker() as official, asking(candidate, official) as a:
        with pytest.raises(RuntimeError, match="completed"):
            async with a.client.responses.stream(model="pretend-small", input="When is low water?") as events:
                await events.get_final_response()
        [summary] = await audited(a.served, 1)
        reader = a.served.reader
        assert reader.exchange(summary.pair.subject_id).unread == "no_done"
        found = {each.signal: each.state for each in reader.findings(exchange_id=summary.pair.subject_id)}
        reader.close()
    assert found["broken_stream"] == "differ"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_text_completion_is_read_and_its_faithful_shadow_matches(asking, stream):
    async with Speaker() as candidate, Speaker() as official, asking(candidate, official) as a:
        question = {"model": "pretend-small", "prompt": "Once upon a time", "max_tokens": 9, "stream": stream}
        options = {"stream_options": {"include_usage": True}} if stream else {}
        answer = await a.client.completions.create(**question, **options)
        chunks = [chunk async for chunk in answer] if stream else [answer]
        assert "".join(choice.text for chunk in chunks for choice in chunk.choices) == "".join(COMPLETED)
        said, cross, alone = await answers_of_pair(a.served)
    assert [(completion.first.text, completion.first.finish_reason, completion.stream) for completion in said] == [
        ("".join(COMPLETED), "stop", stream)
    ] * 2
    assert not differing(cross)
    assert cross["text"] == "match"
    assert not differing(alone)
    assert (alone["usage"], alone["max_tokens"], alone.get("template_leak")) == ("match", "match", None)
    assert [asked["prompt"] for asked in official.requests] == ["Once upon a time"] * 2
