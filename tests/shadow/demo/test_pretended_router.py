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


async def test_request_goes_to_the_last_server_where_the_shares_leave_room(router):
    async with PretendedServer(pace=QUICK) as server:
        url = server.base_url
        async with PretendedRouter({"One": (url, 0.1), "Two": (url, 0.2), "Three": (url, 0.1)}) as made:
            for _ in range(40):
                await post(made)
    assert made.routed.total() == 40
    assert made.routed["Three"] > 20
    assert made.routed["Two"] > made.routed["One"]


async def test_run_repeats_its_servers_and_another_seed_has_others():
    async with PretendedServer(pace=QUICK) as server:

        async def named(seed):
            async with PretendedRouter({"One": (server.base_url, 0.5), "Two": (server.base_url, 0.5)}, seed=seed) as made:
                return [json.loads((await post(made))[1])["provider"] for _ in range(12)]

        first = await named(1)
        assert await named(1) == first != await named(2)


async def test_refusal_of_a_server_keeps_its_status_and_names_the_server(router):
    body = {**json.loads(chat(text="Hello")), "model": "status-429", "provider": {"order": ["Near"]}}
    async with aiohttp.ClientSession() as session, session.post(f"{router.base_url}/chat/completions", json=body) as answer:
        assert (answer.status, (await answer.json())["provider"]) == (429, "Near")
    assert repr(router) == f"<PretendedRouter {router.base_url} {{'Near': 1}}>"


async def test_stream_through_the_router_ends_as_that_of_its_server(router):
    _, text = await post(router, stream=True, provider={"order": ["Near"]})
    assert text.endswith("data: [DONE]\n\n")
    assert all(json.loads(line[6:])["provider"] == "Near" for line in text.split("\n\n")[:-2])
