"""proxy.pool: connections kept a short while, watched while busy, counted always."""

import asyncio

import pytest

from tests.running import until
from tests.wires import PATIENCE, ask, get, ok, plane, scripted


async def test_a_connection_serves_again_and_again():
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        for _ in range(10):
            await ask(running.port, get())
        assert (provider.connections, running.pulse.upstream_open) == (1, 1)


@pytest.mark.parametrize("fields", [(b"Connection: close",), ()])
async def test_a_connection_that_will_close_is_not_kept(fields):
    answer = ok(b"x", *fields) if fields else b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"
    async with scripted(None, answer) as provider, plane(provider.url) as running:
        for _ in range(3):
            assert (await ask(running.port, get())).endswith(b"x")
        await until(lambda: running.pulse.upstream_open == 0)
        assert provider.connections == 3


async def test_idle_connections_are_dropped_after_their_time():
    async with scripted(None, ok()) as provider, plane(provider.url, timeouts={"pool_idle": 0.1}) as running:
        await ask(running.port, get())
        await until(lambda: running.pulse.upstream_open == 0)
        await ask(running.port, get())
        assert provider.connections == 2


async def test_a_providers_own_limit_is_heeded():
    async with scripted(None, ok(b"", b"Keep-Alive: timeout=1")) as provider, plane(provider.url) as running:
        for _ in range(3):
            await ask(running.port, get())
        assert provider.connections == 3


async def test_a_close_seen_on_an_idle_connection_teaches_to_be_earlier():
    async def script(wire):
        await wire.request()
        await wire.send(ok())
        await asyncio.sleep(0.7)

    async with scripted(script) as provider, plane(provider.url) as running:
        await ask(running.port, get())
        await until(lambda: running.pulse.upstream_open == 0)
        pool = running.plane._upstream._pool
        (learnt,) = pool._learnt.values()
        assert 0.5 <= learnt < 0.7


async def test_the_limit_of_connections_refuses_with_a_sentence():
    free = asyncio.Event()

    async def script(wire):
        await wire.request()
        await asyncio.wait_for(free.wait(), PATIENCE)
        await wire.send(ok(b"late"))

    async with scripted(script) as provider, plane(provider.url, limits={"upstream_connections": 1}) as running:
        first = asyncio.create_task(ask(running.port, get()))
        await until(lambda: running.pulse.upstream_open == 1)
        answer = await ask(running.port, get())
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"all 1 connections" in answer
        free.set()
        assert (await first).endswith(b"late")


async def test_hundreds_at_once_have_no_limit_by_default():
    ready, count = asyncio.Event(), 300

    async def script(wire):
        await wire.request()
        if provider.connections == count:
            ready.set()
        await asyncio.wait_for(ready.wait(), PATIENCE)
        await wire.send(ok(b"x", b"Connection: close"))

    async with scripted(script) as provider, plane(provider.url) as running:
        answers = await asyncio.gather(*[ask(running.port, get()) for _ in range(count)])
        assert {answer[:15] for answer in answers} == {b"HTTP/1.1 200 OK"}
        await until(lambda: running.pulse.upstream_open == 0)
