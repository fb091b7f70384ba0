"""The disk is full, the database locked, the audit stopped or killed, the clock jumps: all are answered, losses are counted."""

import asyncio
import os
import resource
import signal
import sqlite3
from contextlib import closing

import aiohttp
import pytest

from proxy import forward
from shadow.studies.pretend import Pretend
from tests.journeys.test_one_request_walks_the_whole_path import CONFIG, post
from tests.running import chat, until
from tests.wires import ask, ok, plane, scripted
from tests.wires import post as raw_post

pytestmark = pytest.mark.journey


async def answered(session, served, count: int, *, stream: bool = False) -> None:
    """Send `count` requests, eight at a time; each is answered whole."""
    free = asyncio.Semaphore(8)

    async def one(number: int) -> None:
        async with free, post(session, served.data, chat(stream=stream, text=f"Tell me of number {number}")) as got:
            assert got.status == 200
            body = (await got.read()).rstrip()
            assert body.endswith(b"data: [DONE]" if stream else b"}")

    await asyncio.gather(*(one(number) for number in range(count)))


async def counted(served, name: str, least: float, **labels) -> None:
    async def enough() -> bool:
        try:
            return await served.metric(name, **labels) >= least
        except aiohttp.ClientError:
            return False

    assert await until(enough)


async def ready(session, served) -> int:
    async with session.get(f"{served.admin}/readyz") as got:
        return got.status


@pytest.fixture
async def house(serve):
    async with Pretend(seed=1) as candidate, Pretend(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            await answered(session, served, 4)
            await counted(served, "sameweights_store_records_total", 8, result="stored")
            yield served, session


def sound(database) -> bool:
    with closing(sqlite3.connect(database)) as conn:
        whole = conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        half = conn.execute("SELECT count(*) FROM exchanges WHERE no NOT IN (SELECT exchange_no FROM payloads)").fetchone()[0]
        twice = conn.execute("SELECT count(*) - count(DISTINCT id) FROM exchanges").fetchone()[0]
        unfounded = conn.execute("SELECT count(*) FROM pairs WHERE subject_id NOT IN (SELECT id FROM exchanges)").fetchone()[0]
    return whole and not half and not twice and not unfounded


@pytest.mark.promise("store.full", "store.resumes")
async def test_a_full_disk_costs_no_answer_and_recording_resumes_when_there_is_room(house):
    served, session = house
    audit = served.children()["shadow.house"]
    limits = resource.prlimit(audit, resource.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))
    await answered(session, served, 20)
    await counted(served, "sameweights_store_records_total", 1, result="failed")
    assert await ready(session, served) == 503
    resource.prlimit(audit, resource.RLIMIT_FSIZE, limits)
    before = await served.metric("sameweights_store_records_total", result="stored")
    await answered(session, served, 4)
    await counted(served, "sameweights_store_records_total", before + 4, result="stored")
    assert await ready(session, served) == 200
    assert sound(served.database)


@pytest.mark.promise("store.locked")
async def test_a_locked_database_costs_no_answer(house):
    served, session = house
    with closing(sqlite3.connect(served.database, isolation_level=None)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        await answered(session, served, 20, stream=True)
        conn.execute("ROLLBACK")
    await counted(served, "sameweights_requests_total", 24, role="primary")
    await answered(session, served, 1)
    assert sound(served.database)


@pytest.mark.promise("store.killed")
async def test_four_kills_under_load_leave_a_sound_database_and_cost_no_answer(house):
    served, session = house
    for _ in range(4):
        audit = served.children()["shadow.house"]
        load = asyncio.create_task(answered(session, served, 40, stream=True))
        await asyncio.sleep(0.05)
        os.kill(audit, signal.SIGKILL)
        await load

        async def back(gone: int = audit) -> bool:
            return served.children().get("shadow.house", gone) != gone

        assert await until(back)
    await answered(session, served, 1)
    await counted(served, "sameweights_requests_total", 1, role="primary")
    assert await served.stop() == 0
    assert sound(served.database)


@pytest.mark.promise("audit.stopped")
async def test_an_audit_that_stands_still_is_not_felt_and_goes_on_where_it_stood(house):
    served, session = house
    audit = served.children()["shadow.house"]
    os.kill(audit, signal.SIGSTOP)
    try:
        await answered(session, served, 60, stream=True)
        await answered(session, served, 4)
    finally:
        os.kill(audit, signal.SIGCONT)
    await counted(served, "sameweights_requests_total", 68, role="primary")
    assert await served.metric("sameweights_handover_dropped_total") == 0


@pytest.mark.promise("plane.crash")
async def test_a_killed_data_plane_is_back_and_the_port_was_never_closed(house):
    served, _ = house
    worker = served.children()["proxy.server"]
    os.kill(worker, signal.SIGKILL)
    # the port is the parent's: who connects now waits until the new process accepts
    async with aiohttp.ClientSession() as fresh:
        await answered(fresh, served, 1)
    assert served.children()["proxy.server"] != worker


@pytest.mark.promise("clock.jumps")
@pytest.mark.parametrize("jump", [-86_400 * 365, 86_400 * 365, -3.5])
async def test_a_clock_that_jumps_in_mid_request_changes_no_duration(monkeypatch, jump):
    walls = iter([1_700_000_000.0])
    monkeypatch.setattr(forward, "time", lambda: next(walls, 1_700_000_000.0 + jump))
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        for _ in range(2):
            assert (await ask(running.port, raw_post(b"{}"))).startswith(b"HTTP/1.1 200")
            exchange = await running.kept.next()
            assert 0 <= exchange.overhead <= exchange.seconds < 10
            assert 0 <= exchange.response.head_seconds <= exchange.seconds
