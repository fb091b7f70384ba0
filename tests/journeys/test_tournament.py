"""A tournament on live requests: three candidates, kills in the middle, and what `choose` claims of each at every look."""

import asyncio
import json
import os
import re
import signal
from collections import Counter
from contextlib import closing

import aiohttp
import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from tests.journeys.two_providers import EACH_IS_SAMPLED, WEATHER, command, post_chats
from tests.running import PATIENCE, chat, until
from tests.shadow_accounts import UNDER_WAY, WAITING

pytestmark = [pytest.mark.journey, pytest.mark.promise("choice.proven")]

TOLERANCE = 15
REQUESTS = 90
LONG = 100.0


def config(**providers: str) -> str:
    tables = "".join(f'[proxy.providers.{name}]\nbase_url = "{url}"\n' for name, url in providers.items())
    return f"""
[proxy]
listen = "127.0.0.1:0"
{tables}
[[proxy.routes]]
name = "agents"
provider = "live"
reference = "official"
candidates = ["equal", "broken", "twin"]
[tournament]
tolerance = {TOLERANCE}
signals = ["answer_kind", "arguments"]
{EACH_IS_SAMPLED}"""


async def send(served, count: int) -> None:
    texts = (f"What is the weather in town number {next(served.numbers)}?" for _ in range(count))
    bodies = [chat(text=text, tools=[WEATHER], tool_choice="required", temperature=0.2) for text in texts]
    assert set(await post_chats(served, bodies, at_once=10)) == {200}


async def choice(served, *more: str) -> dict:
    code, words = await command("choose", str(served.database.with_name("sameweights.toml")), "--json", *more)
    assert code == 0, words
    return json.loads(words)


async def counted(served, requests: int) -> dict:
    """The document once so many requests of the two candidates that count were judged."""

    def judged() -> bool:
        with closing(served.reader) as reader:
            rows = [row for row in reader.judgements.arm_pairs("agents", 0.0, 0.0) if row.judgement is not None]
        found = Counter(row.provider for row in rows)
        return min(found["equal"], found["broken"], found["twin"]) >= requests

    await until(judged)
    return await choice(served)


PRICES = "price_input = 100.0\nprice_output = 100.0\n"
MONEY, PLACES, ARMS = 0.5, 4, 5
"""A limit, the requests under way at once, and the answers to each: two of the reference, and one of each candidate."""


@pytest.mark.parametrize("workers", [1, 2])
async def test_burst_spends_a_tournaments_money_and_no_more_than_what_was_under_way_beyond_it(serve, workers):
    async with PretendedServer(seed=1) as live, PretendedServer(seed=2) as official, PretendedServer(seed=3) as other:
        arms = dict.fromkeys(("equal", "broken", "twin"), other.base_url)
        toml = config(live=live.base_url, official=official.base_url, **arms).replace('/v1"\n', f'/v1"\n{PRICES}')
        toml = toml.replace("[tournament]\n", f'[tournament]\nmoney = {MONEY}\ncopies = "started"\n')
        toml = toml.replace("concurrency = 500", f"concurrency = {PLACES}\naudit_workers = {workers}")
        async with serve(toml) as served:
            path = str(served.database.with_name("sameweights.toml"))
            assert (await command("choose", path, "--start"))[0] == 0
            while not other.answered:  # copies begin with the limit
                await send(served, 1)
            await send(served, 120)
            await until(lambda: idle(served), LONG)
            [spent] = re.findall(rf"([0-9.]+) of {MONEY:.2f}", " ".join((await choice(served))["notes"]))
            dearest = max(await costs(served))
            assert MONEY / 2 < float(spent) <= MONEY + PLACES * ARMS * dearest
            assert await served.metric("sameweights_shadow_dropped_total", reason="tournament_money") > 0


async def costs(served) -> list[float]:
    """The mean cost of an answer of each role, at prices that are the same for all providers."""
    roles = ("shadow", "control", "candidate")
    sums = [
        [await served.metric(name, role=role) for role in roles]
        for name in ("sameweights_money_total", "sameweights_requests_total")
    ]
    return [money / answers for money, answers in zip(*sums, strict=True) if answers]


async def idle(served) -> bool:
    return not sum([await served.metric(name) for name in (UNDER_WAY, WAITING, "sameweights_store_queue_length")])


async def test_equal_candidate_is_proven_the_broken_one_never_and_kills_lose_nothing(serve):
    async with (
        PretendedServer(seed=1) as live,
        PretendedServer(seed=2) as official,
        PretendedServer(seed=3) as equal,
        PretendedServer(seed=4, faults=PlantedFaults(garble_arguments=1.0)) as broken,
    ):
        urls = {"live": live.base_url, "official": official.base_url, "equal": equal.base_url, "broken": broken.base_url}
        toml = config(**urls, twin=official.base_url)
        async with serve(toml) as served:
            planned = await choice(served)
            assert (planned["begun"], planned["candidates"], planned["plan"]["nine_of_ten"] > 0) == (None, [], True)
            path = str(served.database.with_name("sameweights.toml"))
            code, words = await command("choose", path, "--start")
            assert (code, "The tournament of agents has begun." in words) == (0, True)
            await send(served, REQUESTS // 3)
            before = await counted(served, REQUESTS // 3)
            assert "same" not in {each["verdict"] for each in before["candidates"] if each["name"] != "equal"}
            audit = served.children()["shadow.processes.audit_process"]
            os.kill(audit, signal.SIGKILL)
            await until(lambda: served.children().get("shadow.processes.audit_process") not in {None, audit})
            after = await counted(served, REQUESTS // 3)
            assert after["candidates"] == before["candidates"], "a kill loses nothing"
            assert after["begun"] == before["begun"]
        async with serve(toml) as served:
            await send(served, 2 * REQUESTS // 3)
            found = await counted(served, REQUESTS)
            named = {each["name"]: each for each in found["candidates"]}
            assert {name: each["verdict"] for name, each in named.items()} == {
                "equal": "same",
                "broken": "worse",
                "twin": "not_measured",
            }
            assert "too faithful" in named["twin"]["sentence"]
            assert named["equal"]["requests"] <= planned["plan"]["nine_of_ten"]
            async with aiohttp.ClientSession() as session, session.get(f"{served.admin}/choose") as got:
                page = await got.text()
            assert (got.status, named["equal"]["sentence"].split(" (")[0] in page) == (200, True)
            assert await asyncio.wait_for(served.stop(), PATIENCE) == 0
