"""Where the budget of one of two tenants ends, its are not shadowed and the other's are after a crash or restart too."""

import asyncio
import os
import signal
from contextlib import closing

import aiohttp
import pytest

from storage.opening import open_reader
from storage.storage_config import StorageConfig
from tests.brokers import nats_server, settings
from tests.brokers import toml as broker
from tests.fleets import AUDIT as AUDIT_ROLE
from tests.fleets import PROXY, STORE
from tests.journeys.test_audit_workers import ready
from tests.journeys.test_bursts_and_budgets import AUDIT, providers, shadowed, skipped, toml
from tests.journeys.test_tenants import ALPHA, BETA, ENV
from tests.journeys.test_whole_path_of_a_request import post
from tests.running import chat, until

pytestmark = pytest.mark.journey

TENANTS = """
[[tenants]]
name = "alpha"
key_env = "KEY_ALPHA"
budget = { requests = 2 }

[[tenants]]
name = "beta"
key_env = "KEY_BETA"
"""


async def ask(session, served, key: str, count: int) -> None:
    """Send `count` requests of a tenant, one after the other."""
    for _ in range(count):
        async with post(session, served.data, chat(text=f"Number {next(served.numbers)}"), **{"x-sameweights-key": key}) as got:
            assert got.status == 200
            await got.read()


async def killed_audit(served) -> None:
    killed = served.children()[AUDIT]
    os.kill(killed, signal.SIGKILL)
    await until(lambda: served.children().get(AUDIT) not in {None, killed})


@pytest.mark.timeout(240)
@pytest.mark.promise("tenants.budget")
async def test_budget_of_one_tenant_ends_and_the_other_goes_on_until_that_of_all_ends(serve):
    async with providers() as (candidate, official), aiohttp.ClientSession() as session:
        given = toml(candidate, official, 'requests = 6\nperiod = "month"\n') + TENANTS
        async with serve(given, env=ENV) as served:
            await ask(session, served, ALPHA, 4)
            await skipped(served, 2, "tenant_budget_requests")
            await until(lambda: shadowed(official) == 2)
            assert await served.metric("sameweights_tenant_budget", tenant="alpha", unit="requests") == 2
            await until(lambda: _shown(served, 'sameweights_tenant_budget_left{tenant="alpha",unit="requests"} 0'))
            await killed_audit(served)
            await ask(session, served, BETA, 3)
            await until(lambda: shadowed(official) == 5)
            await ask(session, served, ALPHA, 2)
            await skipped(served, 2, "tenant_budget_requests")
            async with session.get(f"{served.admin}/audit") as page:
                assert "tenant alpha: 2 of 2 requests of this month spent" in await page.text()
            assert await served.stop() == 0
        async with serve(given, env=ENV) as served:
            await ask(session, served, ALPHA, 1)
            await skipped(served, 1, "tenant_budget_requests")
            await ask(session, served, BETA, 2)
            await skipped(served, 1, "budget_requests")
            await until(lambda: shadowed(official) == 6)
            assert await served.stop() == 0
        assert shadowed(official) == 6


@pytest.mark.timeout(240)
@pytest.mark.promise("tenants.budget")
async def test_audit_workers_share_the_budget_of_a_tenant(serve):
    async with providers() as (candidate, official), aiohttp.ClientSession() as session:
        given = toml(candidate, official, 'requests = 6\nperiod = "month"\naudit_workers = 2\n') + TENANTS
        async with serve(given, env=ENV) as served:
            await ready(served, session)
            await asyncio.gather(*(ask(session, served, ALPHA, 4) for _ in range(2)))
            await skipped(served, 6, "tenant_budget_requests")
            await ask(session, served, BETA, 6)
            await skipped(served, 2, "budget_requests")
            await until(lambda: shadowed(official) == 6)


@pytest.mark.timeout(240)
@pytest.mark.promise("tenants.budget")
async def test_two_auditing_hosts_share_the_budget_of_a_tenant(serve, tmp_path, postgres_url):
    async with providers() as (candidate, official), nats_server(tmp_path / "nats") as server, aiohttp.ClientSession() as session:
        given = toml(candidate, official, 'requests = 8\nperiod = "month"\n') + TENANTS + broker(settings(server))
        hosts = {**ENV, STORE: postgres_url}
        async with (
            serve(given, arguments=PROXY, env=ENV) as proxy,
            serve(given, arguments=AUDIT_ROLE, ports=1, env=hosts) as first,
            serve(given, arguments=AUDIT_ROLE, ports=1, env=hosts) as second,
        ):
            await asyncio.gather(*(ask(session, proxy, ALPHA, 6) for _ in range(4)), ask(session, proxy, BETA, 4))

            async def met(reason: str, least: int) -> bool:
                counts = [await host.metric("sameweights_shadow_dropped_total", reason=reason) for host in (first, second)]
                return sum(counts) == least

            await until(lambda: met("tenant_budget_requests", 22))
            await until(lambda: shadowed(official) == 6)
            await ask(session, proxy, BETA, 4)
            await until(lambda: met("budget_requests", 2))
            await until(lambda: shadowed(official) == 8)
    with closing(open_reader(StorageConfig(url=postgres_url))) as reader:
        spent = reader.spent_by_tenants(0, 10**6)
    assert {name: each.requests for name, each in spent.items()} == {"alpha": 2, "beta": 6}


async def _shown(served, line: str) -> bool:
    return line in (await served.metrics()).splitlines()
