"""The admin port over real sockets: what it answers, to whom, and under which rules."""

import gzip
import hashlib
import re
import time
from importlib.resources import files

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from shadow.metrics.observe import Metrics
from shadow.pages import period_figures
from shadow.pages.admin_app import build_app
from shadow.pages.build_share import BuildShare
from shadow.settings.top_level_config import Config
from storage.rows import PairFilter
from storage.store import Store
from tests.exchanges import asked, exchange, said
from tests.pairs import keep_pair
from tests.records import fill

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


async def test_healthz_is_ok_and_readyz_states_its_reason(open_port):
    port = await open_port()
    assert (await port.get("/healthz")).status == 200
    ready = await port.get("/readyz")
    assert (ready.status, await ready.text()) == (200, "ready\n")
    port.state = ["store: the last write failed"]
    port.why = "the store cannot be written"
    not_ready = await port.get("/readyz")
    assert (not_ready.status, await not_ready.text()) == (503, "the store cannot be written\nstore: the last write failed\n")
    assert (await port.get("/healthz")).status == 200


async def test_empty_list_states_when_its_verdicts_can_be_built_while_the_share_of_builds_is_spent(open_port, store, monkeypatch):
    share = BuildShare()
    share.charge(time.monotonic(), 600.0)  # paid after 30,000 s, of which 500 s may be ahead
    monkeypatch.setattr(period_figures, "BuildShare", lambda: share)
    keep_pair(store, said("one"), said("two"), said("two"))
    port = await open_port()
    text = await (await port.get("/pairs")).text()
    assert re.search(r"The figures of this period can be built in 29,[45]\d\d s: building takes at most 2% of one core", text)
    assert "being built" not in text


async def test_metrics_have_the_format_of_the_accept_header(open_port):
    port = await open_port()
    classic = await port.get("/metrics")
    assert classic.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    open_metrics = await port.get("/metrics", Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert open_metrics.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert (await open_metrics.text()).endswith("# EOF\n")
    assert "sameweights_build_info{" in await classic.text()


@pytest.mark.parametrize("path", ["/", "/pairs", "/answers", "/audit", "/choose", "/studies", "/runbook"])
async def test_each_page_of_the_menu_is_there_and_marked_in_it(open_port, path):
    answer = await (await open_port()).get(path)
    assert (answer.status, f'<a href="{path}" aria-current="page">' in await answer.text()) == (200, True)


@pytest.mark.parametrize("path", ["/providers/none", "/conversations/none", "/conversations/a%2Fb", "/exchanges/none"])
async def test_provider_conversation_or_exchange_that_is_not_stored_is_a_404_with_a_sentence(open_port, path):
    answer = await (await open_port()).get(path)
    assert (answer.status, "is unknown, or was deleted" in await answer.text()) == (404, True)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/pairs", "/answers", "/audit", "/providers/x"),
        *("/choose", "/studies", "/runbook", "/exchanges/x", "/conversations/x", "/pairs/x"),
    ],
)
async def test_unknown_parameter_is_a_400_that_quotes_it(open_port, path):
    answer = await (await open_port()).get(f"{path}?colour=red")
    assert (answer.status, "there is no filter &#39;colour&#39; on this page" in await answer.text()) == (400, True)


async def test_address_of_the_identities_of_before_leads_to_the_overview(open_port):
    answer = await (await open_port()).get("/serving")
    assert (answer.status, answer.headers["Location"]) == (302, "/")


async def test_browser_finds_the_icon_for_a_page_of_plain_text(open_port):
    answer = await (await open_port()).get("/favicon.ico")
    assert (answer.status, answer.headers["Location"]) == (302, "/static/icon.svg")


async def test_invalid_period_is_refused_with_examples(open_port):
    answer = await (await open_port()).get("/?since=yesterday")
    assert (answer.status, "known: 30m, 24h" in await answer.text()) == (400, True)


async def test_a_pair_is_found_by_its_id_and_by_its_beginning(open_port, store):
    pair = keep_pair(store, said("Yes"), said("No"))
    port = await open_port()
    for path in (f"/pairs/{pair}", f"/pairs/{pair[:8]}"):
        answer = await port.get(path)
        assert answer.status == 200
        assert "candidate" in await answer.text()
    assert f"/pairs/{pair}" in await (await port.get("/pairs?show=all")).text()


async def test_bug_report_about_a_pair_is_plain_text(open_port, store):
    pair = keep_pair(store, said("<script>Yes</script>"), said("No"))
    answer = await (await open_port()).get(f"/pairs/{pair}/report")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert (await answer.text()).startswith("# candidate compared with official")
    assert f'href="/pairs/{pair}/report?since=all"' in await (await (await open_port()).get(f"/pairs/{pair}")).text()


@pytest.mark.parametrize(
    ("since", "head"), [("all", "answers otherwise than"), ("", "answers otherwise than"), ("1h", "compared with")]
)
async def test_bug_report_is_by_the_verdicts_of_its_period(open_port, store, since, head):
    fill(store)
    pair = next(one.pair.id for one in store.pairs(PairFilter(provider="garbler", signal="arguments", state="differ")))
    answer = await (await open_port()).get(f"/pairs/{pair}/report?since={since}")
    assert (await answer.text()).startswith(f"# garbler {head} official\n")


async def test_bug_report_whose_verdicts_are_not_built_is_a_503_that_states_when(open_port, store, monkeypatch):
    share = BuildShare()
    share.charge(time.monotonic(), 600.0)
    monkeypatch.setattr(period_figures, "BuildShare", lambda: share)
    pair = keep_pair(store, said("one"), said("two"), said("two"))
    answer = await (await open_port()).get(f"/pairs/{pair}/report?since=24h")
    assert (answer.status, answer.headers["Retry-After"].startswith("29")) == (503, True)
    assert "The figures of this period can be built in 29," in await answer.text()


@pytest.mark.parametrize(("query", "why"), [("since=yesterday", "known: 30m, 24h"), ("colour=red", "there is no filter")])
async def test_bug_report_of_a_wrong_address_is_a_400_with_a_sentence(open_port, store, query, why):
    pair = keep_pair(store, said("one"), said("two"))
    answer = await (await open_port()).get(f"/pairs/{pair}/report?{query}")
    assert (answer.status, why in await answer.text()) == (400, True)


@pytest.mark.parametrize(
    "path", ["/pairs/none/report", "/pairs/nothing-here", "/pairs/%3Cscript%3E", "/pairs/%00%ED%A0%80", "/exchanges/none/request"]
)
async def test_unknown_pair_or_exchange_is_a_404_with_a_sentence(open_port, path):
    answer = await (await open_port()).get(path)
    assert answer.status == 404
    assert re.search(r"is unknown,? or was deleted", " ".join((await answer.text()).split()))


@pytest.mark.parametrize("path", ["/nothing", "/static/pair.html", "/static/..%2Fadmin.py", "/exchanges/x/secrets"])
async def test_unknown_path_is_a_404(open_port, path):
    assert (await (await open_port()).get(path)).status == 404


async def test_an_unknown_filter_is_a_400_with_the_known_ones(open_port):
    answer = await (await open_port()).get("/pairs?state=unknown_state")
    assert answer.status == 400
    assert "not_measured" in await answer.text()


async def test_raw_bodies_are_plain_text_without_their_compression(open_port, store):
    packed = exchange(gzip.compress(said("<b>Yes</b>")), request=asked(), headers=(("content-encoding", "gzip"),))
    pair = keep_pair(store, packed, said("No"))
    port = await open_port()
    answer = await port.get(f"/exchanges/{pair}/response")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert await answer.read() == said("<b>Yes</b>")


async def test_body_that_was_not_kept_is_a_404_with_a_sentence(open_port, store):
    pair = keep_pair(store, said("Yes"), said("No"), bodies="none")
    answer = await (await open_port()).get(f"/exchanges/{pair}/request")
    assert (answer.status, await answer.text()) == (404, "This exchange has no body, or its body was not kept.\n")


@pytest.mark.promise("reader.page")
@pytest.mark.parametrize("path", ["/pairs", "/metrics", "/nothing", "/static/style.css", "/healthz"])
async def test_every_answer_forbids_foreign_scripts_sniffing_and_referrers(open_port, path):
    headers = (await (await open_port()).get(path)).headers
    assert headers["Content-Security-Policy"].startswith(
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert not [name for name in headers if name.lower().startswith("access-control")]
    assert headers["Server"] == "sameweights"


async def test_pages_load_only_their_own_style_script_and_icon(open_port):
    port = await open_port()
    for script in ("course.js", "uplot.js"):
        assert (await port.get(f"/static/{script}")).headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert (await port.get("/static/pages.js")).headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert (await port.get("/static/style.css")).headers["Content-Type"] == "text/css; charset=utf-8"
    assert (await port.get("/static/icon.svg")).headers["Content-Type"].startswith("image/svg+xml")


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("uplot.js", "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f"),
        ("uplot.css", "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04"),
        ("uplot.LICENSE", "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd"),
    ],
)
def test_vendored_file_is_that_of_uplot_1_6_32(name, digest):
    """Its SHA-256 in the package of the npm registry, under `dist` as `uPlot.iife.min.js` and `uPlot.min.css`."""
    assert hashlib.sha256((files("shadow.pages") / "vendor" / name).read_bytes()).hexdigest() == digest


@pytest.mark.slow
@pytest.mark.promise("local.reading")
@pytest.mark.parametrize("path", ["/pairs", "/metrics", "/healthz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_method_other_than_get_or_head_is_a_405(open_port, path, method):
    port = await open_port()
    async with port.client.request(method, path) as answer:
        assert answer.status == 405


@pytest.mark.parametrize("host", ["localhost", "localhost:8081", "127.0.0.1:9", "[::1]:8081", "LOCALHOST"])
async def test_a_request_to_a_name_of_the_admin_port_is_answered(open_port, host):
    assert (await (await open_port()).get("/healthz", Host=host)).status == 200


@pytest.mark.promise("local.host")
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8081", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", ""]
)
async def test_foreign_host_name_is_refused(open_port, host):
    port = await open_port()
    for path in ("/pairs", "/metrics", "/healthz"):
        assert (await port.get(path, Host=host)).status == 421


async def test_wildcard_listener_accepts_addresses_and_configured_names(open_port):
    port = await open_port(listen="0.0.0.0:8081", hosts=["audit.internal"])
    for host in ("10.1.2.3:8081", "[fd00::1]:8081", "audit.internal:8081"):
        assert (await port.get("/healthz", Host=host)).status == 200
    assert (await port.get("/healthz", Host="evil.example")).status == 421


@pytest.mark.promise("local.host")
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
async def test_a_page_of_another_origin_is_refused(open_port, origin):
    assert (await (await open_port()).get("/pairs", Origin=origin)).status == 403


async def test_request_of_the_same_origin_is_answered(open_port):
    assert (await (await open_port()).get("/pairs", Host="localhost:8081", Origin="http://localhost:8081")).status == 200


async def test_the_runbook_has_a_place_for_every_alert(open_port):
    page = await (await open_port()).get("/runbook")
    assert page.status == 200
    assert 'id="SameweightsDrift"' in await page.text()
