"""A token of tenants opens the records of these alone, over a real socket and store."""

import re
from contextlib import asynccontextmanager

import psycopg
import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from shadow.pages.admin_access import admin_access
from shadow.pages.admin_app import build_app
from shadow.settings.top_level_config import Config
from tests.conformance import PATIENCE, START, exchange_record, pair_record

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


ASKED = b'{"model": "qwen", "messages": [{"role": "user", "content": "the word marzipan"}]}'


@asynccontextmanager
async def served(store):
    """A function that returns the status and the page of an address for the holder of a token."""
    assert store.flush(PATIENCE)
    access = admin_access(CONFIG.admin, bytes(32), TOKENS)
    app = build_app(store, CollectorRegistry(), lambda: "", CONFIG, access=access)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:

        async def got(token: str, path: str) -> tuple[int, str]:
            fields = {"Authorization": f"Bearer {TOKENS[token]}"} if token else {}
            answer = await client.get(path, headers=fields)
            return answer.status, await answer.text()

        yield got


@pytest.fixture
async def got(sqlite_store):
    for place, (name, tenant) in enumerate(
        (("pair-of-none", ""), ("pair-of-alpha", "alpha"), ("pair-of-beta", "beta"), ("second-of-alpha", "alpha"))
    ):
        started = START + place
        sqlite_store.add_exchange(exchange_record(name, tenant=tenant, started=started, request_body=ASKED))
        sqlite_store.add_pair(pair_record(name, started=started))
    async with served(sqlite_store) as function:
        yield function


@pytest.fixture
def status(got):
    async def of(token: str, path: str) -> int:
        return (await got(token, path))[0]

    return of


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
        ("/no-page", 404, 404, 404),
        ("/pairs/pair-of-alpha?tenant=alpha&tenant=beta", 400, 403, 400),
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


@pytest.mark.promise("local.grants")
@pytest.mark.parametrize(
    ("query", "team", "support"),
    [
        ("show=all", ["second-of-alpha"], ["pair-of-beta", "pair-of-none"]),
        ("show=all&text=marzipan", ["second-of-alpha"], ["pair-of-beta", "pair-of-none"]),
        ("show=all&text=almonds", [], []),
        ("show=all&tenant=beta", [], ["pair-of-beta"]),
        ("show=all&tenant=alpha", ["second-of-alpha"], ["second-of-alpha"]),
    ],
)
async def test_a_pair_leads_to_pairs_that_the_token_may_read(got, query, team, support):
    for token, expected in (("T", team), ("W", support)):
        status, page = await got(token, f"/pairs/pair-of-alpha?{query}")
        assert status == 200
        assert sorted(set(re.findall(r'href="/pairs/([\w-]+)\?', page))) == expected


@pytest.mark.slow
@pytest.mark.parametrize("page", ["/pairs/pair-without-answer", "/pairs/pair-without-answer/report"])
async def test_a_pair_whose_answer_is_gone_is_of_no_tenant(postgres_store, postgres_url, page):
    postgres_store.add_exchange(exchange_record("pair-without-answer", tenant="alpha"))
    postgres_store.add_pair(pair_record("pair-without-answer"))
    assert postgres_store.flush(PATIENCE)
    with psycopg.connect(postgres_url) as conn:
        conn.execute("DELETE FROM exchanges WHERE id = 'pair-without-answer'")
    async with served(postgres_store) as got:
        assert [(await got(token, page))[0] for token in "TW"] == [403, 200]


async def test_health_is_open(status):
    assert [await status("", path) for path in ("/healthz", "/readyz")] == [200, 200]
