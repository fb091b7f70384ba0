"""Stopping loses nothing, a second signal waits for nothing, and other routes are taken without breaking a stream."""

import asyncio
import json
import os
import re
import signal
import time
from contextlib import closing

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.journeys.test_whole_path_of_a_request import CONFIG, audited, post
from tests.running import PATIENCE, chat, until
from tests.wires import STREAM_HEAD, chunks, client, scripted

pytestmark = pytest.mark.journey

LAST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
NEW_ROUTE = """[proxy.providers.fresh]
base_url = "{fresh}"
[[proxy.routes]]
name = "new"
model = "new-*"
provider = "fresh"
[shadow]
"""
SLOW = "\n[proxy.timeouts]\ngrace = {grace}\n"


def streaming(finish: asyncio.Event, begun: asyncio.Event):
    async def script(wire):
        while True:
            await wire.request()
            await wire.send(STREAM_HEAD + chunks(b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'))
            begun.set()
            await finish.wait()
            await wire.send(chunks(LAST, b"data: [DONE]\n\n") + b"0\r\n\r\n")

    return script


async def read_on(session, base, **headers):
    async with post(session, base, chat(stream=True), **headers) as got:
        return got.status, (await got.read()).rstrip().endswith(b"data: [DONE]")


@pytest.mark.promise("stop.drains", "stop.recorded")
async def test_sigterm_lets_streams_finish_records_them_and_exits_0(serve):
    finish, begun = asyncio.Event(), asyncio.Event()
    async with scripted(streaming(finish, begun)) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.url, official=official.base_url) + SLOW.format(grace=20)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            reading = asyncio.create_task(read_on(session, served.data))
            await asyncio.wait_for(begun.wait(), PATIENCE)
            async with client(int(served.data.rpartition(":")[2])) as idle:
                served.process.send_signal(signal.SIGTERM)
                # an idle connection is closed when the draining begins
                assert await idle.rest() == b""
            assert not reading.done()
            finish.set()
            assert await reading == (200, True)
            assert await asyncio.wait_for(served.process.wait(), PATIENCE) == 0
            assert len(await audited(served, 1)) == 1


@pytest.mark.promise("stop.bounded")
async def test_sigterm_with_a_hanging_stream_and_shadow_exits_soon_after_the_grace_period(serve):
    finish, begun = asyncio.Event(), asyncio.Event()
    async with scripted(streaming(finish, begun)) as candidate, scripted(lambda wire: wire.gone()) as official:
        toml = CONFIG.format(candidate=candidate.url, official=official.url) + SLOW.format(grace=1)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            reading = asyncio.create_task(read_on(session, served.data))
            await asyncio.wait_for(begun.wait(), PATIENCE)
            started = time.monotonic()
            served.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(served.process.wait(), PATIENCE) == 0
            assert time.monotonic() - started < 1 + 3 + 12
            with pytest.raises(aiohttp.ClientError):
                await reading


@pytest.mark.promise("stop.second_signal")
async def test_second_signal_exits_at_once(serve):
    finish, begun = asyncio.Event(), asyncio.Event()
    async with scripted(streaming(finish, begun)) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.url, official=official.base_url) + SLOW.format(grace=600)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            reading = asyncio.create_task(read_on(session, served.data))
            await asyncio.wait_for(begun.wait(), PATIENCE)
            children = served.children()
            async with client(int(served.data.rpartition(":")[2])) as idle:
                served.process.send_signal(signal.SIGTERM)
                assert await idle.rest() == b"", "the first signal was handled; the system makes one of two that wait"
            served.process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(served.process.wait(), PATIENCE)
            assert not [pid for pid in children.values() if _alive(pid)]
            with pytest.raises(aiohttp.ClientError):
                await reading


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.promise("reload.routes", "reload.fault")
async def test_reload_applies_routes_without_breaking_a_stream_and_ignores_an_invalid_file(serve, tmp_path):
    finish, begun = asyncio.Event(), asyncio.Event()
    async with (
        scripted(streaming(finish, begun)) as candidate,
        PretendedServer(seed=2) as official,
        PretendedServer(seed=3) as fresh,
    ):
        toml = CONFIG.format(candidate=candidate.url, official=official.base_url)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            reading = asyncio.create_task(read_on(session, served.data))
            await asyncio.wait_for(begun.wait(), PATIENCE)
            path = tmp_path / "sameweights.toml"
            good = path.read_text()
            path.write_text(good.replace('provider = "candidate"', 'provider = "nobody"'))
            served.process.send_signal(signal.SIGHUP)
            assert await until(lambda: any("nobody" in line for line in served.errors))
            assert any("reload_refused" in line and "nothing is changed" in line for line in served.errors)
            assert await until(lambda: _has(served, "sameweights_config_last_reload_successful", 0))
            added = NEW_ROUTE.format(fresh=fresh.base_url)
            path.write_text(good.replace("[shadow]\n", added).replace('"127.0.0.1:0"\nmodels', '"127.0.0.1:1"\nmodels'))
            served.process.send_signal(signal.SIGHUP)

            async def taken() -> bool:
                async with post(session, served.data, chat(model="new-model")) as got:
                    return got.status == 200 and bool(fresh.requests) if got.content_type == "application/json" else False

            assert await until(lambda: any("config_reloaded" in line for line in served.errors))
            assert await until(lambda: _has(served, "sameweights_config_last_reload_successful", 1))
            assert await until(taken)
            assert any("admin.listen" in line for line in served.errors)
            assert not reading.done()
            finish.set()
            assert await reading == (200, True)

            async def counted() -> bool:
                return await served.metric("sameweights_requests_total", provider="fresh", code="2xx") >= 1

            assert await until(counted)
            assert "Traceback" not in "".join(served.errors)


NEW_PROVIDER = """[proxy.providers.fresh]
base_url = "{fresh}"
quantization = "int4"
[proxy.providers.second]
base_url = "{second}"
[[proxy.routes]]
name = "new"
model = "new-model"
provider = "fresh"
reference = "second"
[shadow]
"""


@pytest.mark.promise("reload.everywhere")
async def test_every_part_of_the_audit_uses_a_provider_a_reference_and_a_route_that_a_reload_brought(serve, tmp_path):
    async with (
        PretendedServer(seed=1) as candidate,
        PretendedServer(seed=2) as official,
        PretendedServer(seed=3) as fresh,
        PretendedServer(seed=4) as second,
    ):
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            path = tmp_path / "sameweights.toml"
            added = NEW_PROVIDER.format(fresh=fresh.base_url, second=second.base_url)
            path.write_text(path.read_text().replace("[shadow]\n", added))
            served.process.send_signal(signal.SIGHUP)
            assert await until(lambda: any("config_reloaded" in line for line in served.errors))
            for number in range(20 + 5):
                async with post(session, served.data, chat(model="new-model", text=f"Count to {number}")) as got:
                    assert got.status == 200
                    await got.read()

            async def paired() -> bool:
                # the first may have come before the order had reached its process, and a busy machine drops some
                found = {(each.pair.route, each.pair.provider, each.pair.reference) for each in await audited(served, 1)}
                return ("new", "fresh", "second") in found

            assert await until(paired)

            async def judged() -> bool:
                group = {"route": "new", "model": "new-model", "provider": "fresh", "reference": "second"}
                return await served.metric("sameweights_drift_state", **group, state="ok") == 1

            assert await until(judged)
            with closing(served.reader) as reader:
                facts = [json.loads(row.facts) for row in reader.identity_queries.latest(10) if row.provider == "fresh"]
            assert {value for each in facts for value in each["declared quantization"]} == {"int4"}
            async with session.get(f"{served.admin}/pairs") as page:
                offered = re.findall(r"<option[^>]*>\s*(\w+)", await page.text())
            assert {"candidate", "official", "fresh", "second"} <= set(offered)


async def _has(served, name: str, value: float) -> bool:
    return await served.metric(name) == value
