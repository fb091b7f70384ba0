"""A store that is away when `serve` starts costs no answer and no exchange: it is waited for, and what waits is stored."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from storage.opening import open_reader, open_store
from storage.storage_config import StorageConfig
from tests.brokers import nats_server, settings
from tests.fleets import accounted, counted, fleet
from tests.journeys.two_providers import TWO_PROVIDERS, post_chats
from tests.running import chat, until

pytestmark = pytest.mark.journey
RECORDS = '[admin]\nlisten = "127.0.0.1:0"\n'
NOWHERE = "http://127.0.0.1:9/v1"
BODIES = [chat(text=f"Say {number}") for number in range(30)]
LOST = "sameweights_handover_dropped_total"


async def readiness(served) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"{served.admin}/readyz") as got:
        return got.status, await got.text()


async def ready(served) -> bool:
    return (await readiness(served))[0] == 200


def stored(url: str) -> int:
    """Live requests in a store."""
    with closing(open_reader(StorageConfig(url=url))) as reader:
        return sum(each.requests for each in reader.traffic(0, 0) if each.role == "primary")


async def waits(served, reason: str) -> None:
    """It is not ready, and says why."""
    status, text = await readiness(served)
    assert (status, "the store cannot be opened yet" in text, reason in text) == (503, True, True)


@asynccontextmanager
async def stopped(server):
    """The server is stopped; what is given starts it again, and it runs at the end."""
    runs = False

    async def start() -> None:
        nonlocal runs
        if not runs:
            runs = True
            await asyncio.to_thread(server.start)

    await asyncio.to_thread(server.stop)
    try:
        yield start
    finally:
        await start()


@pytest.mark.promise("store.server", "store.resumes")
async def test_serve_that_starts_before_its_server_forwards_and_stores_all_of_it_later(serve, postgres_server, postgres_url):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = TWO_PROVIDERS.format(candidate=candidate.base_url, official=official.base_url)
        toml += f'{RECORDS}[storage]\nurl_env = "RECORDS_URL"\n'
        async with stopped(postgres_server) as start, serve(toml, env={"RECORDS_URL": postgres_url}) as served:
            assert await post_chats(served, BODIES) == [200] * len(BODIES)
            await waits(served, "cannot be reached")
            await start()
            await until(lambda: ready(served))
            await until(lambda: stored(postgres_url) == len(BODIES))
            assert await served.metric(LOST) == 0
            away, back = (sum(event in line for line in served.errors) for event in ("store_away", "store_back"))
            assert (1 <= away <= 2, back) == (True, 1), "a server that is looked at while it starts is away for another reason"


@pytest.mark.promise("store.server", "store.resumes")
async def test_serve_that_is_stopped_while_it_waits_for_its_server_ends_orderly(serve, postgres_server, postgres_url):
    toml = TWO_PROVIDERS.format(candidate=NOWHERE, official=NOWHERE) + f'{RECORDS}[storage]\nurl_env = "RECORDS_URL"\n'
    async with stopped(postgres_server), serve(toml, env={"RECORDS_URL": postgres_url}) as served:
        await waits(served, "cannot be reached")
        assert await served.stop() == 0


@pytest.mark.promise("store.locked", "store.resumes")
async def test_serve_that_starts_while_another_program_holds_its_database_forwards_and_stores_all_of_it_later(serve, tmp_path):
    url = f"sqlite:///{tmp_path}/served.db"
    open_store(StorageConfig(url=url)).close()
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = TWO_PROVIDERS.format(candidate=candidate.base_url, official=official.base_url) + RECORDS
        with closing(sqlite3.connect(tmp_path / "served.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with serve(toml) as served:
                assert await post_chats(served, BODIES) == [200] * len(BODIES)
                await waits(served, "is locked by another program")
                other.execute("ROLLBACK")
                await until(lambda: ready(served))
                await until(lambda: stored(url) == len(BODIES))
                assert await served.metric(LOST) == 0


@pytest.mark.promise("fleet.accounted", "fleet.apart")
async def test_auditing_host_that_starts_before_its_server_waits_and_stores_what_waited_in_the_broker(
    serve, tmp_path, postgres_server, postgres_url
):
    async with PretendedServer(seed=1) as main, nats_server(tmp_path / "nats") as server, stopped(postgres_server) as start:
        config = settings(server)
        async with fleet(serve, config, main, postgres_url) as (proxy, audit, traffic):
            async with traffic.flowing():
                await traffic.at_least(30)
            await waits(audit, "exchanges wait in the broker")
            await start()
            await until(lambda: ready(audit))
            await accounted(traffic, proxy, audit, config, postgres_url)
            assert await counted(proxy, audit) == 0
