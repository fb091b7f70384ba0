"""The admin port over a store, and what can be turned on it."""

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from shadow.metrics.observe import Metrics
from shadow.pages.admin_app import build_app
from shadow.settings.top_level_config import Config
from storage.store import Store

PROVIDERS = {"candidate": {"base_url": "https://example.com/v1"}, "official": {"base_url": "https://example.com/v1"}}


class Port:
    """The admin port and what can be turned on it."""

    def __init__(self, store: Store, admin: dict) -> None:
        self.why = ""
        self.state: list[str] = []
        self.config = Config.model_validate({"proxy": {"providers": PROVIDERS}, "admin": admin})
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry, self.config)
        ready = {"ready": lambda: self.why, "state": lambda: self.state}
        app = build_app(reader=store, registry=self.registry, config=self.config, **ready)
        self.client = TestClient(TestServer(app, host="127.0.0.1"))

    async def get(self, path: str, **headers: str):
        return await self.client.get(path, headers=headers, allow_redirects=False)


@pytest.fixture
async def open_port(store: Store):
    opened = []

    async def make(**admin) -> Port:
        port = Port(store, admin)
        await port.client.start_server()
        opened.append(port)
        return port

    yield make
    for port in opened:
        await port.client.close()
