"""A provider that drifts is found, named and dated while it serves; a faithful one stays ok; a restart changes nothing."""

import asyncio
import itertools
import time

import aiohttp
import pytest

from shadow.studies.faults import FAITHFUL, Faults
from shadow.studies.pretend import Pretend
from shadow.views.drifting import drift_lines
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
        Pretend(seed=1) as candidate,
        Pretend(seed=2) as official,
        serve(CONFIG.format(candidate=candidate.base_url, official=official.base_url)) as served,
    ):
        await ask(served, 120)
        await judged(served, 120)
        assert await served.metric("sameweights_drift_state", provider="candidate", state="drift") == 0
        assert line(served).state in {"ok", "suspect"}
        assert line(served).pairs == 120


@pytest.mark.parametrize(
    ("faults", "names"),
    [(Faults(garble_arguments=0.9), {"schema"}), (Faults(drop_tool_calls=0.9), {"trigger", "trigger_rate"})],
)
async def test_a_provider_that_begins_to_drift_is_named_and_dated_and_a_restart_keeps_it(serve, faults, names):
    async with Pretend(seed=1) as candidate, Pretend(seed=2) as official:
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
