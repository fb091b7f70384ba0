"""The real OpenAI client for Python, through the real data plane, to a pretended provider: nothing may be noticed on the way."""

from __future__ import annotations

import asyncio
import json

import openai
import pydantic
import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer, ResponsePace
from tests.journeys.through import TEXT, WEATHER, through

pytestmark = [pytest.mark.journey, pytest.mark.promise("clients.python")]

QUICK = ResponsePace(first_token=0, chunks_per_second=5_000)
COLD = {"model": "m", "temperature": 0}


def say(text):
    return [{"role": "user", "content": text}]


def client(base_url, **more):
    return openai.AsyncOpenAI(**{"base_url": base_url, "api_key": "a-key", "max_retries": 0, **more})


@pytest.fixture
async def pretend():
    async with PretendedServer(pace=QUICK) as server:
        yield server


@pytest.fixture
async def proxied(pretend):
    async with through(pretend.base_url) as way:
        yield way


@pytest.fixture
async def asking(proxied):
    async with client(proxied.base_url) as opened:
        yield opened


@pytest.fixture
async def direct(pretend):
    async with client(pretend.base_url) as opened:
        yield opened


async def joined(stream):
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])


async def test_plain_answer_is_the_provider_s(asking, direct):
    through_proxy = await asking.chat.completions.create(**COLD, messages=say(TEXT))
    without = await direct.chat.completions.create(**COLD, messages=say(TEXT))
    assert through_proxy.choices == without.choices
    assert through_proxy.usage == without.usage


async def test_provider_gets_the_clients_own_request_and_key(asking, pretend):
    await asking.chat.completions.create(**COLD, messages=say(TEXT))
    seen = pretend.requests[0]
    assert seen.target == "/v1/chat/completions"
    assert seen.header("authorization") == "Bearer a-key"
    assert seen.header("user-agent").startswith("AsyncOpenAI/Python")
    assert seen.header("host") == pretend.base_url.removeprefix("http://").removesuffix("/v1")
    assert not [name for name, _ in seen.headers if name.lower().startswith(("x-sameweights", "x-forwarded", "via"))]


async def test_streamed_answer_equals_the_plain_one_and_has_its_usage(asking, direct):
    whole = await direct.chat.completions.create(**COLD, messages=say(TEXT))
    options = {"include_usage": True}
    stream = await asking.chat.completions.create(**COLD, messages=say(TEXT), stream=True, stream_options=options)
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage


async def test_a_tool_is_called(asking):
    answer = await asking.chat.completions.create(**COLD, messages=say("What is the weather in Oslo?"), tools=[WEATHER])
    (call,) = answer.choices[0].message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Oslo"})
    assert answer.choices[0].finish_reason == "tool_calls"


async def test_parallel_calls_are_put_together_from_a_stream_and_answered(asking):
    messages = say("Compare the weather in Oslo and Turin.")
    async with asking.chat.completions.stream(**COLD, messages=messages, tools=[WEATHER]) as stream:
        answer = await stream.get_final_completion()
    calls = answer.choices[0].message.tool_calls
    assert [json.loads(call.function.arguments) for call in calls] == [{"city": "Oslo"}, {"city": "Turin"}]
    results = [{"role": "tool", "tool_call_id": call.id, "content": '{"degrees": 7}'} for call in calls]
    said = {"role": "assistant", "tool_calls": [call.model_dump(include={"id", "type", "function"}) for call in calls]}
    after = await asking.chat.completions.create(**COLD, messages=[*messages, said, *results], tools=[WEATHER])
    assert "degrees 7" in after.choices[0].message.content


async def test_structured_output_is_parsed(asking):
    class Place(pydantic.BaseModel):
        city: str
        population: int

    answer = await asking.chat.completions.parse(**COLD, messages=say("How large is Oslo?"), response_format=Place)
    assert answer.choices[0].message.parsed.city == "Oslo"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_provider_error_raises_the_client_s_own_error_with_its_message(asking, status, kind, stream):
    with pytest.raises(kind, match=f"pretended failure {status}") as caught:
        await asking.chat.completions.create(model=f"status-{status}", messages=say("hello"), stream=stream)
    assert caught.value.status_code == status


async def test_a_refused_key_is_the_provider_s_refusal():
    async with PretendedServer(key="right") as pretend, through(pretend.base_url) as way, client(way.base_url) as asking:
        with pytest.raises(openai.AuthenticationError) as caught:
            await asking.models.list()
        assert caught.value.code == "invalid_api_key"


async def test_unreachable_provider_is_a_502_that_names_it():
    async with PretendedServer() as pretend:
        gone = pretend.base_url
    async with through(gone) as way, client(way.base_url) as asking:
        with pytest.raises(openai.InternalServerError, match="pretended") as caught:
            await asking.chat.completions.create(**COLD, messages=say("hello"))
        assert caught.value.status_code == 502


async def test_client_gets_retry_after_and_retries_by_itself(proxied, pretend):
    async with client(proxied.base_url, max_retries=1) as asking:
        with pytest.raises(openai.RateLimitError) as caught:
            await asking.chat.completions.create(model="status-429", messages=say("hello"))
    assert caught.value.response.headers["retry-after"] == "1"
    assert [seen.header("x-stainless-retry-count") for seen in pretend.requests] == ["0", "1"]


async def test_a_stream_that_the_provider_cuts_is_cut_for_the_client(pretend, asking):
    pretend.faults = PlantedFaults(cut_stream=1)
    stream = await asking.chat.completions.create(**COLD, messages=say(TEXT), stream=True)
    with pytest.raises(openai.APIConnectionError):
        await joined(stream)


async def test_a_client_that_leaves_in_mid_stream_cancels_the_provider(pretend, asking):
    pretend.pace = ResponsePace(first_token=0, chunks_per_second=4)
    stream = await asking.chat.completions.create(**COLD, messages=say(TEXT), stream=True)
    await anext(aiter(stream))
    assert pretend.open_streams == 1
    await stream.close()
    await pretend.until(lambda p: p.aborted == 1 and p.open_streams == 0)


async def test_a_client_that_gives_up_waiting_cancels_the_provider(pretend, asking):
    pretend.faults = PlantedFaults(silent=1)
    waiting = asyncio.create_task(asking.chat.completions.create(**COLD, messages=say(TEXT)))
    await pretend.until(lambda p: p.open_streams == 1)
    waiting.cancel()
    await pretend.until(lambda p: p.aborted == 1 and p.open_streams == 0)


async def test_fifty_streams_at_once_are_all_whole(pretend, asking, direct, proxied):
    pretend.pace = ResponsePace(first_token=0.05, chunks_per_second=200)
    whole = (await direct.chat.completions.create(**COLD, messages=say(TEXT))).choices[0].message.content

    async def one():
        return await joined(await asking.chat.completions.create(**COLD, messages=say(TEXT), stream=True))

    assert set(await asyncio.gather(*(one() for _ in range(50)))) == {whole}
    assert len(proxied.sink.exchanges) == 50
