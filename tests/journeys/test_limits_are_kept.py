"""A thousand open streams and large bodies in the stated memory, as many clients as the limit allows, and a short soak."""

import asyncio
import re
from pathlib import Path

import aiohttp
import pytest

from bench.soak import soak
from tests.journeys.test_whole_path_of_a_request import CONFIG
from tests.wires import STREAM_HEAD, chunks, client, get, ok, plane, post, scripted

pytestmark = pytest.mark.journey

STREAMS = 1_000
A_STREAM = 64 * 1024
"""Bytes that an open stream may cost in the data plane, its capture of the few events included: 64 MB for a thousand."""
LARGE = 200 * 1024 * 1024
BOUND = 48 * 1024 * 1024


def resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) * 1024


@pytest.mark.promise("memory.streams")
async def test_thousand_open_streams_stay_within_the_documented_memory(serve):
    finish = asyncio.Event()

    async def script(wire):
        await wire.request()
        await wire.send(STREAM_HEAD + chunks(b"data: {}\n\n"))
        await finish.wait()
        await wire.send(chunks(b"data: [DONE]\n\n") + b"0\r\n\r\n")

    async with scripted(script) as provider:
        toml = CONFIG.format(candidate=provider.url, official=provider.url).replace("[shadow]\n", "[shadow]\nenabled = false\n")
        connector = aiohttp.TCPConnector(limit=0)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession(connector=connector) as session:
            worker = served.children()["proxy.server"]
            before = resident(worker)
            free = asyncio.Semaphore(50)

            async def opened():
                async with free:
                    got = await session.post(f"{served.data}/v1/chat/completions", data=b'{"stream":true}')
                    await got.content.readuntil(b"\n\n")
                    return got

            streams = await asyncio.gather(*(opened() for _ in range(STREAMS)))
            grown = resident(worker) - before
            finish.set()
            ends = await asyncio.gather(*(got.read() for got in streams))
            assert all(end == b"data: [DONE]\n\n" for end in ends)
            print(f"{STREAMS} open streams: {grown / 2**20:.1f} MB, {grown / STREAMS / 1024:.1f} kB each")
            assert grown < STREAMS * A_STREAM


@pytest.mark.promise("memory.bodies")
async def test_two_hundred_megabytes_pass_either_way_within_the_documented_memory(serve):
    piece = b"x" * 2**20

    async def script(wire):
        head = await wire.head()
        if head.startswith(b"POST"):
            left = LARGE
            while left:
                left -= len(await wire.reader.read(2**18))
            await wire.send(ok())
        else:
            await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
            for _ in range(LARGE // len(piece)):
                await wire.send(piece)

    async def body():
        for _ in range(LARGE // len(piece)):
            yield piece

    async with scripted(script) as provider:
        toml = CONFIG.format(candidate=provider.url, official=provider.url).replace("[shadow]\n", "[shadow]\nenabled = false\n")
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            pids = served.children().values()
            before = sum(map(resident, pids))
            headers = {"Content-Length": str(LARGE)}
            async with session.post(f"{served.data}/v1/files", data=body(), headers=headers) as got:
                assert got.status == 200
            middle = sum(map(resident, pids))
            async with session.get(f"{served.data}/v1/files/1/content") as got:
                size = 0
                async for data in got.content.iter_any():
                    size += len(data)
                assert size == LARGE
            after = sum(map(resident, pids))
            print(f"200 MB up: {(middle - before) / 2**20:.1f} MB; and down: {(after - before) / 2**20:.1f} MB")
            assert max(middle, after) - before < BOUND


@pytest.mark.promise("limits.clients")
async def test_one_client_too_many_is_refused_and_counted_and_the_others_are_not():
    async with scripted(None, ok()) as provider, plane(provider.url, limits={"clients": 2}) as running:
        async with client(running.port) as one, client(running.port) as two:
            for asked in (one, two):
                await asked.send(post(b"{}", close=False))
                assert (await asked.until(b"{}")).startswith(b"HTTP/1.1 200")
            async with client(running.port) as three:
                assert b"503" in (await three.rest())[:16]
            assert running.stats.refused == 1
            await one.send(get())
            assert (await one.rest()).startswith(b"HTTP/1.1 200")
        assert len(provider.requests) == 3


@pytest.mark.promise("limits.admin")
async def test_one_connection_too_many_to_the_admin_port_is_refused_and_counted_and_the_others_are_not(serve):
    toml = CONFIG.format(candidate="http://127.0.0.1:9/v1", official="http://127.0.0.1:9/v1") + "clients = 2\n"
    async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served:
        port = int(served.admin.rpartition(":")[2])
        asking = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        async with client(port) as one, client(port) as two:
            for asked in (one, two):
                await asked.send(asking)
                assert b"sameweights_admin_refused_total 0\n" in await asked.until(b"sameweights_admin_refused_total 0\n")
            async with client(port) as three:
                assert (await three.rest()).startswith(b"HTTP/1.1 503 ")
            await two.send(asking)
            assert await two.until(b"sameweights_admin_refused_total 1\n")


@pytest.mark.promise("runs.on")
async def test_a_short_soak_has_no_failure_and_nothing_grows():
    report = await soak(8.0, clients=4, warm=0.5)
    assert report.asked > 50
    assert report.failures == []
    assert report.good, report
