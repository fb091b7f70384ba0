"""A provider that drifts is found, named and dated while it serves, and its mending too; a faithful one stays ok; a restart

changes nothing, and what was told to nobody is told by the next process.
"""

import asyncio
import itertools
import json
import sys
import time
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from shadow.demo.planted_faults import FAITHFUL, PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from shadow.report.drift_lines import drift_lines
from tests.running import chat, until

pytestmark = [pytest.mark.journey, pytest.mark.promise("audit.drift")]

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "candidate"
reference = "official"
[proxy.providers.candidate]
base_url = "{candidate}"
[proxy.providers.official]
base_url = "{official}"
[shadow]
sample_rate = 1.0
concurrency = 500
[admin]
listen = "127.0.0.1:0"
models = ["pretend-small"]
"""
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city"],
        },
    },
}
_numbers = itertools.count(1)


async def ask(served, count: int) -> None:
    """So many requests, no two alike."""
    async with aiohttp.ClientSession() as session:

        async def one(number: int) -> None:
            body = chat(
                text=f"What is the weather in town number {number}?", tools=[WEATHER], tool_choice="auto", temperature=0.6
            )
            headers = {"Content-Type": "application/json"}
            async with session.post(f"{served.data}/v1/chat/completions", data=body, headers=headers) as got:
                await got.read()

        for _ in range(0, count, 20):
            await asyncio.gather(*(one(next(_numbers)) for _ in range(20)))


async def judged(served, pairs: int) -> None:
    """Wait until so many pairs were judged."""

    async def enough() -> bool:
        return await served.metric("sameweights_drift_pairs_total", signal="error") >= pairs

    await until(enough)


def line(served):
    reader = served.reader
    try:
        [found] = drift_lines(reader)
    finally:
        reader.close()
    return found


async def test_a_faithful_provider_stays_ok(serve):
    async with (
        PretendedServer(seed=1) as candidate,
        PretendedServer(seed=2) as official,
        serve(CONFIG.format(candidate=candidate.base_url, official=official.base_url)) as served,
    ):
        await ask(served, 120)
        await judged(served, 120)
        assert await served.metric("sameweights_drift_state", provider="candidate", state="drift") == 0
        assert line(served).state in {"ok", "suspect"}
        assert line(served).pairs == 120


@pytest.mark.parametrize(
    ("faults", "names"),
    [
        (PlantedFaults(garble_arguments=0.9), {"schema"}),
        (PlantedFaults(drop_tool_calls=0.9), {"trigger", "trigger_rate"}),
        (PlantedFaults(extra_prompt_tokens=7), {"prompt_tokens"}),
    ],
)
async def test_a_provider_that_begins_to_drift_is_named_and_dated_and_a_restart_keeps_it(serve, faults, names):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml) as served:
            candidate.faults = FAITHFUL
            await ask(served, 80)
            await judged(served, 80)
            began = time.time()
            candidate.faults = faults
            await ask(served, 80)
            await judged(served, 160)
            found = line(served)
            assert (found.state, found.provider) == ("drift", "candidate")
            assert found.name in names
            assert found.earliest <= began + 5
            assert found.latest >= began - 5
            assert await served.metric("sameweights_drift_state", provider="candidate", state="drift") == 1
        async with serve(toml) as again:

            async def shown() -> bool:
                return await again.metric("sameweights_drift_state", provider="candidate", state="drift") == 1

            await until(shown)
            assert line(again) == found


async def told(*arguments: str) -> tuple[int, str]:
    """The exit code and the words of a command."""
    command = (sys.executable, "-P", "-m", "shadow.cli", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    words, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, words.decode()


async def test_a_mended_provider_has_recovered_and_a_report_fails_on_drift_only_while_it_drifts(serve, tmp_path):
    async with (
        PretendedServer(seed=1) as candidate,
        PretendedServer(seed=2) as official,
        serve(CONFIG.format(candidate=candidate.base_url, official=official.base_url)) as served,
    ):
        report = ("report", "--db", str(served.database), "--since", "2100-01-01", "--until", "2100-01-02", "--fail-on-drift")
        candidate.faults = PlantedFaults(drop_tool_calls=0.9)
        await ask(served, 100)
        await judged(served, 100)
        assert line(served).state == "drift"
        code, words = await told(*report)
        assert (code, "calls a tool" in words or "how often it calls" in words) == (3, True), words
        candidate.faults = FAITHFUL
        asked = 100
        while line(served).state == "drift" and asked < 1_000:
            await ask(served, 60)
            asked += 60
            await judged(served, asked)
        assert line(served).state == "recovered"
        assert (await told(*report))[0] == 4, "no drift, and nothing compared in that period"


@asynccontextmanager
async def receiving(port: int = 0, status: int = 200):
    """A webhook, what it got, and its port."""
    got = []

    async def take(request):
        got.append((request.headers["X-Sameweights-Delivery"], json.loads(await request.read())))
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield got, site._server.sockets[0].getsockname()[1]
    finally:
        await runner.cleanup()


async def test_what_nobody_was_told_at_the_end_is_told_once_at_the_next_start(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        candidate.faults = PlantedFaults(drop_tool_calls=0.9)
        async with receiving(status=503) as (refused, port):
            toml += f'[drift]\nwebhook = "http://127.0.0.1:{port}/hook"\n'
            async with serve(toml) as served:
                await ask(served, 100)
                await judged(served, 100)
                await until(lambda: refused)
        async with receiving(port) as (got, _):
            async with serve(toml):
                await until(lambda: got)
            async with serve(toml) as again:
                code, words = await told("drift", "ack", "--db", str(again.database), "--fixed")
                assert code == 0, words
                await until(lambda: len(got) > 1)
    assert [event["state"] for _, event in got] == ["drift", "ok"]
    assert (got[0][0], got[0][1]["provider"]) == (refused[0][0], "candidate")


async def test_a_restart_in_the_middle_of_a_drift_changes_nothing(serve):
    """Stopped while the evidence grows: the next process goes on from it, and what both saw is judged as by one."""
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml) as served:
            await ask(served, 60)
            await judged(served, 60)
            candidate.faults = PlantedFaults(drop_tool_calls=0.9)
            began = time.time()
            await ask(served, 20)
            await judged(served, 80)
            before = line(served)
        async with serve(toml) as again:

            async def loaded() -> bool:
                return await again.metric("sameweights_drift_log_evidence", provider="candidate", signal=before.strongest) != 0

            await until(loaded)
            assert line(again) == before
            await ask(again, 120)
            await judged(again, 120)
            found = line(again)
            assert (found.state, found.pairs) == ("drift", 200)
            assert found.earliest <= began + 5
            assert found.latest >= began - 5
