"""How often a store that is away is tried, and what is logged and counted meanwhile; the port is real, the store played."""

import asyncio
import socket
from types import SimpleNamespace

import aiohttp
import pytest

from proxy.process.shared_counters import SharedCounters
from shadow.processes import store_wait
from shadow.processes.admin_certificate import AdminCertificate
from shadow.processes.store_wait import StoreWait
from shadow.settings.top_level_config import AdminConfig, Config
from storage.store_away import StoreAwayError
from tests.passing_clock import PassingAsyncio
from tests.running import until

AWAY = StoreAwayError("the database is starting")
FORWARDED = "requests are forwarded; exchanges wait up to proxy.limits.handover, and are counted beyond it"


class Passing(PassingAsyncio):
    """Each limit is over at once."""

    def timeout(self, seconds: float) -> asyncio.Timeout:
        self.limits.append(seconds)
        return asyncio.timeout(0.0)


@pytest.fixture
def admin():
    with socket.create_server(("127.0.0.1", 0)) as opened:
        opened.setblocking(False)
        yield opened


def waiting(answers, role="all"):
    async def attempt():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    config = Config(admin=AdminConfig())
    return StoreWait(config, SharedCounters(), attempt, AdminCertificate(config.admin), role=role, environ={})


@pytest.mark.parametrize(("role", "effect"), [("all", FORWARDED), ("audit", "exchanges wait in the broker")])
async def test_store_is_tried_every_second_and_each_reason_logged_once(monkeypatch, logged, admin, role, effect):
    calls, passing = logged("shadow.processes.store_wait"), Passing()
    monkeypatch.setattr(store_wait, "asyncio", passing)
    wait = waiting([AWAY, StoreAwayError("no route"), StoreAwayError("no route"), AWAY, "the store"], role)
    assert await wait.opened(AWAY, asyncio.Event(), admin) == "the store"
    assert passing.limits == [1.0] * 5
    away = [{"event": "store_away", "reason": why, "effect": effect} for why in (str(AWAY), "no route", str(AWAY))]
    assert [call.kwargs for call in calls] == [*away, {"event": "store_back"}]
    assert repr(wait) == "<StoreWait the database is starting>"
    assert admin.fileno() > 0, "the port is the audit's from now on"


async def test_losses_are_counted_twice_a_second_until_the_end(monkeypatch, admin):
    passing, counted = PassingAsyncio(), []
    monkeypatch.setattr(store_wait, "asyncio", passing)
    wait, ended = waiting([]), asyncio.Event()
    monkeypatch.setattr(wait._metrics, "counted", counted.append)
    result = asyncio.create_task(wait.opened(AWAY, ended, admin))
    await until(lambda: len(passing.pauses) > 2)
    ended.set()
    assert await result is None
    assert {*passing.pauses} == {0.5}
    assert {*map(id, counted)} == {id(wait._counters)}


async def test_processes_of_the_installation_are_shown_meanwhile(admin):
    wait, ended = waiting([]), asyncio.Event()
    result = asyncio.create_task(wait.opened(AWAY, ended, admin))
    url = f"http://127.0.0.1:{admin.getsockname()[1]}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as got:
        text = await got.text()
    ended.set()
    await result
    assert 'process_resident_memory_bytes{number="0",process="supervisor"}' in text


def test_reload_reads_the_certificate_of_the_port_again():
    renewed = []
    certificate = SimpleNamespace(context=None, renew=lambda: renewed.append(None))
    StoreWait(Config(), SharedCounters(), print, certificate, environ={}).reload(b"{}")
    assert renewed == [None]
