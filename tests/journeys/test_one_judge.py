"""Several processes audit into one PostgreSQL and one judges: whatever is killed or stopped, each pair is judged as by one."""

import asyncio
import os
import random
import re
import signal
import time
from contextlib import asynccontextmanager, closing

import aiohttp
import psycopg
import pytest

from shadow.demo.pretended_server import PretendedServer
from storage.opening import open_store
from storage.rows import PairGroup
from storage.storage_config import StorageConfig
from tests.fleets import AUDITOR, asleep
from tests.journeys.two_providers import TWO_PROVIDERS, post_chats
from tests.payoffs import add
from tests.rejudged import judged_as_one, sums_are_of_rows
from tests.running import Served, chat, until
from tests.shadow.drift.leaning import payoffs

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.promise("fleet.judged")]
CONFIG = f'{TWO_PROVIDERS}[shadow]\nsample_rate = 0.0\n[admin]\nlisten = "127.0.0.1:0"\n[storage]\nurl_env = "RECORDS_URL"\n'
GROUPS = [PairGroup(route="default", model=f"m{number}", provider="p", reference="r") for number in range(3)]
EXCESS = (0.0, 0.3, 0.6)
"""By how much the second half of each group's pairs leans."""
EACH = 500
PART = 50
AWAY_SECONDS = 7.0
JUDGED = "SELECT count(*) FROM rulings WHERE reason IS NOT NULL"


class Pairs:
    """Pairs of three groups, two of which begin to lean, stored by two writers that are out of step."""

    def __init__(self, url: str, seed: int) -> None:
        self._stores = [open_store(StorageConfig(url=url, batch_seconds=0.01)) for _ in range(2)]
        leaning = [payoffs(random.Random(f"{seed} {n}"), EACH) for n in range(3)]
        for number, excess in enumerate(EXCESS):
            leaning[number][EACH // 2 :] = payoffs(random.Random(f"{seed} {number} later"), EACH // 2, excess=excess)
        self._begin = time.time() - 3_600
        self._rows = [
            (place, group, values[place]) for place in range(EACH) for group, values in zip(GROUPS, leaning, strict=True)
        ]
        self._stored = 0

    @property
    def left(self) -> bool:
        return self._stored < len(self._rows)

    def store(self) -> None:
        """Store the next part of them, the second half of it first."""
        part = [*enumerate(self._rows)][self._stored : self._stored + 2 * PART]
        self._stored += len(part)
        for writer, rows in zip(self._stores, (part[PART:], part[:PART]), strict=True):
            for number, (_, group, value) in rows:
                at = self._begin + number
                signals = (("tools", value), ("arguments", value), ("error", 0))
                add(writer, f"{int(at * 1000):012x}{number:016x}", payoffs=signals, group=group, started=at, flush=False)
            assert writer.flush(30)

    def close(self) -> None:
        for store in self._stores:
            store.close()


class Fleet:
    """The hosts, and the database as it is seen from outside."""

    def __init__(self, hosts: list[Served], url: str) -> None:
        self.hosts = hosts
        self._url = url
        self.sent = 0

    def rows(self, statement: str) -> list[tuple]:
        with closing(psycopg.connect(self._url, autocommit=True)) as conn:
            return conn.execute(statement).fetchall()

    def judged(self) -> int:
        [(count,)] = self.rows(JUDGED)
        return count

    async def judging(self) -> Served:
        """The host that judges, once one does."""
        found: list[Served] = []

        async def one() -> bool:
            found[:] = [host for host in self.hosts if await lease(host)]
            return len(found) == 1

        await until(one)
        return found[0]

    async def send(self, count: int = 5) -> None:
        """Live requests through each host."""
        for host in self.hosts:
            self.sent += len(await post_chats(host, [chat(text=f"{host.admin} {self.sent} {n}") for n in range(count)]))

    async def all_judged(self) -> None:
        await until(lambda: self.rows("SELECT count(*) FROM rulings WHERE reason IS NULL") == [(0,)])

    async def accounted(self) -> None:
        """Wait until each live request is a row or counted as lost."""

        async def settled() -> bool:
            [(stored,)] = self.rows("SELECT count(*) FROM exchanges WHERE provider = 'candidate'")
            return self.sent == stored + sum([await lost(host) for host in self.hosts])

        await until(settled)


async def lease(host: Served) -> float:
    try:
        return await host.metric("sameweights_judge_lease")
    except aiohttp.ClientError:  # between a killed audit and the next
        return 0.0


async def lost(host: Served) -> float:
    failed = await host.metric("sameweights_store_records_total", table="exchanges", result="failed")
    return failed + await host.metric("sameweights_handover_dropped_total")


@asynccontextmanager
async def fleet(serve, url: str):
    env = {"RECORDS_URL": url}
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        text = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(text, env=env) as one, serve(text, env=env) as other:
            running = Fleet([one, other], url)
            await running.send()
            await running.accounted()  # so that there are sums of requests and findings, whatever is lost from here on
            yield running


def judged_alone(url: str) -> None:
    """One process that judges the same pairs in the same order stores the same judgements, states and alarms."""
    _, alarms, judgements = judged_as_one(url)
    assert {alarm[3] for alarm in alarms} == {"m1", "m2"}
    assert len(judgements) == EACH * len(GROUPS)
    sums_are_of_rows(url)


@pytest.mark.parametrize("seed", [1, 2])
async def test_audits_that_are_killed_at_any_moment_judge_as_one_that_is_not(serve, postgres_url, seed):
    draw = random.Random(seed)
    with closing(Pairs(postgres_url, seed)) as pairs:
        async with fleet(serve, postgres_url) as running:
            host = await running.judging()
            goal = draw.randrange(1, 4 * PART)
            for _ in range(2):
                await asyncio.to_thread(pairs.store)
            await until(lambda: running.judged() >= goal)
            os.kill(host.children()[AUDITOR], signal.SIGKILL)
            await running.send()
            for _ in range(5):
                await asyncio.to_thread(pairs.store)
            [host] = [each for each in running.hosts if each is not await running.judging()]
            os.kill(host.children()[AUDITOR], signal.SIGKILL)
            await running.send()
            while pairs.left:
                await asyncio.to_thread(pairs.store)
            await running.all_judged()
            await running.accounted()
    judged_alone(postgres_url)


async def test_judge_that_is_stopped_past_its_lease_stores_nothing_and_shows_nothing_when_it_goes_on(serve, postgres_url):
    with closing(Pairs(postgres_url, 3)) as pairs:
        async with fleet(serve, postgres_url) as running, aiohttp.ClientSession() as session:
            host = await running.judging()
            [other] = [each for each in running.hosts if each is not host]
            await asyncio.to_thread(pairs.store)
            await running.all_judged()
            await until(lambda: host.metric("sameweights_drift_state", state="ok"))
            with asleep(host):
                scrape = asyncio.create_task(first_scrape(session, host))
                await asyncio.to_thread(pairs.store)
                await running.all_judged()
                await until(lambda: lease(other))
            first = await scrape
            assert "sameweights_drift_state{" not in first, "the first answer after the stop"
            assert re.search(r"^sameweights_judge_lease 0(\.0)?$", first, re.MULTILINE)
            await asyncio.to_thread(pairs.store)
            await running.all_judged()
            assert await running.judging() is other
            assert not await host.metric("sameweights_drift_state")
            with asleep(other):
                while pairs.left:
                    await asyncio.to_thread(pairs.store)
                await running.all_judged()
                await until(lambda: lease(host))  # which goes on from what the other one stored
    judged_alone(postgres_url)


async def first_scrape(session: aiohttp.ClientSession, host: Served) -> str:
    async with session.get(f"{host.admin}/metrics") as got:
        return await got.text()


async def test_server_that_is_away_for_seven_seconds_leaves_the_lease_where_it_was(serve, postgres_server, postgres_url):
    with closing(Pairs(postgres_url, 4)) as pairs:
        async with fleet(serve, postgres_url) as running:
            host = await running.judging()
            for _ in range(5):
                await asyncio.to_thread(pairs.store)
            await asyncio.to_thread(postgres_server.stop)
            end = time.monotonic() + AWAY_SECONDS
            while time.monotonic() < end:
                await running.send(1)
            await asyncio.to_thread(postgres_server.start)
            while pairs.left:
                await asyncio.to_thread(pairs.store)
            await running.all_judged()
            await running.accounted()
            assert await running.judging() is host
    judged_alone(postgres_url)
