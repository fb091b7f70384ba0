"""The admin port over real sockets: what it answers, to whom, and under which rules."""

import hashlib
from importlib.resources import files

import pytest


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


@pytest.mark.parametrize("path", ["/nothing", "/static/pair.html", "/static/..%2Fadmin.py", "/exchanges/x/secrets"])
async def test_unknown_path_is_a_404(open_port, path):
    assert (await (await open_port()).get(path)).status == 404


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
