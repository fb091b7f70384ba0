from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest
from aiohttp import web

from shadow.demo.demo_traffic import DemoTraffic
from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer, ResponsePace
from tests.running import until

pytestmark = pytest.mark.slow


QUICK = ResponsePace(first_token=0, chunks_per_second=2_000)


async def prefix_proxy(pretend, runners):
    """Base URL of a minimal proxy that forwards /{provider}/v1/... to `pretend`."""

    async def forward(request):
        async with aiohttp.ClientSession() as session:
            answer = await session.post(f"{pretend.base_url}/chat/completions", data=await request.read())
            return web.Response(status=answer.status, body=await answer.read())

    app = web.Application()
    app.router.add_post("/{provider}/v1/chat/completions", forward)
    runner = web.AppRunner(app)
    runners.append(runner)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def finished_traffic(pretend, seconds):
    runners = []
    traffic = DemoTraffic(base=await prefix_proxy(pretend, runners), providers=["one", "two"], model="m", width=2, seed="t")
    await traffic.run(seconds)
    await runners[0].cleanup()
    return traffic


async def test_traffic_reaches_every_provider_and_continues_after_tool_calls():
    async with PretendedServer(pace=QUICK) as pretend:
        traffic = await finished_traffic(pretend, 1.0)
        assert set(traffic.sent) == {"one", "two"}
        assert not traffic.failed
        assert pretend.open_streams == 0
        assert len(pretend.requests) == pretend.answered == traffic.sent.total()
        assert any(message["role"] == "tool" for seen in pretend.requests for message in seen.json["messages"])
        assert {seen.json.get("stream", False) for seen in pretend.requests} == {True, False}


async def test_sessions_name_twelve_requests_in_a_row_as_one_conversation():
    named = []

    async def respond(request):
        named.append(request.headers.get("x-sameweights-conversation", ""))
        return web.json_response({"choices": [{"message": {"role": "assistant", "content": "ok"}}]})

    app = web.Application()
    app.router.add_post("/{provider}/v1/chat/completions", respond)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    traffic = DemoTraffic(base=base, providers=["one", "two"], model="m", width=2, seed="t", sessions={"two"})
    running = asyncio.create_task(traffic.run(30))
    await until(lambda: "0-1" in named and "1-1" in named)
    running.cancel()
    await runner.cleanup()
    assert (named.count("0-0"), named.count("1-0")) == (12, 12)
    assert "" in named


async def test_failures_are_counted_and_do_not_stop_the_traffic():
    async with PretendedServer(pace=QUICK, faults=PlantedFaults(error_rate=0.5)) as pretend:
        traffic = await finished_traffic(pretend, 0.5)
        assert 0 < traffic.failed.total() < traffic.sent.total()
        assert traffic.reasons.total() == traffic.failed.total()
        assert all("pretended failure" in why for why in traffic.reasons)


@pytest.mark.parametrize(("least", "sent"), [(0, {2}), (30, {30, 31})])
async def test_traffic_goes_on_after_its_seconds_until_the_least_number_was_sent(least, sent):
    """Each of the two clients ends with its own request, so that one more than the least may be sent."""
    async with PretendedServer(pace=QUICK) as pretend:
        runners = []
        traffic = DemoTraffic(base=await prefix_proxy(pretend, runners), providers=["one"], model="m", width=2, seed="t")
        await traffic.run(0, least=least)
        await runners[0].cleanup()
    assert traffic.sent.total() in sent


@pytest.fixture
async def silent():
    """Base URL of a server that accepts connections and sends nothing; the writers of its connections."""
    open_ones = []
    server = await asyncio.start_server(lambda _, writer: open_ones.append(writer), "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", open_ones
    for writer in open_ones:
        writer.close()
    server.close()


async def test_proxy_that_sends_nothing_ends_the_traffic_at_its_deadline(silent):
    traffic = DemoTraffic(base=silent[0], providers=["one"], model="m", width=2, seed="t")
    await traffic.run(0, least=30, most_seconds=0.3)
    assert traffic.reasons == {"one: no response when the traffic was cut after 0.3 s": 2}
    assert (traffic.sent.total(), traffic.answered.total(), traffic.failed.total()) == (2, 0, 2)


async def test_requests_that_fail_after_the_seconds_end_the_traffic(silent):
    base, open_ones = silent
    traffic = DemoTraffic(base=base, providers=["one"], model="m", width=1, seed="t")
    running = asyncio.create_task(traffic.run(0, least=30))
    await until(lambda: len(open_ones) == 1)
    open_ones[0].close()
    await running
    assert (traffic.sent.total(), traffic.failed.total()) == (1, 1)


async def test_unreachable_proxy_is_counted_as_a_failure_with_its_reason():
    with socket.socket() as unserved:
        unserved.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unserved.getsockname()[1]}"
        traffic = DemoTraffic(base=base, providers=["one"], model="m", width=1, seed="t", pause=0.01)
        await traffic.run(0.1)
    assert traffic.failed == traffic.sent
    assert any("ClientConnectorError" in why for why in traffic.reasons)
