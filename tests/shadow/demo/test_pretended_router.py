"""The pretended router names the server of each answer, whole or streamed, and keeps to its shares."""

import json

import aiohttp
import pytest

from shadow.demo.pretended_router import PretendedRouter
from shadow.demo.pretended_server import PretendedServer, ResponsePace
from tests.running import chat

QUICK = ResponsePace(first_token=0.0, chunks_per_second=1e6)


@pytest.fixture
async def router():
    async with (
        PretendedServer(seed=1, pace=QUICK) as near,
        PretendedServer(seed=2, pace=QUICK) as far,
        PretendedRouter({"Near": (near.base_url, 0.75), "Far": (far.base_url, 0.25)}, silent=["Far"]) as made,
    ):
        yield made


async def post(router, **more):
    body = {**json.loads(chat(text="Hello")), **more}
    async with aiohttp.ClientSession() as session, session.post(f"{router.base_url}/chat/completions", json=body) as answer:
        return answer.content_type, await answer.text()


async def test_whole_answer_and_every_event_of_a_stream_name_the_server(router):
    names = set()
    for stream in [False, True] * 6:
        kind, text = await post(router, stream=stream)
        assert (kind == "text/event-stream") is stream
        events = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")] or [text]
        names |= {json.loads(event).get("provider") for event in events}
    assert names == {"Near", None}, "a silent server is not named"


async def test_requests_are_shared_as_set(router):
    for _ in range(60):
        await post(router)
    assert router.routed.total() == 60
    assert 35 <= router.routed["Near"] <= 55


@pytest.mark.parametrize(("order", "expected"), [(["Far", "Near"], {"Far": 20}), (["Unknown"], None), ([], None), (None, None)])
async def test_request_that_orders_a_server_goes_there(router, order, expected):
    for _ in range(20):
        await post(router, provider={"order": order})
    assert dict(router.routed) == expected if expected else len(router.routed) == 2


async def test_list_of_models_is_that_of_its_servers(router):
    async with aiohttp.ClientSession() as session, session.get(f"{router.base_url}/models") as answer:
        assert [each["id"] for each in (await answer.json())["data"]] == ["pretend-small"]
