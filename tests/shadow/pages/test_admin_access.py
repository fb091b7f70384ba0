"""The token of the admin port over real sockets: who gets in, how, and what stays open."""

import asyncio

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from shadow.pages.admin_access import AdminAccess, admin_access, base_address, drawn_token, needs_token
from shadow.pages.admin_app import build_app
from shadow.pages.admin_grants import AdminGrant
from shadow.settings.top_level_config import AdminConfig, Config
from storage.store import Store
from tests.conformance import exchange_record

pytestmark = pytest.mark.promise("local.token")

SECRET = bytes(range(32))
TOKEN = drawn_token(SECRET)
TENANTS = {"alpha": ["alpha"], "both": ["alpha", "beta"], "all": []}


@pytest.fixture
async def get(store: Store):
    opened = []

    async def request(path: str, *, cookies=None, admin=None, environ=None, **headers: str):
        table = {"listen": "0.0.0.0:8081", **(admin or {})}
        config = Config.model_validate({"admin": table})
        access = admin_access(config.admin, SECRET, environ or {})
        app = build_app(store, CollectorRegistry(), lambda: "", config, access=access)
        client = TestClient(TestServer(app, host="127.0.0.1"), cookies=cookies)
        opened.append(client)
        await client.start_server()
        return await client.get(path, headers=headers, allow_redirects=False)

    yield request
    for client in opened:
        await client.close()


@pytest.mark.parametrize(
    "path", ["/", "/pairs", "/pairs/x", "/answers", "/serving", "/runbook", "/exchanges/x/request", "/nowhere"]
)
async def test_a_port_beyond_loopback_shows_no_page_without_the_token(get, path):
    refused = await get(path)
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert TOKEN not in await refused.text()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/static/style.css"])
async def test_health_metrics_and_styles_need_no_token(get, path):
    assert (await get(path)).status == 200


async def test_metrics_need_the_token_where_the_configuration_states_so(get):
    assert (await get("/metrics", admin={"metrics": "token"})).status == 401
    assert (await get("/metrics", admin={"metrics": "token"}, Authorization=f"Bearer {TOKEN}")).status == 200


async def test_a_token_in_the_address_becomes_a_cookie_and_leaves_the_address(get):
    welcome = await get(f"/pairs?state=differ&token={TOKEN}")
    assert (welcome.status, welcome.headers["Location"]) == (303, "/pairs?state=differ")
    [cookie] = welcome.cookies.values()
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert TOKEN not in cookie.value
    assert cookie.key == f"sameweights_{welcome.url.port}"


async def test_a_cookie_lets_in_by_the_name_of_its_port_alone(store):
    config = Config.model_validate({"admin": {"listen": "0.0.0.0:8081"}})
    app = build_app(store, CollectorRegistry(), lambda: "", config, access=admin_access(config.admin, SECRET, {}))
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        welcome = await client.get(f"/pairs?token={TOKEN}")
        assert welcome.status == 200
        value = next(iter(client.session.cookie_jar)).value
        client.session.cookie_jar.clear()
        assert (await client.get("/pairs", headers={"Cookie": f"sameweights_{client.port}={value}"})).status == 200
        assert (await client.get("/pairs", headers={"Cookie": f"sameweights_1={value}"})).status == 401


async def test_a_token_leaves_the_address_also_where_the_browser_has_the_cookie(store):
    config = Config.model_validate({"admin": {"listen": "0.0.0.0:8081"}})
    app = build_app(store, CollectorRegistry(), lambda: "", config, access=admin_access(config.admin, SECRET, {}))
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        assert (await client.get(f"/?token={TOKEN}")).status == 200
        again = await client.get(f"/pairs?token={TOKEN}", allow_redirects=False)
        assert (again.status, again.headers["Location"]) == (303, "/pairs")


async def test_drawn_token_and_cookie_of_a_browser_are_those_of_each_release(sqlite_store):
    """Fixed values, so that nobody has to open the printed address again after an update."""
    assert drawn_token(SECRET) == "MlkxMCA2hWRW1H5oSVGt_kapNWwrZZbOhd-c9ItEBLU"
    app = build_app(sqlite_store, CollectorRegistry(), lambda: "", Config(), access=AdminAccess(token=TOKEN))
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        for value, status in (
            ("ce62e19dfcec8b36c0bb4f6c6987a82e91cc98e5bf6d3f93d090b3377ed9073d", 200),
            ("0" * 64, 401),
            (TOKEN, 401),
            ("", 401),
        ):
            cookie = {"Cookie": f"sameweights_{client.port}={value}"}
            assert (await client.get("/pairs", headers=cookie)).status == status


async def test_a_token_parameter_changes_nothing_where_no_token_is_needed(get):
    open_port = {"listen": "127.0.0.1:8081"}
    assert (await get("/healthz?token=", admin=open_port)).status == 200
    assert (await get(f"/healthz?token={TOKEN}", admin=open_port)).status == 200


async def test_metrics_behind_a_token_lock_a_loopback_port_too(get):
    loopback = {"listen": "127.0.0.1:8081", "metrics": "token"}
    assert (await get("/metrics", admin=loopback)).status == 401
    assert (await get("/metrics", admin=loopback, Authorization=f"Bearer {TOKEN}")).status == 200


@pytest.mark.parametrize(
    "authorization",
    ["Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer", "", "Bearer é"],
)
async def test_a_wrong_authorization_is_refused(get, authorization):
    assert (await get("/pairs", Authorization=authorization)).status == 401


@pytest.mark.parametrize("header", [b"Authorization: Bearer \xff\xfe", b"Cookie: sameweights_%d=\xff\xfe"])
async def test_a_token_that_is_no_text_is_refused(sqlite_store, header):
    app = build_app(sqlite_store, CollectorRegistry(), lambda: "", Config(), access=AdminAccess(token=TOKEN))
    async with TestServer(app, host="127.0.0.1") as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        field = header.replace(b"%d", b"%d" % server.port)
        writer.write(b"GET /pairs HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s\r\nConnection: close\r\n\r\n" % (server.port, field))
        assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
        writer.close()


async def test_token_of_a_tenant_opens_no_record_of_another_one(sqlite_store):
    for name in ("alpha", "beta"):
        sqlite_store.add_exchange(exchange_record(name, tenant=name))
    assert sqlite_store.flush(20)
    grant = AdminGrant(name="team", tenants=frozenset({"alpha"}))
    access = AdminAccess(named=(("dashboards", grant),))
    assert (await opened(sqlite_store, access, "/exchanges/alpha"))[0] == 200
    refused = await opened(sqlite_store, access, "/exchanges/beta")
    assert refused == (403, "403: the token 'team' may read the words of alpha alone\n")


async def test_a_bearer_token_lets_a_program_in(get):
    assert (await get("/pairs", Authorization=f"bearer {TOKEN}")).status == 200


async def test_a_configured_token_replaces_the_drawn_one_also_on_loopback(get):
    given = {"admin": {"listen": "127.0.0.1:8081", "token_env": "PAGES"}, "environ": {"PAGES": "p" * 16}}
    assert (await get("/pairs", **given)).status == 401
    assert (await get("/pairs", **given, Authorization=f"Bearer {TOKEN}")).status == 401
    assert (await get("/pairs", **given, Authorization=f"Bearer {'p' * 16}")).status == 200


async def test_a_token_from_a_file_with_a_newline_is_the_token(get):
    named = [{"name": "team", "token_env": "TEAM", "may": "words"}]
    given = {"admin": {"token_env": "PAGES", "tokens": named}, "environ": {"PAGES": "p" * 16 + "\n", "TEAM": "t" * 16 + "\n"}}
    assert [(await get("/pairs", **given, Authorization=f"Bearer {letter * 16}")).status for letter in "ptx"] == [200, 200, 401]


async def test_a_loopback_port_without_a_configured_token_is_open(get):
    assert (await get("/pairs", admin={"listen": "127.0.0.1:8081"})).status == 200


async def test_a_cookie_of_a_port_with_tls_is_sent_over_tls_alone(store):
    access = admin_access(AdminConfig(listen="0.0.0.0:1", tls_cert="c.pem", tls_key="k.pem"), SECRET, {})
    app = build_app(store, CollectorRegistry(), lambda: "", Config(), access=access)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        welcome = await client.get(f"/?token={TOKEN}", allow_redirects=False)
        [cookie] = welcome.cookies.values()
        assert cookie["secure"]


@pytest.mark.parametrize(
    ("listen", "needed"),
    [
        ("127.0.0.1:1", False),
        ("localhost:1", False),
        ("[::1]:1", False),
        ("0.0.0.0:1", True),
        ("[::]:1", True),
        ("10.0.0.1:1", True),
        (":1", True),
    ],
)
def test_a_token_is_needed_beyond_loopback(listen, needed):
    assert needs_token(AdminConfig(listen=listen)) == needed


def test_port_with_named_tokens_has_a_token_of_its_own_also_on_loopback():
    config = AdminConfig.model_validate({"tokens": [{"name": "board", "token_env": "BOARD", "may": "figures"}]})
    found = admin_access(config, SECRET, {"BOARD": "b" * 16})
    assert (found.token, [token for token, _ in found.named]) == (TOKEN, ["b" * 16])
    assert admin_access(config, SECRET, {}).named == ()
    assert admin_access(AdminConfig(), SECRET, {}).token == ""


def test_the_drawn_token_is_the_same_at_each_start_and_another_for_each_installation():
    assert drawn_token(SECRET) == TOKEN
    assert drawn_token(bytes(32)) != TOKEN
    assert len(TOKEN) == 43


def test_the_token_is_not_in_the_representation():
    assert TOKEN not in repr(admin_access(AdminConfig(listen="0.0.0.0:1"), SECRET, {}))


@pytest.mark.parametrize(
    ("host", "tls", "shown"),
    [
        ("0.0.0.0", False, "http://127.0.0.1:8"),
        ("::", True, "https://[::1]:8"),
        ("::1", False, "http://[::1]:8"),
        ("a.b", True, "https://a.b:8"),
    ],
)
def test_the_printed_address_is_one_that_a_browser_takes(host, tls, shown):
    assert base_address(host, 8, tls=tls) == shown


@pytest.mark.parametrize(
    ("left", "alpha", "both", "all_"),
    [
        (None, {"alpha"}, {"alpha", "beta"}, set()),
        (["alpha", "gamma"], {"alpha"}, {"alpha"}, set()),
        (["beta"], None, {"beta"}, set()),
        ([], None, None, set()),
    ],
)
def test_token_of_tenants_is_none_once_a_reload_leaves_none_of_them(left, alpha, both, all_):
    grants = {name: AdminGrant(name=name, acts=False, tenants=frozenset(tenants)) for name, tenants in TENANTS.items()}
    access = AdminAccess(token="main", named=tuple(grants.items()))
    if left is not None:
        access.reload(left)
    found = {name: access._by_bearer({"Authorization": f"Bearer {name}"}) for name in (*TENANTS, "main")}
    expected = dict(zip(TENANTS, (alpha, both, all_), strict=True)) | {"main": set()}
    assert {name: each and set(each[1].tenants) for name, each in found.items()} == expected


def test_port_whose_tokens_are_all_of_removed_tenants_is_not_open():
    access = AdminAccess(named=(("alpha", AdminGrant(tenants=frozenset({"alpha"}))),))
    access.reload([])
    assert not access._is_open("/pairs")


async def opened(store, access, path, method="GET"):
    app = build_app(store, CollectorRegistry(), lambda: "", Config(), access=access)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        answer = await client.request(method, path, headers={"Authorization": "Bearer dashboards"})
        return answer.status, await answer.text()


@pytest.mark.parametrize(
    ("may", "method", "path", "status", "text"),
    [
        ("figures", "GET", "/", 200, "<h1>"),
        ("figures", "GET", "/pairs", 403, "403: the token 'board' may read figures, and this page has words"),
        ("words", "GET", "/pairs", 200, "<h1>"),
        ("words", "POST", "/providers/near", 403, "403: the token 'board' may read, and change nothing"),
    ],
)
async def test_named_token_reads_what_it_may_and_changes_nothing(sqlite_store, may, method, path, status, text):  # noqa: PLR0917 - a table
    config = AdminConfig.model_validate({"tokens": [{"name": "board", "token_env": "BOARD", "may": may}]})
    access = admin_access(config, SECRET, {"BOARD": " dashboards\n"})
    found = await opened(sqlite_store, access, path, method)
    assert found[0] == status
    assert text in found[1]


async def test_token_that_is_the_ports_own_and_a_named_one_reads_words(sqlite_store):
    figures = AdminGrant(name="board", words=False)
    access = AdminAccess(token="dashboards", named=(("dashboards", figures),))
    assert (await opened(sqlite_store, access, "/pairs"))[0] == 200


async def test_metrics_of_a_port_with_a_token_are_open_unless_they_are_closed(sqlite_store):
    for closed, status in ((AdminAccess(token="other"), 200), (AdminAccess(token="other", metrics_open=False), 401)):
        assert (await opened(sqlite_store, closed, "/metrics"))[0] == status


def test_representation_states_whether_there_is_a_token():
    assert repr(AdminAccess(token="secret")) == "<AdminAccess token=set metrics_open=True secure=False>"
    assert repr(AdminAccess()) == "<AdminAccess token=none metrics_open=True secure=False>"
