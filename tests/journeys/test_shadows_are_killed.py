"""Two auditing hosts shadow what a broker delivers: whatever is killed or away, no request is shadowed twice or stored twice."""

import asyncio
import os
import random
import signal
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.brokers import connected, nats_server, settings, stored_messages, toml
from tests.fleets import AUDIT, AUDITOR, PROXY, STORE, Traffic, asleep, counted, lasting
from tests.rejudged import judged_as_one, sums_are_of_rows, unjudged
from tests.running import Served, until
from tests.shadow_accounts import CONFIG, SLOW, UNDER_WAY, WAITING, Account, account, asked_as_stored, requested

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(240), pytest.mark.promise("fleet.shadowed")]
LONG = 100.0


class Hosts:
    """One forwarding and two auditing hosts, the providers, and the traffic."""

    def __init__(self, hosts: list[Served], traffic: Traffic, broker, url: str, asked: list[PretendedServer]) -> None:
        self.proxy, *self.audits = hosts
        self.traffic, self.url = traffic, url
        self.official, self.other = asked
        self._broker = broker
        self._doubtful: set[str] = set()

    async def kill(self, host: Served) -> None:
        """Kill the audit of a host, and wait for the next one."""
        killed = host.children()[AUDITOR]
        os.kill(killed, signal.SIGKILL)
        await until(lambda: host.children().get(AUDITOR) not in {None, killed})

    def note(self) -> None:
        """Note what may have been under way in a process that was killed before: only that may end without a pair."""
        found = account(self.url)
        self._doubtful |= found.unpaired | found.uncopied

    async def quiet(self) -> None:
        """Wait until nothing waits anywhere."""
        async with connected(self._broker) as broker:

            async def whole() -> bool:
                published = await self.proxy.metric("sameweights_published_total")
                left = await stored_messages(broker)
                return self.traffic.sent == published + await counted(self.proxy) and left == 0

            await until(whole, LONG)
        for host in self.audits:
            await until(lambda host=host: idle(host), LONG)

    async def settled(self) -> Account:
        """Wait until nothing waits; then each request is stored once, and was shadowed at most once."""
        await self.quiet()
        found = account(self.url)
        assert found.live.total() == len(found.live) == self.traffic.sent - await counted(self.proxy, *self.audits)
        asked_as_stored(found, self.official, self.other)
        assert found.unpaired | found.uncopied <= self._doubtful
        return found


async def metric(host: Served, name: str) -> float:
    try:
        return await host.metric(name)
    except aiohttp.ClientError:  # between a killed audit and the next
        return 0.0


async def idle(host: Served) -> bool:
    return not sum([await host.metric(name) for name in (UNDER_WAY, WAITING, "sameweights_store_queue_length")])


@asynccontextmanager
async def shadowing(serve, folder, url: str, more: str = ""):
    async with AsyncExitStack() as stack:
        opened = stack.enter_async_context
        live, *asked = [await opened(PretendedServer(seed=seed, pace=SLOW)) for seed in range(3)]
        broker = settings(await opened(nats_server(folder)))
        urls = {"live": live.base_url, "official": asked[0].base_url, "other": asked[1].base_url}
        text = CONFIG.format(**urls, more=more) + toml(broker)
        proxy = await opened(serve(text, arguments=PROXY))
        audits = [await opened(serve(text, arguments=AUDIT, ports=1, env={STORE: url})) for _ in range(2)]
        session = await opened(aiohttp.ClientSession())
        yield Hosts([proxy, *audits], Traffic(proxy, session), broker, url, asked)


async def judged(hosts: Hosts) -> int:
    """How many pairs are judged, once all are; no process judges them any more when this returns."""
    await until(lambda: unjudged(hosts.url) == 0, LONG)
    for host in hosts.audits:
        assert await host.stop() == 0
    states, _, judgements = judged_as_one(hosts.url)
    assert states
    sums_are_of_rows(hosts.url)
    return len(judgements)


async def test_shadows_of_audits_killed_at_any_moment_are_lost_and_none_is_sent_or_stored_twice(
    serve, tmp_path, postgres_server, postgres_url
):
    draw = random.Random(1)
    async with shadowing(serve, tmp_path / "nats", postgres_url) as hosts:
        async with hosts.traffic.flowing():
            await hosts.traffic.at_least(draw.randrange(20, 60))
            one, other = draw.sample(hosts.audits, 2)
            await until(lambda: metric(one, UNDER_WAY))
            await hosts.kill(one)
            hosts.note()
            await hosts.traffic.at_least(draw.randrange(20, 60))
            await asyncio.to_thread(postgres_server.stop)
            await lasting(draw.uniform(0, 4), hosts.traffic)
            await hosts.kill(other)
            await lasting(3, hosts.traffic)
            await asyncio.to_thread(postgres_server.start)
            hosts.note()
            await hosts.traffic.at_least(20)
        found = await hosts.settled()
        assert found.unpaired, "what was under way in a killed process is lost"
        assert await judged(hosts) == len(found.paired) + len(found.copied)


async def test_audit_that_is_stopped_past_its_redeliveries_repeats_none_of_them_and_loses_no_shadow(
    serve, tmp_path, postgres_url
):
    async with shadowing(serve, tmp_path / "nats", postgres_url) as hosts:
        one, other = hosts.audits
        async with hosts.traffic.flowing():
            await until(lambda: metric(one, UNDER_WAY))
            with asleep(one):
                await until(lambda: redelivered(other), LONG)
            await hosts.traffic.at_least(20)
        found = await hosts.settled()
        assert not found.unpaired | found.uncopied
        assert await judged(hosts) == 2 * hosts.traffic.sent


@pytest.mark.promise("budget.kept")
async def test_budget_of_all_audits_is_exceeded_by_no_more_than_what_was_under_way_when_one_is_killed(
    serve, tmp_path, postgres_url
):
    async with shadowing(serve, tmp_path / "nats", postgres_url, "requests = 60") as hosts:
        one, other = hosts.audits

        async def spent() -> bool:
            return await other.metric("sameweights_shadow_budget_left", unit="requests") == 0

        async with hosts.traffic.flowing():
            await until(lambda: metric(one, UNDER_WAY))
            await hosts.kill(one)
            await until(spent, LONG)
            await hosts.traffic.at_least(20)
        await hosts.quiet()
        first, copies = requested(hosts.official), requested(hosts.other)
        assert len(first) + len(copies) <= 60, "each first request is reserved before it is sent"
        # a second answer is counted once it has come: of two times eight pairs under way in each host, and in the killed one
        assert first.total() + copies.total() <= 60 + 3 * 2 * 8


async def redelivered(host: Served) -> float:
    return await host.metric("sameweights_redelivered_total", outcome="audited")
