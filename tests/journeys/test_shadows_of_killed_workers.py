"""Shadows under way in an audit worker that is killed are lost and counted, and none is sent, paid or stored twice."""

import os
import signal
from contextlib import asynccontextmanager

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.fleets import AUDITOR, Traffic
from tests.journeys.test_audit_workers import ready, settled, workers
from tests.running import Served, until
from tests.shadow_accounts import CONFIG, SLOW, UNDER_WAY, WAITING, asked_as_stored, requested, sqlite_account

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]
LONG = 100.0
PLACES = 8


@asynccontextmanager
async def shadowing(serve, more: str = ""):
    """A running `serve` with two workers, its traffic, the reference and the candidate."""
    async with (
        PretendedServer(seed=1, pace=SLOW) as live,
        PretendedServer(seed=2, pace=SLOW) as official,
        PretendedServer(seed=3, pace=SLOW) as other,
    ):
        urls = {"live": live.base_url, "official": official.base_url, "other": other.base_url}
        text = CONFIG.format(**urls, more=f"audit_workers = 2\n{more}")
        async with serve(text) as served, aiohttp.ClientSession() as session:
            await ready(served, session)
            yield served, Traffic(served, session), official, other


async def kill_one(served: Served) -> None:
    """Kill a worker while shadows are under way, and wait for the next one."""
    await until(lambda: served.metric(UNDER_WAY))
    before = workers(served)
    os.kill(min(before), signal.SIGKILL)
    await until(lambda: len(workers(served) - before) == 1)


async def ended(served: Served, sent: int) -> None:
    """Wait until nothing waits anywhere."""

    async def idle() -> bool:
        names = (UNDER_WAY, WAITING, "sameweights_shadow_queue_length", "sameweights_store_queue_length")
        return not sum([await served.metric(name) for name in names])

    await until(idle, LONG)
    await settled(served, sent)
    await until(idle, LONG)


@pytest.mark.promise("audit.accounted")
async def test_shadows_of_a_killed_worker_are_counted_and_no_request_is_shadowed_or_stored_twice(serve):
    async with shadowing(serve) as (served, traffic, official, other):
        async with traffic.flowing():
            await traffic.at_least(20)
            await kill_one(served)
            under_way = sqlite_account(served)
            await traffic.at_least(20)
        await ended(served, traffic.sent)
        found = sqlite_account(served)
        lost = await served.metric("sameweights_handover_dropped_total", reason="process_killed")
        assert found.live.total() == len(found.live) == traffic.sent - lost
        asked_as_stored(found, official, other)
        counted = await served.metric("sameweights_shadow_dropped_total", reason="process_killed")
        assert 0 < len(found.unpaired) <= counted <= len(found.unpaired | found.uncopied) + PLACES
        assert found.unpaired | found.uncopied <= under_way.unpaired | under_way.uncopied


@pytest.mark.promise("audit.accounted")
async def test_shadows_of_a_killed_audit_process_are_counted_by_the_next_one(serve):
    async with shadowing(serve) as (served, traffic, _, other):
        async with traffic.flowing():
            await traffic.at_least(20)
            await until(lambda: served.metric(UNDER_WAY))
            killed = served.children()[AUDITOR]
            os.kill(killed, signal.SIGKILL)
            await until(lambda: served.children().get(AUDITOR) not in {None, killed})
            await traffic.at_least(20)
        await ended(served, traffic.sent)
        found = sqlite_account(served)
        lost = await served.metric("sameweights_handover_dropped_total", reason="process_killed")
        assert found.live.total() == len(found.live) == traffic.sent - lost
        assert max(requested(other).values()) == 1, "no copy is sent twice"
        counted = await served.metric("sameweights_shadow_dropped_total", reason="process_killed")
        # a shadow whose exchange was not stored either, and a pair that was stored in the moment of the kill
        assert max(len(found.unpaired), 1) <= counted <= len(found.unpaired | found.uncopied) + lost + 2 * PLACES


@pytest.mark.promise("budget.kept")
async def test_budget_is_exceeded_by_no_more_than_what_was_under_way_when_a_worker_is_killed(serve):
    async with shadowing(serve, "requests = 60") as (served, traffic, official, other):
        async with traffic.flowing():
            await kill_one(served)

            async def spent() -> bool:
                return await served.metric("sameweights_shadow_budget_left", unit="requests") == 0

            await until(spent, LONG)
            await traffic.at_least(20)
        await ended(served, traffic.sent)
        first, copies = requested(official), requested(other)
        assert len(first) + len(copies) <= 60, "each first request is reserved before it is sent"
        # a second answer is counted once it has come, beside each pair that was under way at the limit or in the killed worker
        assert first.total() + copies.total() <= 60 + 2 * PLACES + PLACES
