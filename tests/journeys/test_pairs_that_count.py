"""What a provider writes in its heads leaves nothing out, and one tie that is repeated is no difference."""

import asyncio
import itertools
import json
import sys
from contextlib import asynccontextmanager

import pytest

from tests.journeys.test_drift_is_detected import CONFIG
from tests.journeys.two_providers import WEATHER, post_chats
from tests.running import chat, until
from tests.wires import ok, scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("audit.drift")]


@asynccontextmanager
async def calling(city: str, *fields: bytes):
    """A server that calls the tool for `city`, each answer under an id of its own."""
    numbers = itertools.count(1)

    async def script(wire):
        while True:
            await wire.request()
            function = {"name": "get_weather", "arguments": json.dumps({"city": city})}
            message = {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c", "type": "function", "function": function}],
            }
            choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
            body = {"id": f"{city}-{next(numbers)}", "object": "chat.completion", "model": "pretend-small", "choices": [choice]}
            await wire.send(ok(json.dumps(body).encode(), b"Content-Type: application/json", *fields))

    async with scripted(script) as server:
        yield server


async def send(served, *bodies: bytes) -> None:
    assert set(await post_chats(served, bodies, at_once=1)) == {200}


async def ruled(served, pairs: int) -> None:
    """Wait until so many pairs were ruled on: counted, or left out."""

    async def enough() -> bool:
        counted = await served.metric("sameweights_drift_pairs_total", signal="arguments")
        return counted + await served.metric("sameweights_drift_excluded_total") >= pairs

    await until(enough)


async def report(served) -> tuple[int, dict]:
    words = ("report", "--since", "all", "--json", "--fail-on-drift", "--db", str(served.database))
    command = (sys.executable, "-P", "-m", "shadow.cli", *words)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    return process.returncode, json.loads(said)


def args(found: dict) -> dict:
    [card] = found["cards"]
    [line] = [line for line in card["signals"] if line["signal"] == "arguments"]
    return line


async def test_provider_with_age_headers_is_judged_like_any_other(serve):
    fields = (b"Age: 1", b"X-Cache: HIT", b"Cache-Status: edge; hit")
    async with (
        calling("Rome", *fields) as candidate,
        calling("Paris") as official,
        serve(CONFIG.format(candidate=candidate.url, official=official.url)) as served,
    ):
        await send(served, *(chat(text=f"Weather? {number}", tools=[WEATHER], temperature=0.6) for number in range(60)))
        await ruled(served, 60)
        assert await served.metric("sameweights_drift_excluded_total", reason="cached") == 0
        code, found = await report(served)
    assert code == 3
    assert args(found)["pairs"] == args(found)["provider_odd"] == 60


async def test_one_tie_repeated_under_other_names_is_not_a_difference(serve):
    async with (
        calling("Rome") as candidate,
        calling("Paris") as official,
        serve(CONFIG.format(candidate=candidate.url, official=official.url)) as served,
    ):
        named = [{"user": f"user-{number}", "metadata": {"session": str(number)}} for number in range(16)]
        await send(served, *(chat(text="Weather?", tools=[WEATHER], temperature=0.6, **more) for more in named))
        await ruled(served, 16)
        await served.shows(15, "sameweights_drift_excluded_total", reason="repeated")
        code, found = await report(served)
    assert code == 0
    assert args(found)["pairs"] == 1, "the report drops what the judge dropped"


async def test_conversation_that_repeats_its_tie_in_each_turn_is_not_a_difference(serve):
    def turn(number: int) -> bytes:
        said = [{"role": "user", "content": "Weather?"}]
        for _ in range(number):
            said += [{"role": "assistant", "content": "In which town?"}, {"role": "user", "content": "You know."}]
        return chat(messages=said, tools=[WEATHER], temperature=0.6)

    async with (
        calling("Rome") as candidate,
        calling("Paris") as official,
        serve(CONFIG.format(candidate=candidate.url, official=official.url)) as served,
    ):
        await send(served, *map(turn, range(12)))
        await ruled(served, 12)
        await served.shows(2, "sameweights_drift_excluded_total", reason="conversation_full")
        code, found = await report(served)
    assert code == 0
    assert args(found)["provider_odd"] == 10
    assert [card["discovered"] for card in found["cards"]] == [False]
