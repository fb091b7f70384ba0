"""The port of a process without pages answers with its metrics, its health and why it is not ready, until it is closed."""

import socket
from contextlib import asynccontextmanager

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from shadow.metrics.observe import Metrics
from shadow.pages.admin_access import AdminAccess
from shadow.processes.admin_certificate import AdminCertificate
from shadow.processes.state_port import StatePort
from shadow.settings.top_level_config import AdminConfig, Config

pytestmark = pytest.mark.slow


@asynccontextmanager
async def opened(why: str, access: AdminAccess):
    """The answers of an open port, by path."""
    registry = CollectorRegistry()
    metrics = Metrics(registry, Config())
    port = StatePort(
        AdminConfig(),
        access,
        AdminCertificate(AdminConfig()),
        shown=registry.restricted_registry(["sameweights_exchanges_ended_total"]),
        metrics=metrics,
        why_not=lambda: why,
        lines=lambda: ["store: away"],
        home="home\n",
    )
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"

    async def get(path: str, **headers: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(address + path, headers=headers) as got:
            return got.status, await got.text()

    await port.open(listening)
    try:
        yield get
    finally:
        await port.close()
    with pytest.raises(aiohttp.ClientError):
        await get("/healthz")


async def test_port_shows_why_the_process_is_not_ready_and_a_line_for_each_part():
    async with opened("it waits", AdminAccess()) as get:
        assert await get("/readyz") == (503, "it waits\nstore: away\n")
        assert await get("/healthz") == (200, "ok\n")
        assert await get("/") == (200, "home\n")


async def test_ready_process_is_ready_and_shows_the_chosen_metrics_alone():
    async with opened("", AdminAccess()) as get:
        assert await get("/readyz") == (200, "ready\nstore: away\n")
        status, text = await get("/metrics")
        assert status == 200
        assert {line.split("{")[0].split()[0] for line in text.splitlines() if not line.startswith("#")} == {
            "sameweights_exchanges_ended_total"
        }


async def test_metrics_that_need_a_token_are_refused_without_it_while_probes_are_answered():
    async with opened("", AdminAccess(token="secret", metrics_open=False)) as get:
        assert (await get("/metrics"))[0] == 401
        assert (await get("/metrics", Authorization="Bearer secret"))[0] == 200
        assert (await get("/readyz"))[0] == 200
