"""As many connections as there is room for, the next one is told so, and who stays silent goes."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from shadow.pages.connection_limiter import PATIENCE, ConnectionLimiter
from tests.running import until
from tests.wires import client, get

ASK = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


class Port:
    def __init__(self, most):
        self.now, self.refused, self.answer = 0.0, 0, asyncio.Event()
        self.asked = asyncio.Event()
        self.answer.set()
        self.entrance = ConnectionLimiter(most=most, refused=self._refuse, clock=lambda: self.now)

    def _refuse(self):
        self.refused += 1

    async def handle(self, _):
        self.asked.set()
        await self.answer.wait()
        return web.Response(text="told")


@asynccontextmanager
async def port(most=2):
    made = Port(most)
    app = web.Application(middlewares=[made.entrance.watch])
    app.router.add_get("/", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    server = await asyncio.get_running_loop().create_server(made.entrance.before(runner.server), "127.0.0.1", 0)
    made.number = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await runner.cleanup()


async def answered(guest):
    await guest.send(ASK)
    return await guest.until(b"told")


async def test_a_connection_beyond_the_limit_is_refused_and_counted_until_another_ends():
    async with port(most=2) as at:
        async with client(at.number) as one:
            async with client(at.number) as two:
                assert b"200 OK" in await answered(one)
                assert b"200 OK" in await answered(two)
                async with client(at.number) as three:
                    assert (await three.rest()).startswith(b"HTTP/1.1 503 ")
                assert (at.refused, len(at.entrance)) == (1, 2)
            await until(lambda: len(at.entrance) == 1)
            async with client(at.number) as again:
                assert b"200 OK" in await answered(again)
        assert at.refused == 1


@pytest.mark.parametrize("begun", [b"", ASK[:-3]], ids=["nothing", "half a head"])
async def test_a_connection_without_a_request_is_closed_after_its_time(begun):
    async with port() as at, client(at.number) as silent, client(at.number) as asking:
        await silent.send(begun)
        await answered(asking)
        at.now = PATIENCE
        at.entrance.sweep()
        await answered(asking)
        at.now = PATIENCE + 1
        at.entrance.sweep()
        with pytest.raises(ConnectionError):
            raise ConnectionError if await silent.rest() == b"" else AssertionError
        assert b"200 OK" in await answered(asking)


async def test_a_connection_that_waits_for_its_answer_is_not_closed():
    async with port() as at, client(at.number) as slow:
        at.answer.clear()
        await slow.send(get(b"/"))
        await asyncio.wait_for(at.asked.wait(), 10)
        at.now = 10 * PATIENCE
        at.entrance.sweep()
        at.answer.set()
        assert (await slow.rest()).endswith(b"told")
