from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager

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


TOOL_CALLS = [
    {"id": "call_a", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'}},
    {"id": "call_b", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}},
]
PIECES = [
    {"index": 0, "id": "call_a", "type": "function", "function": {"name": "get_weather", "arguments": ""}},
    {"index": 0, "function": {"arguments": '{"city": '}},
    {"index": 1, "id": "call_b", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}},
    {"index": 0, "function": {"arguments": '"Oslo"}'}},
]


@asynccontextmanager
async def proxy(respond):
    """Base URL of a proxy whose every response `respond` makes of the body, and the requests that it had."""
    seen = []

    async def answer(request):
        body = await request.json()
        seen.append((request.headers, body))
        return respond(body)

    app = web.Application()
    app.router.add_post("/{provider}/v1/chat/completions", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()


def calling(body):
    """An answer that calls two tools, streamed where that is requested."""
    if not body.get("stream"):
        return web.json_response({"choices": [{"message": {"role": "assistant", "content": "Wait.", "tool_calls": TOOL_CALLS}}]})
    deltas = [{"content": "Wa"}, {"content": "it."}, *({"tool_calls": [piece]} for piece in PIECES)]
    events = [f"data: {json.dumps({'choices': [{'delta': delta}]})}\n\n" for delta in deltas]
    return web.Response(text="".join([*events, "data: [DONE]\n\n"]), content_type="text/event-stream")


async def sent(respond, least, **more):
    async with proxy(respond) as (base, seen):
        traffic = DemoTraffic(base=base, providers=["one"], model="m", width=1, seed="v", **more)
        await traffic.run(0, least=least)
    return traffic, seen


async def test_conversation_has_four_requests_at_most_each_with_the_answers_and_results_before_it():
    traffic, seen = await sent(calling, 9)
    assert [len(body["messages"]) for _, body in seen] == [2, 5, 8, 11, 2, 5, 8, 11, 2]
    assert {body.get("stream", False) for _, body in seen} == {True, False}
    for _, body in (seen[1], seen[5]):
        said, *results = body["messages"][2:]
        assert (said["content"], said["tool_calls"]) == ("Wait.", TOOL_CALLS)
        assert [result["tool_call_id"] for result in results] == ["call_a", "call_b"]
    assert (traffic.least, traffic.answered["one"], traffic.sent["one"]) == (9, 9, 9)


async def test_requests_have_the_key_of_the_demo_and_name_no_conversation_of_their_own():
    _, seen = await sent(calling, 1)
    fields, body = seen[0]
    assert fields["authorization"] == "Bearer demo"
    assert "x-sameweights-conversation" not in fields
    assert body["model"] == "m"


async def test_answer_without_a_choice_or_a_call_ends_the_conversation():
    _, seen = await sent(lambda _: web.json_response({"choices": []}), 3)
    assert [len(body["messages"]) for _, body in seen] == [2, 2, 2]


@pytest.mark.parametrize(
    ("respond", "reason"),
    [
        (lambda _: web.Response(status=503, text="x" * 201), f"one: status 503: {'x' * 200}"),
        (lambda _: web.Response(status=201, text="made"), "one: status 201: made"),
    ],
)
async def test_failure_is_counted_by_its_status_and_the_begin_of_its_text(respond, reason):
    traffic, _ = await sent(respond, 5)
    assert traffic.reasons == {reason: 1}
    assert (traffic.sent["one"], traffic.failed["one"], traffic.answered["one"]) == (1, 1, 0)


async def test_answer_that_is_no_json_is_a_failure():
    traffic, _ = await sent(lambda _: web.Response(text="data: {broken"), 5)
    (reason,) = traffic.reasons
    assert reason.startswith("one: JSONDecodeError: ")


async def test_clients_of_one_provider_ask_different_questions():
    async with proxy(calling) as (base, seen):
        await DemoTraffic(base=base, providers=["one", "two"], model="m", width=2, seed="t").run(0)
    assert len({body["messages"][1]["content"] for _, body in seen}) == 4


def test_traffic_that_has_not_begun_waits_for_no_answer():
    traffic = DemoTraffic(base="http://127.0.0.1:9", providers=["one"], model="m", width=2, seed="t")
    assert (traffic.least, traffic.sent, traffic.answered) == (0, {}, {})
