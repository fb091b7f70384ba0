"""A log at debug shows each step of an exchange under its id, and holds no key and no word of a body."""

import json

import aiohttp
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve as websocket_server

from shadow.demo.pretended_server import PretendedServer
from tests.journeys.test_whole_path_of_a_request import CONFIG, audited, post
from tests.journeys.two_providers import two_providers
from tests.running import chat, until

pytestmark = pytest.mark.journey

CLIENT_KEY, REFERENCE_KEY, PROMPT = "sk-client-1234567890abcdef", "official-key-0987654321", "zanzibar"
STEPS = [
    "exchange_received",
    "exchange_parsed",
    "exchange_sampled",
    "answer_checked",
    "exchange_recorded",
    "shadow_started",
    "shadow_answered",
    "shadow_answered",
    "pair_compared",
    "pair_recorded",
]


@pytest.mark.promise("secrets.nowhere")
async def test_a_log_at_debug_shows_the_steps_of_an_exchange_and_holds_no_key_and_no_body(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        toml += '\n[log]\nlevel = "debug"\nformat = "json"\n'
        async with serve(toml, env={"OFFICIAL_KEY": REFERENCE_KEY}) as served, aiohttp.ClientSession() as session:
            headers = {"authorization": f"Bearer {CLIENT_KEY}"}
            async with post(session, served.data, chat(text=f"Describe {PROMPT}"), **headers) as got:
                answer = json.loads(await got.read())["choices"][0]["message"]["content"]
            [summary] = await audited(served, 1)
            errors = served.errors
            assert await served.stop() == 0
        records = [json.loads(line) for line in errors if line.startswith("{")]
        assert all(line.startswith(("{", "sameweights:", "note:")) for line in errors)
        steps = [each for each in records if each.get("exchange") == summary.pair.id]
        assert [each["event"] for each in steps if each["logger"] == "sameweights.worker"] == STEPS
        assert {each["logger"] for each in steps} >= {"sameweights.worker", "sameweights.proxy"}
        written = "".join(errors)
        for secret in (CLIENT_KEY, REFERENCE_KEY, PROMPT, answer):
            assert secret not in written


WEBSOCKET_STEPS = [
    "request_received",
    "request_routed",
    "websocket_begun",
    "request_sent",
    "head_received",
    "websocket_ended",
    "request_ended",
]


@pytest.mark.promise("transparency.websocket")
async def test_a_log_at_debug_shows_how_a_websocket_began_and_ended_and_how_much_it_carried(serve):
    async def echo(socket):
        async for message in socket:
            await socket.send(message)

    async with websocket_server(echo, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        toml = two_providers(at="{candidate}").format(candidate=url) + '[log]\nlevel = "debug"\nformat = "json"\n'
        async with serve(toml) as served:
            async with connect(f"{served.data.replace('http', 'ws')}/v1/realtime", compression=None) as socket:
                await socket.send(PROMPT)
                assert await socket.recv() == PROMPT
            await until(lambda: served.metric("sameweights_requests_total", code="101"))
            errors = served.errors
            assert await served.stop() == 0
    steps = [json.loads(line) for line in errors if '"sameweights.proxy"' in line and "exchange" in line]
    assert [step["event"] for step in steps] == WEBSOCKET_STEPS
    assert len({step["exchange"] for step in steps}) == 1
    ended = steps[WEBSOCKET_STEPS.index("websocket_ended")]
    assert (ended["sent"], ended["received"]) == (len(PROMPT) + 6 + 8, len(PROMPT) + 2 + 4), "a frame and a close, masked upwards"
    assert PROMPT not in "".join(errors)
