"""The code of the pages is loaded with the first of them, and they show what was configured meanwhile."""

import asyncio
import os
import re
import subprocess
import sys

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from proxy.provider_config import Provider, ProxyConfig
from shadow.metrics.observe import Metrics
from shadow.pages.admin_app import PAGES, RELOAD, build_app
from shadow.pages.admin_pages import AdminPages
from shadow.pages.deferred_pages import DeferredPages
from shadow.pages.operator_actions import OperatorActions
from shadow.pages.page_threads import PageThreads
from shadow.settings.top_level_config import Config
from tests.records import NOW, add_live, add_pair, calling


def app(store):
    return build_app(store, CollectorRegistry(), str, Config())


@pytest.mark.slow
def test_the_admin_port_is_made_without_the_code_of_its_pages():
    code = "import sys, shadow.pages.admin_app; print([m for m in sys.modules if m in ('jinja2', 'shadow.pages.page_set')])"
    assert subprocess.check_output([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "."}, text=True) == "[]\n"


@pytest.mark.parametrize("name", [*PAGES.values(), "act"])
def test_each_path_has_its_handler(name):
    assert hasattr(AdminPages, name) or name == "live"


async def test_a_configuration_reloaded_before_the_first_page_is_shown_by_it(store):
    built = app(store)
    async with TestClient(TestServer(built)) as client:
        built[RELOAD](
            Config(proxy=ProxyConfig(provider="newly", providers={"newly": Provider(base_url="http://127.0.0.1:9/v1")}))
        )
        assert '<option value="newly">' in await (await client.get("/pairs")).text()


async def test_pages_requested_at_once_are_all_served_by_one_set(store):
    async with TestClient(TestServer(app(store))) as client:
        answers = await asyncio.gather(*(client.get(path) for path in ("/", "/pairs", "/audit", "/runbook")))
        assert [answer.status for answer in answers] == [200] * 4


@pytest.mark.parametrize("acts", [True, False])
async def test_alarms_are_acknowledged_from_the_pages_where_the_port_takes_forms(sqlite_store, acts):
    for _ in range(30):
        add_pair(sqlite_store, "wrong", calling("Oslo"), calling("Quito"), calling("Quito"))
    assert sqlite_store.flush(20)
    operator = OperatorActions(sqlite_store, lambda *_: (), providers=lambda: ["wrong"]) if acts else None
    built = build_app(sqlite_store, CollectorRegistry(), str, Config(), operator=operator)
    async with TestClient(TestServer(built)) as client:
        page = await (await client.get("/providers/wrong?since=all")).text()
    assert "✗ differs" in page
    assert ("Acknowledge or mute" in page) is acts


async def test_audit_counts_since_the_port_was_made_and_not_since_its_first_page(store):
    registry = CollectorRegistry()
    Metrics(registry, Config()).shadow_skipped("budget_money")
    add_live(store, "near")
    assert store.flush(20)
    threads = PageThreads()
    pages = DeferredPages(store, Config(), registry, threads, None, now=lambda: NOW)
    built = web.Application()
    built.router.add_get("/audit", pages.handler("audit"))
    async with TestClient(TestServer(built)) as client:
        page = await (await client.get("/audit?since=all")).text()
    pages.close()
    threads.close()
    assert "counted since this process began, 14 Nov 22:13 UTC." in re.sub("<[^>]+>", "", page)


async def test_a_scrape_is_answered_before_and_after_the_first_page(store):
    async with TestClient(TestServer(app(store))) as client:
        for path in ("/metrics", "/", "/metrics"):
            assert (await client.get(path)).status == 200
