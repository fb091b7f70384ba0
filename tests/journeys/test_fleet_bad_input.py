"""What a fleet cannot use is a sentence, counted, and stops nothing else: at the start, on a host, and of one exchange."""

import asyncio
import os
import re
import sys
from pathlib import Path

import aiohttp
import psycopg
import pytest

from shadow.demo.pretended_server import PretendedServer
from storage.postgres.postgres_store import migrate_at
from tests.brokers import connected, nats_server, settings, stored_messages, toml
from tests.fleets import AUDIT, CONFIG, PROXY, STORE, Traffic, counted, fleet, rows
from tests.ports import free_port
from tests.running import Served, chat, until

pytestmark = pytest.mark.journey
RIGHTS = 'authorization { users: [ { user: u, password: p, permissions: { publish: ["sameweights.>"], subscribe: [">"] } } ] }'
SHIFT = "import time\nreal, real_ns = time.time, time.time_ns\n{}\n"
AHEAD = "time.time = lambda: real() + 600\ntime.time_ns = lambda: real_ns() + 600_000_000_000"


async def ended(text: str, tmp_path: Path, role: str, url: str, **env: str) -> tuple[int | None, str]:
    """The exit code of `serve`, and what it wrote to standard error."""
    file = tmp_path / "sameweights.toml"
    file.write_text(text)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "shadow.cli", "serve", str(file), "--role", role),
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), STORE: url, **env},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    return process.returncode, " ".join(errors.decode().split())


async def page(host: Served, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"{host.admin}{path}") as got:
        return got.status, await got.text()


@pytest.mark.promise("fleet.checked")
@pytest.mark.parametrize("role", ["proxy", "audit"])
async def test_url_of_no_broker_ends_the_start_with_a_sentence(tmp_path, postgres_url, role):
    config = CONFIG.format(main="http://127.0.0.1:9/v1", broker='[broker]\nurl = "http://nats.example.com"\n')
    code, words = await ended(config, tmp_path, role, postgres_url)
    assert (code, "holds one that is no nats:// or tls:// address" in words) == (2, True)


@pytest.mark.promise("fleet.checked")
@pytest.mark.parametrize("role", ["proxy", "audit"])
async def test_user_without_rights_ends_the_start_with_the_subject_that_it_may_not_use(tmp_path, postgres_url, role):
    async with nats_server(tmp_path / "nats", more=RIGHTS) as server:
        config = CONFIG.format(main="http://127.0.0.1:9/v1", broker=toml(settings(server, credentials_env="NATS")))
        code, words = await ended(config, tmp_path, role, postgres_url, NATS="u:p")
    assert (code, bool(re.search(r"the broker does not allow .*STREAM\.INFO.*: give the user", words, re.IGNORECASE))) == (
        2,
        True,
    )


@pytest.mark.promise("fleet.checked")
@pytest.mark.parametrize("role", ["proxy", "audit"])
async def test_stream_of_another_product_ends_the_start_and_is_left_as_it_is(tmp_path, postgres_url, role):
    async with nats_server(tmp_path / "nats") as server, connected(settings(server)) as broker:
        await broker.api("STREAM.DELETE.SAMEWEIGHTS_EXCHANGE_0")
        theirs = {"name": "SAMEWEIGHTS_EXCHANGE_0", "subjects": ["orders"], "storage": "file"}
        await broker.api("STREAM.CREATE.SAMEWEIGHTS_EXCHANGE_0", theirs)
        await broker.publish("orders", b"theirs", {})
        config = CONFIG.format(main="http://127.0.0.1:9/v1", broker=toml(settings(server)))
        code, words = await ended(config, tmp_path, role, postgres_url)
        assert (code, "already exists and is not a stream of sameweights" in words) == (2, True)
        assert await stored_messages(broker) == 1


@pytest.mark.promise("fleet.checked")
@pytest.mark.parametrize("is_newer", [True, False])
async def test_tables_of_another_version_or_program_end_the_start_of_an_auditing_host(tmp_path, postgres_server, is_newer):
    url = postgres_server.empty()
    if is_newer:
        migrate_at(url)
    with psycopg.connect(url) as conn:
        conn.execute("INSERT INTO schema_steps (name) VALUES ('tomorrow')" if is_newer else "CREATE TABLE exchanges (id text)")
    async with nats_server(tmp_path / "nats") as server:
        config = CONFIG.format(main="http://127.0.0.1:9/v1", broker=toml(settings(server)))
        code, words = await ended(config, tmp_path, "audit", url)
    sentence = "was written by a newer version of sameweights" if is_newer else "has a table of another program"
    assert (code, sentence in words) == (2, True)


@pytest.mark.promise("fleet.apart")
async def test_url_where_no_server_runs_ends_nothing_and_is_named_on_the_host(serve, tmp_path):
    async with PretendedServer(seed=1) as main:
        broker = f'[broker]\nurl = "nats://127.0.0.1:{free_port()}"\npatience = 0.5\n'
        async with (
            serve(CONFIG.format(main=main.base_url, broker=broker), arguments=PROXY) as proxy,
            aiohttp.ClientSession() as session,
            session.post(f"{proxy.data}/v1/chat/completions", data=chat()) as got,
        ):
            assert got.status == 200
            status, words = await page(proxy, "/readyz")
            assert (status, "cannot be reached" in words, "see broker.url" in words) == (200, True, True)


@pytest.mark.promise("fleet.accounted")
async def test_exchanges_that_cannot_be_used_are_counted_and_all_others_are_stored(serve, tmp_path, postgres_url):
    async with PretendedServer(seed=1) as main, nats_server(tmp_path / "nats", max_payload="64KB") as server:
        config = settings(server)
        async with fleet(serve, config, main, postgres_url) as (proxy, audit, traffic), connected(config) as broker:
            async with traffic.flowing():
                await traffic.at_least(20)
                await broker.publish("sameweights.1.exchange.0", b"poisoned", {"Sameweights-Format": "1", "Nats-Msg-Id": "a"})
                await broker.publish("sameweights.2.exchange.0", b"of tomorrow", {"Sameweights-Format": "2", "Nats-Msg-Id": "b"})
                async with aiohttp.ClientSession() as session:
                    data = chat(text=os.urandom(100_000).hex())
                    async with session.post(f"{proxy.data}/v1/chat/completions", data=data) as got:
                        assert got.status == 200
                await traffic.at_least(20)
            await until(lambda: proxy.metric("sameweights_handover_dropped_total", reason="broker_too_large"))
            await until(lambda: audit.metric("sameweights_handover_dropped_total", reason="malformed"))
            await until(lambda: audit.metric("sameweights_backlog_unreadable_messages"))

            async def stored() -> bool:
                return rows(postgres_url) == traffic.sent and await stored_messages(broker) == 1

            await until(stored)
            assert (await counted(proxy), await counted(audit)) == (1, 1)
            status, words = await page(audit, "/readyz")
            assert (status, "1 of them are in a format that this version does not read" in words) == (200, True)
            assert any("message_unreadable" in line for line in audit.errors)
            assert any("broker_payload_small" in line for line in proxy.errors)


@pytest.mark.promise("fleet.accounted")
async def test_host_whose_clock_is_ten_minutes_ahead_stores_each_exchange_and_is_named(serve, tmp_path, postgres_url):
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "sitecustomize.py").write_text(SHIFT.format(AHEAD))
    async with PretendedServer(seed=1) as main, nats_server(tmp_path / "nats") as server:
        text = CONFIG.format(main=main.base_url, broker=toml(settings(server)))
        shifted = {"PYTHONPATH": f"{tmp_path / 'clock'}{os.pathsep}{Path.cwd()}"}
        async with (
            serve(text, arguments=PROXY, env=shifted) as proxy,
            serve(text, arguments=AUDIT, ports=1, env={STORE: postgres_url}) as audit,
            aiohttp.ClientSession() as session,
        ):
            traffic = Traffic(proxy, session)
            async with traffic.flowing():
                await traffic.at_least(30)
            await until(lambda: rows(postgres_url) == traffic.sent)
            status, words = await page(proxy, "/readyz")
            assert (status, bool(re.search(r"the clock of this host is (59\d|60\d) s ahead of the broker's", words))) == (
                200,
                True,
            )
            assert 590 < await proxy.metric("sameweights_broker_clock_offset_seconds") < 610
            assert any("clock_off" in line for line in proxy.errors)
            assert "the clock of this host" not in (await page(audit, "/readyz"))[1]
            assert await counted(proxy, audit) == 0
