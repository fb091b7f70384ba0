"""With parts of a fleet away for seconds, each answered request is stored once or counted, and the sums are those of a recount.

The outages are longer than the ten seconds of an acknowledgement and the two pings of a connection, hence their seconds.
"""

import asyncio
import signal

import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.brokers import connected, nats_cluster, settings
from tests.fleets import accounted, counted, fleet, lasting
from tests.running import until

pytestmark = [pytest.mark.journey, pytest.mark.promise("fleet.accounted")]


async def test_two_of_three_servers_that_stop_cost_no_exchange_and_no_copy(serve, tmp_path, postgres_url):
    async with PretendedServer(seed=1) as main, nats_cluster(tmp_path / "nats") as servers:
        config = settings(*servers)
        async with fleet(serve, config, main, postgres_url) as (proxy, audit, traffic):
            async with traffic.flowing():
                await traffic.at_least(100)
                await asyncio.gather(*(server.stop(signal.SIGKILL) for server in servers[:2]))
                await until(lambda: proxy.metric("sameweights_publish_retries_total"))
                await lasting(3, traffic)
                await asyncio.gather(*(server.start() for server in servers[:2]))
                await traffic.at_least(100)
            await accounted(traffic, proxy, audit, config, postgres_url)
            assert await counted(proxy, audit) == 0


async def test_all_servers_that_are_away_for_ten_seconds_cost_no_exchange_and_no_copy(serve, tmp_path, postgres_url):
    async with PretendedServer(seed=1) as main, nats_cluster(tmp_path / "nats") as servers:
        config = settings(*servers)
        async with fleet(serve, config, main, postgres_url) as (proxy, audit, traffic):
            async with traffic.flowing():
                await traffic.at_least(100)
                await asyncio.gather(*(server.stop(signal.SIGKILL) for server in servers))
                await lasting(10, traffic)
                await asyncio.gather(*(server.start() for server in servers))
                await traffic.at_least(100)
            await accounted(traffic, proxy, audit, config, postgres_url)
            assert await counted(proxy, audit) == 0


async def test_leader_that_stands_still_for_ten_seconds_costs_no_exchange_and_no_copy(serve, tmp_path, postgres_url):
    async with PretendedServer(seed=1) as main, nats_cluster(tmp_path / "nats") as servers:
        config = settings(*servers)
        async with connected(config) as broker:
            leader = (await broker.api("STREAM.INFO.SAMEWEIGHTS_EXCHANGE_0"))["cluster"]["leader"]
        stopped = next(server for server in servers if server.name == leader)
        async with fleet(serve, config, main, postgres_url) as (proxy, audit, traffic):
            async with traffic.flowing():
                await traffic.at_least(100)
                stopped.signal(signal.SIGSTOP)
                await lasting(10, traffic)
                stopped.signal(signal.SIGCONT)
                await traffic.at_least(100)
            await accounted(traffic, proxy, audit, config, postgres_url)
            assert await counted(proxy, audit) == 0


async def test_store_that_is_away_for_seven_seconds_costs_no_exchange_and_no_copy(serve, tmp_path, postgres_server, postgres_url):
    async with PretendedServer(seed=1) as main, nats_cluster(tmp_path / "nats") as servers:
        config = settings(*servers)
        async with fleet(serve, config, main, postgres_url) as (proxy, audit, traffic):
            async with traffic.flowing():
                await traffic.at_least(100)
                await asyncio.to_thread(postgres_server.stop)
                await lasting(7, traffic)
                await asyncio.to_thread(postgres_server.start)
                await traffic.at_least(100)
            await accounted(traffic, proxy, audit, config, postgres_url)
            assert await counted(proxy, audit) == 0
