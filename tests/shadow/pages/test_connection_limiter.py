"""Connections beyond the limit get 503, and idle ones are closed."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from shadow.pages.connection_limiter import IDLE_SECONDS, ConnectionLimiter
from tests.running import PATIENCE, until
from tests.wires import client, get

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class Port:
    def __init__(self, most):
        self.now, self.refused, self.may_answer = 0.0, 0, asyncio.Event()
        self.requested = asyncio.Event()
        self.may_answer.set()
        self.limiter = ConnectionLimiter(most=most, refused=self._refuse, clock=lambda: self.now)

    def _refuse(self):
        self.refused += 1

    async def handle(self, _):
        self.requested.set()
        await self.may_answer.wait()
        return web.Response(text="answer")


@asynccontextmanager
async def limited_port(most=2):
    port = Port(most)
    app = web.Application(middlewares=[port.limiter.middleware])
    app.router.add_get("/", port.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    server = await asyncio.get_running_loop().create_server(port.limiter.protocol_factory(runner.server), "127.0.0.1", 0)
    port.number = server.sockets[0].getsockname()[1]
    yield port
    server.close()
    await runner.cleanup()


async def answered(peer):
    await peer.send(REQUEST)
    return await peer.until(b"answer")


async def is_closed(peer):
    try:
        return await peer.rest() == b""
    except ConnectionError:
        return True


async def test_a_connection_beyond_the_limit_is_refused_and_counted_until_another_ends():
    async with limited_port(most=2) as at:
        async with client(at.number) as one:
            async with client(at.number) as two:
                assert b"200 OK" in await answered(one)
                assert b"200 OK" in await answered(two)
                async with client(at.number) as three:
                    assert (await three.rest()).startswith(b"HTTP/1.1 503 ")
                assert (at.refused, len(at.limiter)) == (1, 2)
            await until(lambda: len(at.limiter) == 1)
            async with client(at.number) as again:
                assert b"200 OK" in await answered(again)
        assert at.refused == 1


@pytest.mark.parametrize("sent", [b"", REQUEST[:-3]], ids=["nothing", "half a head"])
async def test_connection_without_a_request_is_closed_beyond_120_seconds(sent):
    assert IDLE_SECONDS == 120
    async with limited_port() as at, client(at.number) as idle, client(at.number) as active:
        await idle.send(sent)
        await answered(active)
        at.now = 120.0
        at.limiter.close_idle()
        await answered(active)
        at.now = 120.0 + 1
        at.limiter.close_idle()
        assert await is_closed(idle)
        assert b"200 OK" in await answered(active)


async def test_a_connection_that_waits_for_its_answer_is_not_closed():
    async with limited_port() as at, client(at.number) as slow:
        at.may_answer.clear()
        await slow.send(get(b"/"))
        await asyncio.wait_for(at.requested.wait(), PATIENCE)
        at.now = 10 * 120.0
        at.limiter.close_idle()
        at.may_answer.set()
        assert (await slow.rest()).endswith(b"answer")
