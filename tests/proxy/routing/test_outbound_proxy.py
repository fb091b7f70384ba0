"""proxy.routing.outbound_proxy: how a provider is reached, by settings and environment, and through a real outbound proxy."""

import ssl
from contextlib import asynccontextmanager

import pytest
import trustme

from proxy.exchange import FailureKind
from proxy.provider_config import ProxyConfig
from proxy.routing.outbound_proxy import OutboundProxy, choose_proxy, origin_of, parse_proxy
from tests.outbound import ESTABLISHED, outbound_proxy
from tests.wires import ask, client, get, ok, plane, post, scripted

CORPORATE = "http://proxy.example:3128"


def chosen(environ, host="api.example.com", port=443, *, tls=True, setting=""):
    return tuple(choose_proxy(setting, host, port, tls=tls, environ=environ))


@pytest.mark.parametrize(
    ("environ", "tls", "used"),
    [
        ({}, True, ("", "")),
        ({"HTTPS_PROXY": "a"}, True, ("a", "HTTPS_PROXY")),
        ({"HTTPS_PROXY": "a", "https_proxy": "b"}, True, ("b", "https_proxy")),
        ({"HTTPS_PROXY": "a"}, False, ("", "")),
        ({"HTTP_PROXY": "a"}, False, ("a", "HTTP_PROXY")),
        ({"HTTP_PROXY": "a"}, True, ("", "")),
        ({"ALL_PROXY": "a"}, True, ("a", "ALL_PROXY")),
        ({"all_proxy": "a", "HTTP_PROXY": "b"}, False, ("b", "HTTP_PROXY")),
        ({"HTTPS_PROXY": " "}, True, ("", "")),
    ],
)
def test_the_variable_of_the_scheme_counts_before_that_of_all(environ, tls, used):
    assert chosen(environ, tls=tls) == used


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_a_loopback_host_is_reached_directly_unless_a_setting_names_a_proxy(host):
    assert chosen({"HTTPS_PROXY": "a"}, host) == ("", "")
    assert chosen({}, host, setting="b") == ("b", "outbound_proxy")


def test_a_setting_takes_precedence_over_the_environment_and_none_is_none():
    environ = {"HTTPS_PROXY": "a", "NO_PROXY": "*"}
    assert chosen(environ, setting="b") == ("b", "outbound_proxy")
    assert chosen(environ, setting="none") == ("", "outbound_proxy")


EXCEPTED = [
    *(("*", "api.example.com", True), ("api.example.com", "api.example.com", True), ("API.Example.com", "api.example.com", True)),
    *(
        ("example.com", "api.example.com", True),
        (".example.com", "api.example.com", True),
        ("*.example.com", "a.example.com", True),
    ),
    *((".example.com", "example.com", True), ("ample.com", "api.example.com", False), ("com.evil", "example.com", False)),
    *(("a.example, b.example", "b.example", True), ("a.example b.example", "b.example", True), (",, ,", "b.example", False)),
    *(("api.example.com:443", "api.example.com", True), ("api.example.com:8443", "api.example.com", False)),
    *(("10.0.0.0/8", "10.1.2.3", True), ("10.0.0.0/8", "11.1.2.3", False), ("10.1.2.3", "10.1.2.3", True)),
    *(("10.1.2.3:443", "10.1.2.3", True), ("10.1.2.3:80", "10.1.2.3", False), ("10.1.2", "10.1.2.3", False)),
    *(
        ("fd00::/8", "fd00::1", True),
        ("[fd00::1]:443", "fd00::1", True),
        ("fd00::1", "fd00::1", True),
        ("fd00::2", "fd00::1", False),
    ),
    *(("10.0.0.0/8", "ten.example", False), (".", "api.example.com", False), ("*.", "api.example.com", False)),
    *(("api.example.com.", "api.example.com", True), ("api.example.com", "api.example.com.", True)),
]


@pytest.mark.parametrize(("exceptions", "host", "excepted"), EXCEPTED)
def test_no_proxy_lists_names_domains_addresses_networks_and_ports(exceptions, host, excepted):
    for name in ("NO_PROXY", "no_proxy"):
        assert chosen({"HTTPS_PROXY": "a", name: exceptions}, host) == (("", "") if excepted else ("a", "HTTPS_PROXY"))


@pytest.mark.parametrize(
    ("address", "parsed"),
    [
        (CORPORATE, OutboundProxy("proxy.example", 3128, "")),
        ("proxy.example:3128", OutboundProxy("proxy.example", 3128, "")),
        ("http://proxy.example/", OutboundProxy("proxy.example", 80, "")),
        ("http://[::1]:8", OutboundProxy("::1", 8, "")),
        ("http://me:p%40ss@proxy.example:1", OutboundProxy("proxy.example", 1, "Basic bWU6cEBzcw==")),
        ("http://me@proxy.example:1", OutboundProxy("proxy.example", 1, "Basic bWU6")),
    ],
)
def test_a_proxys_address_is_taken_apart(address, parsed):
    assert parse_proxy(address) == parsed


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("socks5://proxy.example:1080", "kind 'socks5'"),
        ("https://proxy.example", "kind 'https'"),
        ("http://", "not the address"),
        ("http://a:x", "not the address"),
        ("http://a:99999", "not the address"),
        ("http://a/path", "not the address"),
        ("http://a?b", "not the address"),
        ("http://a b", "not the address"),
        ("http://me:secret-word@[", "not the address"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(address, words):
    with pytest.raises(ValueError, match=words) as caught:
        parse_proxy(address)
    assert "secret-word" not in str(caught.value)


def test_a_provider_goes_its_own_way_or_the_common_one():
    config = ProxyConfig.model_validate(
        {
            "outbound_proxy": CORPORATE,
            "ca_file": "common.pem",
            "providers": {
                "common": {"base_url": "https://a.example/v1"},
                "own": {"base_url": "https://b.example/v1", "outbound_proxy": "http://other.example:1", "ca_file": "own.pem"},
                "direct": {"base_url": "https://c.example/v1", "outbound_proxy": "none"},
            },
        }
    )
    found = {name: origin_of(config, name, {"HTTPS_PROXY": "http://unused.example"}) for name in config.providers}
    assert {name: origin.proxy for name, origin in found.items()} == {
        "common": CORPORATE,
        "own": "http://other.example:1",
        "direct": "",
    }
    assert [origin.ca_file for origin in found.values()] == ["common.pem", "own.pem", "common.pem"]


@pytest.fixture
def authority():
    return trustme.CA()


def served_by(authority, *names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@asynccontextmanager
async def behind(authority, *answers, answer=ESTABLISHED):
    """A provider called api.example.test, which only an outbound proxy knows."""
    context = served_by(authority, "api.example.test")
    async with scripted(None, *answers, ssl=context) as provider, outbound_proxy(provider.port, answer) as through:
        yield provider, through


def at(name, provider, scheme="https"):
    return f"{scheme}://{name}:{provider.port}/v1"


async def test_tls_goes_through_a_tunnel_that_the_proxy_cannot_read(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with behind(authority, ok(b"one"), ok(b"two")) as (provider, through):
        environ = {"HTTPS_PROXY": f"http://me:secret@127.0.0.1:{through.port}"}
        url, ca_file = at("api.example.test", provider), str(tmp_path / "ca.pem")
        async with plane(url, ca_file=ca_file, environ=environ) as running, client(running.port) as asked:
            for word in (b"one", b"two"):
                await asked.send(post(b"{}", b"Authorization: Bearer sk-client", close=False))
                await asked.until(word)
        server = b"api.example.test:%d" % provider.port
        assert through.heads == [
            b"CONNECT " + server + b" HTTP/1.1\r\nHost: " + server + b"\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n"
        ]
        assert provider.requests[1].startswith(b"POST /v1/chat/completions HTTP/1.1\r\nHost: " + server)
        assert not any(b"roxy" in request for request in provider.requests)


async def test_plain_http_is_forwarded_by_the_proxy_with_its_own_credential():
    async with scripted(None, ok(b"fine")) as provider, outbound_proxy(provider.port) as through:
        setting = {"outbound_proxy": through.url}
        url = at("api.example.test", provider, "http")
        async with plane(providers={"candidate": {"base_url": url, **setting}}) as running:
            assert (await ask(running.port, get(b"/v1/models?x"))).endswith(b"fine")
        async with plane(url, environ={"http_proxy": f"http://me:secret@127.0.0.1:{through.port}"}) as running:
            assert (await ask(running.port, post(b"{}"))).endswith(b"fine")
        server = b"api.example.test:%d" % provider.port
        assert through.heads[0].startswith(b"GET http://" + server + b"/v1/models?x HTTP/1.1\r\nHost: " + server + b"\r\n")
        assert b"Proxy-Authorization" not in through.heads[0]
        assert through.heads[1].startswith(b"POST http://" + server + b"/v1/chat/completions HTTP/1.1\r\n")
        assert b"\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n" in through.heads[1]


ANSWERS = {
    "a refusal": (
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno",
        "it answered CONNECT with status 407",
    ),
    "no HTTP": (b"SSH-2.0\r\n\r\n", "it answered CONNECT with what cannot be read"),
    "bytes behind the head": (b"HTTP/1.1 200 OK\r\n\r\n\x16\x03", "it answered CONNECT with what cannot be read"),
    "nothing": (b"", "connect took longer than 0.5 s"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "words"), ANSWERS.values(), ids=ANSWERS)
async def test_a_proxy_that_opens_no_tunnel_is_a_502_that_states_it(answer, words, authority):
    async with behind(authority, ok(), answer=answer) as (provider, through):
        url, timeouts = at("api.example.test", provider), {"connect": 0.5}
        async with plane(url, outbound_proxy=through.url, timeouts=timeouts) as running:
            got = await ask(running.port, post(b"{}"))
            assert got[9:12] in {b"502", b"504"}
            assert f"the outbound proxy: {words}".encode() in got
            assert (await running.kept.next()).failure.kind in {FailureKind.CONNECT, FailureKind.CONNECT_TIMEOUT}


async def test_a_proxy_that_is_not_there_is_distinguished_from_the_provider():
    async with plane("https://api.example.test/v1", outbound_proxy="http://127.0.0.1:1") as running:
        assert b"the outbound proxy: connection refused" in await ask(running.port, post(b"{}"))


async def test_a_certificate_that_no_file_covers_is_refused_through_a_proxy_too(authority):
    async with (
        behind(authority, ok()) as (provider, through),
        plane(at("api.example.test", provider), outbound_proxy=through.url) as running,
    ):
        got = await ask(running.port, post(b"{}"))
        assert b"its certificate was refused" in got
        assert provider.requests == []


async def test_one_file_of_certificates_covers_its_own_provider_alone(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with scripted(None, ok(b"fine"), ssl=served_by(authority, "localhost")) as provider:
        url = at("localhost", provider)
        providers = {"candidate": {"base_url": url, "ca_file": str(tmp_path / "ca.pem")}, "other": {"base_url": url}}
        async with plane(providers=providers) as running:
            assert (await ask(running.port, post(b"{}"))).endswith(b"fine")
            got = await ask(running.port, post(b"{}", target=b"/other/v1/x"))
            assert b"its certificate was refused" in got


async def test_ways_that_cannot_be_used_fail_when_the_plane_is_made():
    with pytest.raises(ValueError, match="socks5"):
        async with plane("https://api.example.test/v1", environ={"HTTPS_PROXY": "socks5://a"}):
            pass
