"""A burst is sampled like a quiet time, and what references may cost is known to whichever process comes next."""

import asyncio
import os
import signal
import sqlite3
from contextlib import asynccontextmanager, closing

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer, ResponsePace
from tests.journeys.test_whole_path_of_a_request import CONFIG, post
from tests.running import chat, until

pytestmark = pytest.mark.journey

AUDIT = "shadow.processes.audit_process"
ONCE_EACH = "control_fraction = 0.0\ntiebreak = false\n"
"""Of each sampled request one is sent to the reference, so that what arrives there can be counted."""
FAST = ResponsePace(first_token=0.0, chunks_per_second=1e6)


@asynccontextmanager
async def providers():
    async with PretendedServer(seed=1, pace=FAST) as candidate, PretendedServer(seed=2, pace=FAST) as official:
        yield candidate, official


def toml(candidate: PretendedServer, official: PretendedServer, shadow: str) -> str:
    given = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
    return given.replace("control_fraction = 1.0\n", ONCE_EACH + shadow)


def shadowed(official: PretendedServer) -> int:
    """Shadow requests; a host that sends none to the reference asks it once for its models."""
    return sum(each.method == "POST" for each in official.requests)


async def send(session, served, count: int) -> None:
    """Send `count` requests, one after the other."""
    for number in range(count):
        async with post(session, served.data, chat(text=f"Tell me of number {number}")) as got:
            assert got.status == 200
            await got.read()


async def skipped(served, least: int, reason: str) -> None:
    async def enough() -> bool:
        try:
            return await served.metric("sameweights_shadow_dropped_total", reason=reason) >= least
        except aiohttp.ClientError:
            return False

    await until(enough)


def tokens_spent(served) -> int:
    with closing(sqlite3.connect(served.database)) as conn:
        return int(conn.execute("SELECT coalesce(sum(tokens), 0) FROM spending").fetchone()[0])


@pytest.mark.promise("shadow.burst")
async def test_burst_of_two_clients_with_a_slower_reference_is_shadowed_in_at_least_99_percent(serve):
    """100 requests as fast as they are answered, and four shadows at once of 50 ms: without a queue many would find no place."""
    slow = ResponsePace(first_token=0.05, chunks_per_second=1e6)
    async with PretendedServer(seed=1, pace=FAST) as candidate, PretendedServer(seed=2, pace=slow) as official:
        given = toml(candidate, official, "concurrency = 4\n")
        async with serve(given, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            await asyncio.gather(*(send(session, served, 50) for _ in range(2)))
            await until(lambda: len(official.requests) >= 99)
            assert await served.metric("sameweights_shadow_dropped_total") <= 1


@pytest.mark.promise("budget.kept")
async def test_budget_of_five_requests_is_spent_once_across_kills_and_restarts(serve):
    """The fourth is under way when the audit is killed: it counts, for it was sent."""
    async with providers() as (candidate, official), aiohttp.ClientSession() as session:
        given = toml(candidate, official, 'requests = 5\nperiod = "month"\n')
        async with serve(given, env={"OFFICIAL_KEY": "x"}) as served:
            await send(session, served, 3)
            await until(lambda: official.answered == 3)
            official.pace = ResponsePace(first_token=60.0)
            await send(session, served, 1)
            await until(lambda: shadowed(official) == 4)
            killed = served.children()[AUDIT]
            os.kill(killed, signal.SIGKILL)
            official.pace = FAST
            await until(lambda: served.children().get(AUDIT) not in {None, killed})
            await send(session, served, 4)
            await skipped(served, 3, "budget_requests")
            await until(lambda: shadowed(official) == 5)
            assert await served.stop() == 0
        async with serve(given, env={"OFFICIAL_KEY": "x"}) as served:
            await send(session, served, 3)
            await skipped(served, 3, "budget_requests")
        assert shadowed(official) == 5


@pytest.mark.promise("budget.kept")
async def test_tokens_spent_stay_spent_after_a_kill_and_a_restart(serve):
    async with providers() as (candidate, official), aiohttp.ClientSession() as session:
        given = toml(candidate, official, 'tokens = 1\nperiod = "month"\n')
        async with serve(given, env={"OFFICIAL_KEY": "x"}) as served:
            await send(session, served, 1)
            await until(lambda: tokens_spent(served))
            killed = served.children()[AUDIT]
            os.kill(killed, signal.SIGKILL)
            await until(lambda: served.children().get(AUDIT) not in {None, killed})
            await send(session, served, 2)
            await skipped(served, 2, "budget_tokens")
        async with serve(given, env={"OFFICIAL_KEY": "x"}) as served:
            await send(session, served, 2)
            await skipped(served, 2, "budget_tokens")
        assert shadowed(official) == 1
