"""proxy.client.request_trailers: no trailer of one request becomes a field of the next, however the two come."""

import asyncio
from itertools import pairwise

import pytest
from aiohttp.web_protocol import _ErrInfo

from proxy.client.request_trailers import RequestTrailers, parts_plainly
from tests.running import until
from tests.wires import PATIENCE, client, get, ok, plane, post, scripted

HEAD = b"POST /v1/x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n"
BARE = HEAD + b"3\r\nabc\r\n0\r\n\r\n"
TRAILED = HEAD + b"3\r\nabc\r\n0\r\nX-Sum: 1\r\nAuthorization: Bearer another-clients\r\n\r\n"
LAST = get(b"/v1/last")


def leaked(provider):
    return [request for request in provider.requests if b"another-clients" in request or b"X-Sum" in request]


async def test_a_request_behind_the_answer_to_one_with_a_trailer_has_its_own_fields_alone():
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        for _ in range(2):
            await asked.send(TRAILED)
            await asked.until(b"\r\n\r\nx")
        await asked.send(LAST)
        await asked.until(b"\r\n\r\nx")
        assert (len(provider.requests), leaked(provider)) == (3, [])


@pytest.mark.slow
@pytest.mark.parametrize("cut", range(len(HEAD), len(TRAILED)))
async def test_a_trailer_that_comes_in_two_pieces_ends_no_connection(cut):
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(TRAILED[:cut])
        await until(lambda: running.stats.in_flight)
        await asked.send(TRAILED[cut:])
        await asked.until(b"\r\n\r\nx")
        await asked.send(LAST)
        await asked.until(b"\r\n\r\nx")
        assert (len(provider.requests), leaked(provider)) == (2, [])


@pytest.mark.parametrize("cut", [0, 1, 4, *range(len(HEAD), len(TRAILED) + 3, 3), len(TRAILED)])
async def test_no_trailer_reaches_a_request_that_is_pipelined_behind_it(cut):
    sent = TRAILED + LAST
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        for begin, end in pairwise([0, cut, len(sent)]):
            await asked.send(sent[begin:end])
            await asyncio.sleep(0)
        await asked.rest()
        assert leaked(provider) == []


@pytest.mark.parametrize("apart", [False, True])
async def test_the_answer_says_that_its_connection_ends_where_a_request_behind_the_trailer_came_before_it(apart):
    async def script(wire):
        await wire.request()
        await asyncio.wait_for(pipelined.wait(), PATIENCE)
        await wire.send(ok(b"x"))

    pipelined = asyncio.Event()
    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(TRAILED if apart else TRAILED + LAST)
        await until(lambda: provider.connections)
        if apart:
            await asked.send(LAST)
        (door,) = running.plane._listener.connections
        await until(lambda: door.last)
        pipelined.set()
        assert await asked.rest() == b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
        assert provider.connections == 1


async def test_a_request_that_comes_behind_the_trailer_when_the_answer_has_begun_finds_its_connection_closed_in_order():
    async def script(wire):
        await wire.request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx")
        await asyncio.wait_for(pipelined.wait(), PATIENCE)
        await wire.send(b"y")

    pipelined = asyncio.Event()
    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(TRAILED)
        await asked.until(b"\r\n\r\nx")
        await asked.send(LAST)
        (door,) = running.plane._listener.connections
        await until(lambda: door.last)
        pipelined.set()
        assert await asked.rest() == b"y"
        assert provider.connections == 1


@pytest.mark.parametrize("first", [BARE, BARE + post(b"{}", close=False), post(b"{}", close=False) + BARE, BARE * 3])
async def test_a_request_pipelined_behind_chunks_without_a_trailer_is_answered(first):
    sent = first + LAST
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(sent)
        assert (await asked.rest()).count(b"HTTP/1.1 200 OK") == sent.count(b" HTTP/1.1\r\n")


async def test_a_request_that_comes_behind_an_unanswered_one_with_a_trailer_is_not_read():
    free = asyncio.Event()

    async def script(wire):
        while True:
            provider.requests.append(await wire.request())
            await asyncio.wait_for(free.wait(), PATIENCE)
            await wire.send(ok(b"x"))

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(TRAILED)
        await until(lambda: provider.requests)
        (door,) = running.plane._listener.connections
        await asked.send(LAST)
        await until(lambda: door._messages)
        free.set()
        assert (await asked.rest()).count(b"HTTP/1.1 200 OK") == 1
        assert (len(provider.requests), leaked(provider)) == (1, [])


@pytest.mark.parametrize(
    ("head", "plainly"),
    [
        (b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 0\r\n\r\n", True),
        (HEAD, False),
        (b"GET /v1/x HTTP/1.1\r\nHost: p\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", False),
    ],
)
async def test_a_request_is_split_plainly_from_what_follows_unless_it_has_chunks_or_upgrades(head, plainly):
    async with plane("http://127.0.0.1:9/v1") as running, client(running.port):
        (door,) = await until(lambda: running.plane._listener.connections)
        parser = RequestTrailers().parser(door, asyncio.get_running_loop(), 1024, 8)
        ((message, _),), *_ = parser.feed_data(head)
    assert parts_plainly(message) == plainly


def test_a_request_that_could_not_be_parsed_is_not_split_plainly_from_what_follows():
    assert not parts_plainly(_ErrInfo(status=400, exc=ValueError(), message=""))
