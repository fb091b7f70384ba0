"""The HTTP client for MCP servers: answers with a bound, a token where there is one."""

import gzip

import pytest
from aiohttp import web

from shadow.studies.worlds.http_bounds import LONGEST_ANSWER, AnswerTooLongError, bounded_http_client


@pytest.fixture
async def address():
    async def answer(request):
        if request.path == "/packed":
            return web.Response(body=gzip.compress(b"x"), headers={"Content-Encoding": "gzip"})
        if request.path == "/token":
            return web.json_response([request.headers.get("Authorization"), request.headers["Accept-Encoding"]])
        kind = "text/event-stream" if request.path == "/events" else "application/json"
        return web.Response(body=b"x" * int(request.query["size"]), content_type=kind)

    app = web.Application()
    app.router.add_get("/{path}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    await runner.cleanup()


async def test_an_answer_at_the_bound_is_read_and_a_longer_one_is_not(address):
    async with bounded_http_client("", seconds=5) as client:
        whole = await client.get(f"{address}/json?size={8 * 2**20}")
        assert len(whole.content) == LONGEST_ANSWER == 8_388_608
        with pytest.raises(AnswerTooLongError, match="it sent an answer of more than 8 MiB"):
            await client.get(f"{address}/json?size={8 * 2**20 + 1}")


async def test_a_stream_of_events_has_no_bound_as_a_whole(address):
    async with bounded_http_client("", seconds=5) as client:
        assert len((await client.get(f"{address}/events?size={9 * 2**20}")).content) == 9 * 2**20


async def test_a_compressed_answer_is_refused_because_it_may_unpack_to_anything(address):
    async with bounded_http_client("", seconds=5) as client:
        with pytest.raises(AnswerTooLongError, match="compressed"):
            await client.get(f"{address}/packed")


async def test_a_token_is_sent_where_there_is_one(address):
    async with bounded_http_client("t", seconds=5) as client:
        assert (await client.get(f"{address}/token")).json() == ["Bearer t", "identity"]
    async with bounded_http_client("", seconds=5) as client:
        assert (await client.get(f"{address}/token")).json() == [None, "identity"]


async def test_an_answer_may_take_five_minutes_and_all_else_as_long_as_is_given():
    async with bounded_http_client("", seconds=7) as client:
        assert client.timeout.as_dict() == {"connect": 7, "read": 300, "write": 7, "pool": 7}
