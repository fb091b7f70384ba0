"""A token of tenants opens the records of these alone, over a real socket and store."""

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from shadow.pages.admin_access import admin_access
from shadow.pages.admin_app import build_app
from shadow.settings.top_level_config import Config
from tests.conformance import PATIENCE, exchange_record, pair_record

TOKENS = {"T": "t" * 16, "F": "f" * 16, "W": "w" * 16}
CONFIG = Config.model_validate(
    {
        "admin": {
            "tokens": [
                {"name": "team", "token_env": "T", "may": "words", "tenants": ["alpha"]},
                {"name": "board", "token_env": "F"},
                {"name": "support", "token_env": "W", "may": "words"},
            ]
        }
    }
)


@pytest.fixture
async def status(sqlite_store):
    for name, tenant in (("pair-of-alpha", "alpha"), ("pair-of-beta", "beta"), ("pair-of-none", "")):
        sqlite_store.add_exchange(exchange_record(name, tenant=tenant))
        sqlite_store.add_pair(pair_record(name))
    assert sqlite_store.flush(PATIENCE)
    access = admin_access(CONFIG.admin, bytes(32), TOKENS)
    app = build_app(sqlite_store, CollectorRegistry(), lambda: "", CONFIG, access=access)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:

        async def got(token: str, path: str) -> int:
            fields = {"Authorization": f"Bearer {TOKENS[token]}"} if token else {}
            return (await client.get(path, headers=fields)).status

        yield got


@pytest.mark.promise("local.grants")
@pytest.mark.parametrize(
    ("path", "team", "board", "support"),
    [
        ("/", 200, 200, 200),
        ("/providers/near", 200, 200, 200),
        ("/pairs", 403, 403, 200),
        ("/pairs?tenant=alpha", 200, 403, 200),
        ("/pairs?tenant=alpha&tenant=beta", 400, 403, 400),
        ("/pairs?tenant=beta", 403, 403, 200),
        ("/pairs/pair-of-alpha", 200, 403, 200),
        ("/pairs/pair-of-beta", 403, 403, 200),
        ("/pairs/pair-of-none/report", 403, 403, 200),
        ("/pairs/pair-of-", 403, 403, 404),
        ("/pairs/unknown-pair", 404, 403, 404),
        ("/exchanges/pair-of-alpha/request", 200, 403, 200),
        ("/exchanges/pair-of-beta/request", 403, 403, 200),
        ("/exchanges/pair-of-beta", 403, 403, 200),
        ("/conversations/talk-1", 403, 403, 200),
        ("/answers", 403, 403, 200),
    ],
)
async def test_each_token_sees_what_it_may(status, path, team, board, support):
    assert [await status(token, path) for token in "TFW"] == [team, board, support]
    assert await status("", path) == 401


async def test_health_is_open(status):
    assert [await status("", path) for path in ("/healthz", "/readyz")] == [200, 200]
