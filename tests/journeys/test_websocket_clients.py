"""WebSockets of real clients: websockets' own, and the realtime and responses connections of openai's SDK."""

import asyncio
import json
from contextlib import asynccontextmanager

import openai
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve as websocket_server
from websockets.exceptions import InvalidStatus

from tests.journeys.two_providers import two_providers
from tests.running import until
from tests.wires import ok, plane, scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("transparency.websocket")]

CONFIG = (
    two_providers(candidate='api_key_env = "CANDIDATE_KEY"', official='models = {{ "*" = "another" }}', at="{candidate}")
    + """[shadow]
sample_rate = 1.0
wait = 3600
[admin]
listen = "127.0.0.1:0"
"""
)


@asynccontextmanager
async def providing():
    """A provider of WebSockets, its address, and the requests it took: it answers each event as OpenAI's API does, or echoes."""
    requests = []

    async def talk(socket):
        requests.append(socket.request)
        if socket.request.path.startswith("/v1/realtime"):
            await socket.send(json.dumps({"type": "session.created", "event_id": "e0", "session": {"type": "realtime"}}))
        async for message in socket:
            event = json.loads(message) if isinstance(message, str) and message.startswith("{") else {}
            if event.get("type") == "response.create":
                await socket.send(json.dumps({"type": "response.output_text.delta", "delta": "Quito", "event_id": "e1"}))
                await socket.send(json.dumps({"type": "response.done", "event_id": "e2", "response": {"status": "completed"}}))
            else:
                await socket.send(message)

    async with websocket_server(talk, "127.0.0.1", 0, max_size=None) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", requests


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_websocket_message_of_any_kind_and_size_is_returned_unchanged(compression):
    messages = ["", "Quito", "ü" * 70_000, b"", bytes(range(256)) * 20_000, "x" * 3_000_000]
    async with providing() as (url, _), plane(url) as running:
        address = f"ws://127.0.0.1:{running.port}/v1/realtime"
        async with connect(address, max_size=None, compression=compression) as socket:
            assert json.loads(await socket.recv())["type"] == "session.created"
            for message in messages:
                await socket.send(message)
                assert await socket.recv() == message
            await (await socket.ping())
        assert (socket.close_code, socket.close_reason) == (1000, "")
        exchange = await running.kept.next()
        assert (exchange.response.status, exchange.failure) == (101, None)


async def test_fifty_websockets_at_once_each_get_their_own_messages():
    async with providing() as (url, _), plane(url) as running:

        async def one(number):
            async with connect(f"ws://127.0.0.1:{running.port}/v1/responses") as socket:
                for turn in range(20):
                    await socket.send(f"{number}-{turn}")
                    assert await socket.recv() == f"{number}-{turn}"

        await asyncio.gather(*map(one, range(50)))
        await until(lambda: not running.stats.in_flight)
        assert running.stats.finished == 50


async def test_refusal_of_a_provider_without_websockets_reaches_the_client():
    answer = ok(b"only POST").replace(b"200 OK", b"405 Method Not Allowed")
    async with scripted(None, answer) as provider, plane(provider.url) as running:
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"ws://127.0.0.1:{running.port}/v1/responses")
        assert (caught.value.response.status_code, bytes(caught.value.response.body)) == (405, b"only POST")


async def test_openai_websocket_connections_are_forwarded_counted_and_never_shadowed(serve):
    env = {"CANDIDATE_KEY": "sk-operators"}
    async with providing() as (url, requests), serve(CONFIG.format(candidate=url), env=env) as served:
        client = openai.AsyncOpenAI(base_url=f"{served.data}/v1", api_key="sk-of-the-client")
        async with client.realtime.connect(model="gpt-realtime") as realtime:
            assert (await realtime.recv()).type == "session.created"
            await realtime.response.create()
            assert [(await realtime.recv()).type for _ in range(2)] == ["response.output_text.delta", "response.done"]
        async with client.beta.responses.connect() as responses:
            await responses.response.create(model="gpt-4o", input="Where?")
            assert (await responses.recv()).type == "response.output_text.delta"
        assert [request.path for request in requests] == ["/v1/realtime?model=gpt-realtime", "/v1/responses"]
        assert [request.headers["Authorization"] for request in requests] == ["Bearer sk-operators"] * 2
        await until(lambda: served.metric("sameweights_requests_total", code="101"))

        async def counted():
            return await served.metric("sameweights_requests_total", code="101") == 2

        await until(counted)
        await served.shows(1, "sameweights_shadow_dropped_total", reason="unknown_path")
        await served.shows(1, "sameweights_shadow_dropped_total", reason="not_post")
        assert await served.metric("sameweights_requests_total", role="shadow") == 0
        assert await served.metric("sameweights_errors_total") == 0
    assert len(requests) == 2
