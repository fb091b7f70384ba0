"""Which side an alarm names, through a running serve: the provider or the reference that moved or fails, or neither yet."""

import asyncio
import random
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from shadow.report.drift_lines import drift_lines
from tests.journeys.two_providers import WEATHER, command, judged, webhook_receiver
from tests.running import chat, until

pytestmark = [pytest.mark.journey, pytest.mark.promise("audit.drift")]

CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "{first}"
reference = "official"
[proxy.providers]
{providers}
[shadow]
sample_rate = 1.0
wait = 3600
concurrency = 500
[admin]
listen = "127.0.0.1:0"
models = ["pretend-small"]
[drift]
webhook = "http://127.0.0.1:{port}/hook"
"""
MOVED = PlantedFaults(drop_tool_calls=0.9)


def configuration(pretended: dict[str, PretendedServer], port: int) -> str:
    tables = "\n".join(f'{name} = {{ base_url = "{one.base_url}" }}' for name, one in pretended.items())
    return CONFIG.format(first=next(iter(pretended)), providers=tables, port=port)


@asynccontextmanager
async def served_with(serve, *names: str):
    """Run serve with equal pretended providers of these names and `official`; yields it, the webhook's events, the providers."""
    async with AsyncExitStack() as stack:
        pretended = {
            name: await stack.enter_async_context(PretendedServer(seed=number))
            for number, name in enumerate((*names, "official"))
        }
        got, port = await stack.enter_async_context(webhook_receiver())
        served = await stack.enter_async_context(serve(configuration(pretended, port)))
        yield served, got, pretended


async def ask(served, names: Sequence[str]) -> None:
    """One request to each name, in turn, no two of a scene alike."""
    async with aiohttp.ClientSession() as session:

        async def one(provider: str) -> None:
            text = f"What is the weather in village number {next(served.numbers)}?"
            body = chat(text=text, tools=[WEATHER], tool_choice="auto", temperature=0.6)
            headers = {"Content-Type": "application/json", "x-sameweights-provider": provider}
            async with session.post(f"{served.data}/v1/chat/completions", data=body, headers=headers) as got:
                await got.read()

        for first in range(0, len(names), 20):
            await asyncio.gather(*map(one, names[first : first + 20]))


def lines(served):
    reader = served.reader
    try:
        return {line.provider: line for line in drift_lines(reader)}
    finally:
        reader.close()


def shared(count: int, weights: dict[str, int]) -> list[str]:
    return random.Random(5).choices(list(weights), list(weights.values()), k=count)


async def shown(served, name: str, **labels: str) -> None:
    async def one() -> bool:
        return await served.metric(name, **labels) == 1

    await until(one)


async def reported(served) -> tuple[int, str]:
    code, words = await command("report", "--full", "--db", str(served.database), "--fail-on-drift")
    return code, " ".join(words.split())


async def test_moved_reference_of_three_equal_providers_is_named_and_no_provider_is_paged(serve):
    """At shares of 90, 9 and 1: the first alarm is that of the busiest, and its page waits for what the second one shows."""
    async with served_with(serve, "a", "b", "c") as (served, got, pretended):
        await ask(served, shared(100, {"a": 90, "b": 9, "c": 1}))
        pretended["official"].faults = MOVED
        await ask(served, shared(260, {"a": 90, "b": 9, "c": 1}))
        await until(lambda: got)
        await judged(served, 360)
        found, (code, words) = lines(served), await reported(served)
        await shown(served, "sameweights_reference_state", reference="official", state="moved")
        await shown(served, "sameweights_drift_blame", provider="a", blame="reference")
    assert (found["a"].state, found["a"].blame, found["a"].by) == ("not_measured", "reference", "b")
    assert "drift" not in {line.state for line in found.values()}
    # which signal leads is that whose test passed its threshold first, at one of several pairs
    assert found["a"].sentence.startswith("the reference official moved: compared with it, a: ")
    assert re.search(r"\bcalls a tool \d+ points more often", found["a"].sentence)
    events = [(event["state"], event["name"], event["subject"], event["verdict"]) for _, event in got]
    assert events == [("not_measured", "reference_moved", "reference", "not_measured")]
    assert code == 0, words


async def test_provider_that_moves_beside_an_equal_one_is_named_by_the_other_s_evidence(serve):
    async with served_with(serve, "a", "b") as (served, got, pretended):
        await ask(served, ["a", "b"] * 40)
        pretended["a"].faults = MOVED
        await ask(served, ["a", "b"] * 60)
        await until(lambda: got)
        await judged(served, 200)
        found, (code, words) = lines(served), await reported(served)
        await shown(served, "sameweights_drift_blame", provider="a", blame="provider")
    assert (found["a"].state, found["a"].blame, found["a"].by) == ("drift", "provider", "b")
    assert found["b"].state in {"ok", "suspect"}
    [(_, event)] = got
    assert (event["subject"], event["provider"], event["state"], event["verdict"]) == ("provider", "a", "drift", "differs")
    assert "a, compared with official: calls a tool " in event["text"]
    assert "points less often" in event["text"]
    assert code == 3, words


async def test_reference_that_fails_half_its_answers_has_its_own_state_and_no_provider_is_paged(serve):
    async with served_with(serve, "a") as (served, got, pretended):
        await ask(served, ["a"] * 40)
        pretended["official"].faults = PlantedFaults(error_rate=0.5)
        await ask(served, ["a"] * 120)
        await until(lambda: got)
        found, (code, words) = lines(served)["a"], await reported(served)
        await shown(served, "sameweights_reference_state", reference="official", state="failing")
    assert (found.state, found.name, found.blame) == ("not_measured", "reference_failing", "reference")
    assert found.why.startswith("the reference failed in ")
    assert [(event["state"], event["subject"]) for _, event in got] == [("not_measured", "reference")]
    assert "the reference failed in " in words
    assert code == 4, words
