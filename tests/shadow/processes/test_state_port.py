"""The port of a process without pages answers with its metrics, its health and why it is not ready, until it is closed."""

import asyncio
import socket
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from shadow.metrics.observe import Metrics
from shadow.pages.admin_access import AdminAccess
from shadow.processes import state_port
from shadow.processes.admin_certificate import AdminCertificate
from shadow.processes.state_port import StatePort
from shadow.settings.top_level_config import AdminConfig, Config
from tests.running import until

pytestmark = pytest.mark.slow


def made(why: str, access: AdminAccess, certificate: AdminCertificate | None = None) -> StatePort:
    registry = CollectorRegistry()
    metrics = Metrics(registry, Config())
    return StatePort(
        AdminConfig(),
        access,
        certificate or AdminCertificate(AdminConfig()),
        shown=registry.restricted_registry(["sameweights_exchanges_ended_total"]),
        metrics=metrics,
        why_not=lambda: why,
        lines=lambda: ["store: away"],
        home="home\n",
    )


@asynccontextmanager
async def opened(why: str, access: AdminAccess):
    """The answers of an open port, by path."""
    port = made(why, access)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"

    async def get(path: str, **headers: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(address + path, headers=headers) as got:
            return got.status, await got.text()

    await port.open(listening)
    get.address = address
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


async def test_answers_have_the_headers_that_protect_a_page():
    async with opened("", AdminAccess()) as get, aiohttp.ClientSession() as session, session.get(get.address) as got:
        assert got.headers["X-Content-Type-Options"] == "nosniff"


async def test_port_shows_whether_it_is_open_and_ends_what_sends_nothing_for_long(monkeypatch):
    moment = [0.0]
    monkeypatch.setattr(state_port, "time", SimpleNamespace(monotonic=lambda: moment[0]))
    port = made("", AdminAccess())
    assert repr(port) == "<StatePort open=False>"
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    await port.open(listening)
    assert repr(port) == "<StatePort open=True>"
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    await until(lambda: len(port._limiter))
    for moment[0], left in ((120.0, 1), (120.1, 0)):
        port.close_idle()
        await until(lambda left=left: len(port._limiter) == left)
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    await port.close()


async def test_port_that_was_never_opened_can_be_closed():
    await made("", AdminAccess()).close()


def test_certificate_is_read_again_when_it_was_renewed():
    renewed = []
    made("", AdminAccess(), SimpleNamespace(context=None, renew=lambda: renewed.append(None))).renew_certificate()
    assert renewed == [None]
