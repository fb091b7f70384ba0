from __future__ import annotations

import asyncio
import json

import aiohttp
import openai
import pytest

from shadow.demo.draws import generator
from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import SERVER, PretendedServer, ResponsePace

pytestmark = pytest.mark.slow


QUICK = ResponsePace(first_token=0, chunks_per_second=100_000)
TIDES = [{"role": "user", "content": "Write a few lines on the sound of tides in Cork."}]
CITIES = [{"role": "user", "content": "Compare the weather in Oslo and Turin."}]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "The weather in a city", "parameters": CITY}}


def client(pretend, key="any"):
    return openai.AsyncOpenAI(base_url=pretend.base_url, api_key=key, max_retries=0)


async def streamed(pretend, **more):
    async with client(pretend) as asking:
        stream = await asking.chat.completions.create(model="m", messages=TIDES, stream=True, **more)
        return [chunk async for chunk in stream]


async def plain(pretend, **more):
    async with client(pretend) as asking:
        return await asking.chat.completions.create(**{"model": "m", "messages": TIDES, **more})


def text(chunks, index=0):
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices if choice.index == index)


async def test_stream_and_body_at_temperature_0_are_equal_and_usage_comes_when_requested():
    async with PretendedServer(pace=QUICK) as pretend:
        answer = await plain(pretend, temperature=0)
        chunks = await streamed(pretend, temperature=0, stream_options={"include_usage": True})
        assert text(chunks) == answer.choices[0].message.content
        assert chunks[-1].usage == answer.usage


async def test_chunks_are_words_with_a_leading_space():
    async with PretendedServer(pace=QUICK) as pretend:
        pieces = [c.choices[0].delta.content for c in await streamed(pretend) if c.choices[0].delta.content]
        assert len(pieces) > 5
        assert all(piece.startswith(" ") for piece in pieces[1:])


async def test_the_pretended_server_calls_a_tool_for_each_of_two_cities():
    async with PretendedServer(pace=QUICK) as pretend:
        answer = await plain(pretend, messages=CITIES, tools=[WEATHER], temperature=0)
        arguments = [json.loads(call.function.arguments) for call in answer.choices[0].message.tool_calls]
        assert arguments == [{"city": "Oslo"}, {"city": "Turin"}]
        assert answer.choices[0].finish_reason == "tool_calls"


async def test_n_seed_limits_and_reasoning_are_followed():
    async with PretendedServer(pace=QUICK) as pretend:
        assert len((await plain(pretend, n=3)).choices) == 3
        seeded = [(await plain(pretend, seed=7)).choices[0].message.content for _ in range(5)]
        assert len(set(seeded)) == 1
        assert (await plain(pretend, max_tokens=2)).choices[0].finish_reason == "length"
        thinking = await plain(pretend, extra_body={"reasoning_effort": "low"})
        assert thinking.choices[0].message.reasoning_content
        assert thinking.usage.completion_tokens_details.reasoning_tokens > 0


async def test_two_servers_of_one_seed_answer_alike_call_by_call_and_others_do_not():
    async def said(seed):
        async with PretendedServer(pace=QUICK, seed=seed) as pretend:
            return [(await plain(pretend)).choices[0].message.content for _ in range(8)]

    assert await said(1) == await said(1) != await said(2)


async def test_models_are_listed_and_everything_else_is_an_openai_shaped_404():
    async with PretendedServer(models=("a", "b")) as pretend, client(pretend) as asking:
        assert [model.id async for model in asking.models.list()] == ["a", "b"]
        with pytest.raises(openai.NotFoundError, match="Invalid URL"):
            await asking.embeddings.create(model="m", input="x")


async def test_the_pretended_server_refuses_a_request_without_its_key():
    async with PretendedServer(key="right", pace=QUICK) as pretend:
        with pytest.raises(openai.AuthenticationError):
            await plain(pretend)
        async with client(pretend, "right") as asking:
            assert await asking.chat.completions.create(model="m", messages=TIDES)


@pytest.mark.parametrize(("model", "error"), [("status-429", openai.RateLimitError), ("status-500", openai.InternalServerError)])
async def test_a_model_name_provokes_an_error(model, error):
    async with PretendedServer() as pretend:
        with pytest.raises(error, match="pretended failure"):
            await plain(pretend, model=model)


@pytest.mark.parametrize(
    ("model", "status"),
    [("status-399", 200), ("status-400", 400), ("status-599", 599), ("status-600", 200), ("status-", 200), ("status-4x0", 200)],
)
async def test_model_name_provokes_the_statuses_of_errors_alone(model, status):
    async with PretendedServer(pace=QUICK) as pretend, aiohttp.ClientSession() as session:
        response = await session.post(f"{pretend.base_url}/chat/completions", json={"model": model, "messages": TIDES})
        assert response.status == status


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"model": "m"}'])
async def test_a_bad_body_is_an_openai_shaped_400(body):
    async with PretendedServer() as pretend, aiohttp.ClientSession() as session:
        response = await session.post(f"{pretend.base_url}/chat/completions", data=body)
        assert response.status == 400
        assert (await response.json())["error"]["type"] == "invalid_request_error"


async def test_the_pretended_server_names_itself_and_records_each_request():
    async with PretendedServer(pace=QUICK) as pretend, aiohttp.ClientSession() as session:
        url, question = f"{pretend.base_url}/chat/completions?a=%20b", {"model": "m", "messages": TIDES}
        async with session.post(url, json=question, headers={"X-Case": "Kept"}) as response:
            assert response.headers["server"] == SERVER
        seen = pretend.requests[0]
        assert (seen.method, seen.target) == ("POST", "/v1/chat/completions?a=%20b")
        assert ("X-Case", "Kept") in seen.headers
        assert seen.header("x-case") == "Kept"
        assert seen.json == question


async def test_spaces_are_lost_at_chunk_boundaries():
    async with PretendedServer(pace=QUICK, faults=PlantedFaults(lose_spaces=1)) as pretend:
        assert " " not in text(await streamed(pretend, temperature=0))
        assert " " in (await plain(pretend, temperature=0)).choices[0].message.content


async def test_errors_come_at_the_rate_that_is_set():
    async with PretendedServer(faults=PlantedFaults(error_rate=1)) as pretend:
        with pytest.raises((openai.RateLimitError, openai.InternalServerError)):
            await plain(pretend)


async def test_a_cut_stream_breaks_the_connection():
    async with PretendedServer(pace=QUICK, faults=PlantedFaults(cut_stream=1)) as pretend, aiohttp.ClientSession() as session:
        question = {"model": "m", "messages": TIDES, "stream": True}
        async with session.post(f"{pretend.base_url}/chat/completions", json=question) as response:
            with pytest.raises(aiohttp.ClientError):
                await response.read()


async def test_failing_stream_ends_with_an_error_event():
    async with PretendedServer(pace=QUICK, faults=PlantedFaults(error_in_stream=1)) as pretend:
        with pytest.raises(openai.APIError, match="mid-stream"):
            await streamed(pretend)


async def test_other_faults_show_in_the_answer():
    faults = PlantedFaults(wrong_model="other", extra_prompt_tokens=11, ignore_max_tokens=True)
    async with PretendedServer(pace=QUICK) as faithful, PretendedServer(pace=QUICK, faults=faults) as faulty:
        right, wrong = await plain(faithful, max_tokens=4), await plain(faulty, max_tokens=4)
        assert (right.model, wrong.model) == ("m", "other")
        assert wrong.usage.prompt_tokens - right.usage.prompt_tokens == 11
        assert wrong.usage.completion_tokens > 4


async def test_client_that_leaves_during_a_stream_is_counted():
    async with PretendedServer(pace=ResponsePace(chunks_per_second=2)) as pretend, client(pretend) as asking:
        stream = await asking.chat.completions.create(model="m", messages=TIDES, stream=True)
        await anext(aiter(stream))
        assert pretend.open_streams == 1
        await stream.close()
        await pretend.until(lambda p: p.aborted == 1 and p.open_streams == 0)


async def test_silent_server_never_answers_and_counts_clients_that_give_up():
    async with PretendedServer(faults=PlantedFaults(silent=1)) as pretend:
        asking = asyncio.create_task(plain(pretend))
        await pretend.until(lambda p: p.open_streams == 1)
        asking.cancel()
        await pretend.until(lambda p: p.aborted == 1)


async def test_wait_for_a_condition_that_never_holds_times_out():
    async with PretendedServer() as pretend:
        with pytest.raises(TimeoutError):
            await pretend.until(lambda p: p.aborted == 1, seconds=0.01)


def test_slow_fault_delays_first_token_and_gaps():
    pace = ResponsePace(first_token=0.1, chunks_per_second=10, jitter=0.5)
    gaps = [pace.gap(generator(n), 3) for n in range(100)]
    assert all(0.15 <= gap <= 0.45 for gap in gaps)
    assert len(set(gaps)) > 50
    assert 0.15 <= pace.first(generator(0), 3) <= 0.45
