"""With a broker between forwarding and auditing hosts, every exchange is stored once or counted, whichever process is killed."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.brokers import connected, nats_cluster, nats_server, settings, stored_messages, toml
from tests.fleets import AUDIT, AUDITOR, CONFIG, PROXY, STORE, Traffic, accounted, counted, fleet, rows
from tests.running import PATIENCE, until

pytestmark = pytest.mark.journey


@pytest.mark.promise("fleet.accounted")
async def test_leader_that_is_killed_costs_no_exchange_and_no_copy(serve, tmp_path, postgres_url):
    async with PretendedServer(seed=1) as main, nats_cluster(tmp_path / "nats") as servers:
        config = settings(*servers)
        async with connected(config) as broker:
            leader = (await broker.api("STREAM.INFO.SAMEWEIGHTS_EXCHANGE_0"))["cluster"]["leader"]
        async with fleet(serve, config, main, postgres_url) as (proxy, audit, traffic):
            killed = next(server for server in servers if server.name == leader)
            async with traffic.flowing():
                await traffic.at_least(100)
                await killed.stop(signal.SIGKILL)
                await traffic.at_least(100)
                await killed.start()
                await traffic.at_least(100)
            await accounted(traffic, proxy, audit, config, postgres_url)
            assert await counted(proxy, audit) == 0


@pytest.mark.promise("fleet.accounted", "fleet.apart")
async def test_broker_that_is_stopped_costs_no_request_and_what_does_not_fit_is_counted(serve, tmp_path, postgres_url):
    async with PretendedServer(seed=1) as main, nats_server(tmp_path / "nats") as server:
        config = settings(server, limit=1024 * 1024)
        async with fleet(serve, config, main, postgres_url, size=20_000) as (proxy, audit, traffic):
            async with traffic.flowing():
                await traffic.at_least(50)
                await server.stop(signal.SIGKILL)
                await until(lambda: proxy.metric("sameweights_publisher_queue_length"))
                async with aiohttp.ClientSession() as session, session.get(f"{proxy.admin}/readyz") as got:
                    assert got.status == 200, "traffic is forwarded without a broker"
                await until(lambda: proxy.metric("sameweights_handover_dropped_total", reason="inbox_full"))
                await server.start()
                await traffic.at_least(50)
            await accounted(traffic, proxy, audit, config, postgres_url)
            assert await counted(proxy) > 0
            await proxy.shows(await counted(proxy), "sameweights_handover_dropped_total", reason="inbox_full")


@pytest.mark.promise("fleet.accounted")
async def test_stream_that_is_full_refuses_and_each_refused_exchange_is_counted(serve, tmp_path):
    async with PretendedServer(seed=1) as main, nats_server(tmp_path / "nats") as server:
        config = settings(server, max_bytes=1024 * 1024, patience=0.2)
        async with fleet(serve, config, main, size=20_000) as (proxy, _, traffic):
            async with traffic.flowing():
                await until(lambda: proxy.metric("sameweights_handover_dropped_total", reason="broker_full"))
            async with connected(config) as broker:

                async def settled() -> bool:
                    published = await proxy.metric("sameweights_published_total")
                    return traffic.sent == published + await counted(proxy) and published == await stored_messages(broker)

                await until(settled)


@pytest.mark.promise("fleet.accounted")
async def test_audit_that_is_killed_and_started_again_stores_each_exchange_once(serve, tmp_path, postgres_url):
    async with PretendedServer(seed=1) as main, nats_server(tmp_path / "nats") as server:
        config = settings(server)
        async with fleet(serve, config, main, postgres_url) as (proxy, audit, traffic):
            async with traffic.flowing():
                await traffic.at_least(50)
                killed = audit.children()[AUDITOR]
                os.kill(killed, signal.SIGKILL)
                await until(lambda: audit.children().get(AUDITOR) not in {None, killed})
                await traffic.at_least(50)
            await accounted(traffic, proxy, audit, config, postgres_url)
            assert rows(postgres_url) == traffic.sent


@pytest.mark.promise("fleet.accounted")
async def test_hosts_that_stop_in_order_leave_nothing_behind(serve, tmp_path, postgres_url):
    async with PretendedServer(seed=1) as main, nats_server(tmp_path / "nats") as server:
        config = settings(server)
        async with fleet(serve, config, main, postgres_url) as (proxy, audit, traffic):
            async with traffic.flowing():
                await traffic.at_least(100)
            assert await proxy.stop() == 0
            async with connected(config) as broker:

                async def empty() -> bool:
                    return await stored_messages(broker) == 0

                await until(empty)
            assert await audit.stop() == 0
            assert rows(postgres_url) == traffic.sent


@pytest.mark.promise("fleet.checked")
@pytest.mark.parametrize("role", ["proxy", "audit"])
async def test_broker_that_refuses_the_configuration_ends_serve_with_a_sentence_and_2(tmp_path, postgres_url, role):
    async with PretendedServer(seed=1) as main, nats_server(tmp_path / "nats") as server:
        file = tmp_path / "sameweights.toml"
        file.write_text(CONFIG.format(main=main.base_url, broker=toml(settings(server, replicas=3))))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "shadow.cli", "serve", str(file), "--role", role),
            env={**os.environ, "PYTHONPATH": str(Path.cwd()), STORE: postgres_url},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await process.communicate()
    assert process.returncode == 2
    assert re.search(rb"cannot keep the stream .* lower broker\.replicas", errors)


@pytest.mark.promise("fleet.accounted")
async def test_two_audits_on_one_server_store_each_exchange_once_while_one_is_killed_and_the_server_is_away(
    serve, tmp_path, postgres_server, postgres_url
):
    stored = {STORE: postgres_url}
    async with PretendedServer(seed=1) as main, nats_server(tmp_path / "nats") as server:
        config = settings(server)
        text = CONFIG.format(main=main.base_url, broker=toml(config))
        async with (
            serve(text, arguments=PROXY) as proxy,
            serve(text, arguments=AUDIT, ports=1, env=stored) as one,
            serve(text, arguments=AUDIT, ports=1, env=stored) as other,
            aiohttp.ClientSession() as session,
        ):
            traffic = Traffic(proxy, session)
            async with traffic.flowing():
                await traffic.at_least(50)
                os.kill(one.children()[AUDITOR], signal.SIGKILL)
                await traffic.at_least(50)
                await asyncio.to_thread(postgres_server.stop)
                await traffic.at_least(100)
                await asyncio.to_thread(postgres_server.start)
                await traffic.at_least(50)
            async with connected(config) as broker:

                async def settled() -> bool:
                    published = await proxy.metric("sameweights_published_total")
                    left = await stored_messages(broker)
                    return traffic.sent == published + await counted(proxy) and left == 0

                await until(settled, PATIENCE)
            assert rows(postgres_url) + await counted(proxy, one, other) == traffic.sent
            assert await counted(proxy, one, other) == 0
