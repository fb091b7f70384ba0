"""The sample: requests with one opening are drawn one by one, alike after a restart, otherwise in another installation."""

import asyncio
import sqlite3
import sys
from collections import Counter
from contextlib import closing

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from storage.rows import PairFilter
from tests.journeys.two_providers import TWO_PROVIDERS
from tests.running import chat, until

pytestmark = [pytest.mark.journey, pytest.mark.promise("sample.secret")]

CONFIG = (
    TWO_PROVIDERS
    + """[shadow]
sample_rate = 0.3
control_fraction = 0.0
tiebreak = false
concurrency = 500
[admin]
listen = "127.0.0.1:0"
"""
)
REQUESTS, FEWER = 200, 60
SHOTS = [
    {"role": "system", "content": "Answer with a number."},
    {"role": "user", "content": "2 + 2"},
    {"role": "assistant", "content": "4"},
]


async def send(served, count: int) -> None:
    """So many requests with one opening, each with its number as a tag."""

    async def one(session, number: int) -> None:
        body = chat(messages=[*SHOTS, {"role": "user", "content": f"{number} + 1"}])
        headers = {"Content-Type": "application/json", "x-sameweights-tag": str(number)}
        async with session.post(f"{served.data}/v1/chat/completions", data=body, headers=headers) as got:
            assert got.status == 200
            await got.read()

    async with aiohttp.ClientSession() as session:
        for begin in range(0, count, 20):
            await asyncio.gather(*(one(session, number) for number in range(begin, begin + 20)))


async def sampled(served, count: int, stored_before: int = 0) -> list[str]:
    """The tags of those that were shadowed among `count` requests, once all are decided and all shadows are stored."""
    shadows: list[int] = []

    async def decided() -> bool:
        skipped = await served.metric("sameweights_shadow_dropped_total", reason="not_sampled")
        shadows[:] = [int(await served.metric("sameweights_requests_total", role="shadow"))]
        return skipped + shadows[0] >= count

    def stored() -> list[str]:
        with closing(served.reader) as reader:
            pairs = reader.pairs(PairFilter(limit=1_000))
            tags = [reader.exchange(each.pair.subject_id).tag for each in pairs]
            return tags[: shadows[0]] if len(pairs) >= stored_before + shadows[0] else []

    await until(decided)
    return await until(stored)


async def test_requests_with_one_opening_are_sampled_independently_and_the_same_after_a_restart(serve, tmp_path):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml) as served:
            await send(served, REQUESTS)
            first = await sampled(served, REQUESTS)
            shown = await served.metrics() + "".join(served.errors)
            secret = secret_in(served.database)
        assert 39 <= len(first) <= 81, "60 of 200, within 99.9 % of the binomial distribution"
        async with serve(toml) as served:
            await send(served, FEWER)
            again = await sampled(served, FEWER, stored_before=len(first))
            assert secret_in(served.database) == secret
        assert set(again) == {tag for tag in first if int(tag) < FEWER}, "the same requests are drawn after a restart"
        for path in tmp_path.glob("served.db*"):
            path.unlink()
        async with serve(toml) as served:
            await send(served, FEWER)
            elsewhere = await sampled(served, FEWER)
            assert secret_in(served.database) != secret
        assert set(elsewhere) != set(again)
    command = (sys.executable, "-P", "-m", "shadow.cli", "config", "show", str(tmp_path / "sameweights.toml"))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    shown += said.decode()
    assert secret.hex() not in shown.lower()
    assert repr(secret) not in shown
    assert "shadow.seed" not in shown, "no seed is configured, so there is nothing to warn of"


def secret_in(database) -> bytes:
    with closing(sqlite3.connect(database)) as conn:
        [(secret,)] = conn.execute("SELECT value FROM secrets").fetchall()
    return secret


async def test_configured_seed_gives_a_warning_and_is_not_shown(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml.replace("[shadow]", '[shadow]\nseed = "marmalade"')) as served:
            said = "".join(served.errors)
    assert "shadow.seed: it is enough to compute which requests are compared" in said
    assert "marmalade" not in said


async def test_turns_of_a_conversation_are_all_shadowed_or_none(serve):
    talks, turns = 30, 3

    async def talk(session, base: str, number: int) -> None:
        messages = [*SHOTS, {"role": "user", "content": f"{number} + 1"}]
        for turn in range(turns):
            headers = {"Content-Type": "application/json", "x-sameweights-tag": str(number)}
            async with session.post(f"{base}/v1/chat/completions", data=chat(messages=messages), headers=headers) as got:
                said = (await got.json())["choices"][0]["message"]
            messages = [*messages, said, {"role": "user", "content": f"And {turn} more?"}]

    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url).replace("0.3", "0.5")
        async with serve(toml) as served, aiohttp.ClientSession() as session:
            await asyncio.gather(*(talk(session, served.data, number) for number in range(talks)))
            tags = await sampled(served, talks * turns)
            with closing(served.reader) as reader:
                keys = {pair.pair.conversation for pair in reader.pairs(PairFilter(limit=1_000))}
    times = Counter(tags)
    assert 3 <= len(times) <= 27, "15 of 30, within 99.999 % of the binomial distribution"
    assert set(times.values()) == {turns}
    assert len(keys) == len(times)
