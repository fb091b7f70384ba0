"""proxy.upstream.dialer: each step of a connection fails by its own name, in time, and without an address."""

import asyncio
import errno
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from proxy.errors import UpstreamError
from proxy.exchange import FailureKind
from proxy.routing.provider_origin import parse_base_url
from proxy.upstream import dialer
from proxy.upstream.dialer import Dialer
from tests.wires import PATIENCE, ok, scripted

DIAL_AND_COUNT = """
import asyncio, sys
from pathlib import Path
from proxy.upstream.dialer import Dialer
from proxy.process.parent_watchdog import loop_factory
from proxy.routing.provider_origin import parse_base_url

async def dial():
    await Dialer(30.0).connect(parse_base_url(sys.argv[1]), asyncio.Protocol)
    return len(list(Path("/proc/self/task").iterdir()))

with asyncio.Runner(loop_factory=loop_factory()) as runner:
    print(runner.run(dial()))
"""


async def refused(url, seconds=PATIENCE):
    with pytest.raises(UpstreamError) as caught:
        await Dialer(seconds).connect(parse_base_url(url), asyncio.Protocol)
    assert "127.0.0.1" not in str(caught.value)
    return caught.value


class Network:
    """Resolves each name to one address, to which no connection can be made: `error` says why."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.lookups, self.addresses = [], []
        self.error = OSError(errno.ECONNREFUSED, "Connect call failed ('10.0.0.1', 80)")

    def __getattr__(self, name):
        return getattr(self.loop, name)

    async def getaddrinfo(self, *key, **more):
        self.lookups.append((key, more))
        await asyncio.sleep(0)
        return f"address {len(self.lookups)}"

    async def start_connection(self, address, *, happy_eyeballs_delay, loop):
        assert happy_eyeballs_delay == 0.25
        self.addresses.append(address)
        raise self.error


@pytest.fixture
async def network(monkeypatch):
    made = Network()
    monkeypatch.setattr(dialer.asyncio, "get_running_loop", lambda: made)
    monkeypatch.setattr(dialer, "start_connection", made.start_connection)
    return made


async def failing(dialing, url):
    """Why no connection to this provider is made."""
    with pytest.raises(UpstreamError) as caught:
        await dialing.connect(parse_base_url(url), asyncio.Protocol)
    assert caught.value.kind in {FailureKind.CONNECT, FailureKind.TLS}
    return caught.value.detail


async def test_a_port_without_a_listener_is_a_failure_to_connect():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        error = await refused(f"http://127.0.0.1:{bound.getsockname()[1]}/v1")
    assert (error.kind, error.detail) == (FailureKind.CONNECT, "connection refused")


async def test_a_server_that_sends_before_the_handshake_is_a_failure_of_tls_in_words(monkeypatch):
    """Which words depends on whether its bytes are read before the first of the handshake are sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        async def spoken_to(*given, **more):
            sock = await start_connection(*given, **more)
            accepted.append(server.accept()[0])
            accepted[0].sendall(b"220 ready\r\n")
            return sock

        accepted, start_connection = [], dialer.start_connection
        monkeypatch.setattr(dialer, "start_connection", spoken_to)
        error = await refused(f"https://127.0.0.1:{server.getsockname()[1]}/v1")
        accepted[0].close()
    assert error.kind is FailureKind.TLS
    assert error.detail in {"the server sent bytes before the handshake", "record layer failure", "wrong version number"}


@pytest.mark.parametrize("name", ["no-such-name.invalid", "a..b", "x" * 70 + ".invalid"])
async def test_a_name_that_does_not_resolve_is_a_failure_of_dns(name):
    assert (await refused(f"http://{name}/v1")).kind is FailureKind.DNS


async def test_concurrent_lookups_of_a_name_share_one_query(network):
    dialing = Dialer(PATIENCE)
    assert (
        await asyncio.gather(*[failing(dialing, "http://somewhere.example/v1") for _ in range(5)]) == ["connection refused"] * 5
    )
    await failing(dialing, "http://somewhere.example/v1")
    assert [key for key, _ in network.lookups] == [("somewhere.example", 80)]
    assert network.addresses == ["address 1"] * 6


async def test_a_step_that_takes_too_long_is_named():
    async def silent(wire):
        await wire.gone()

    async with scripted(silent) as provider:
        error = await refused(provider.url.replace("http:", "https:"), seconds=0.2)
    assert (error.kind, error.detail) == (FailureKind.CONNECT_TIMEOUT, "tls took longer than 0.2 s")


async def test_a_provider_that_does_not_take_the_connection_is_given_up_in_time():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            error = await refused(f"http://127.0.0.1:{port}/v1", seconds=0.2)
    assert (error.kind, error.detail) == (FailureKind.CONNECT_TIMEOUT, "connect took longer than 0.2 s")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
async def test_no_connection_waits_for_the_threads_that_look_up_names():
    async with scripted(None) as provider:
        command = (sys.executable, "-P", "-c", DIAL_AND_COUNT, provider.url)
        child = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
        said, _ = await child.communicate()
    assert said == b"1\n"


@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="the times are those of Linux")
async def test_a_silent_connection_is_probed_below_http_after_a_minute_and_every_half_minute():
    async with scripted(None, ok()) as provider:
        made = []

        class Kept(asyncio.Protocol):
            def connection_made(self, transport):
                made.append(transport)

        await Dialer(PATIENCE).connect(parse_base_url(provider.url), Kept)
        sock = made[0].get_extra_info("socket")
        options = [sock.getsockopt(socket.IPPROTO_TCP, each) for each in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL)]
        assert (sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) > 0, options) == (True, [60, 30])
        made[0].abort()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OSError(errno.ECONNREFUSED, "Connect call failed ('10.0.0.1', 80)"), "connection refused"),
        (OSError("multiple exceptions: 10.0.0.1"), "connection failed"),
        (UnicodeError("label too long"), "not a valid name"),
        (socket.gaierror(-2, "Name or service not known"), "name or service not known"),
        (socket.gaierror(), "name not known"),
        (OSError(errno.EHOSTUNREACH, "to 10.0.0.1"), "no route to host"),
    ],
)
async def test_a_connection_that_cannot_be_made_has_its_cause_in_a_few_words_and_no_address(network, error, cause):
    network.error = error
    assert await failing(Dialer(PATIENCE), "http://h/v1") == cause


def ssl_error(*args, reason=None):
    error = ssl.SSLError(*args)
    error.reason = reason
    return error


def certificate_error(message):
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
    error.verify_message = message
    return error


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ssl_error("the server sent bytes"), "the server sent bytes"),
        (ssl_error(1, "[SSL: X] at (_ssl.c:1)", reason="WRONG_VERSION_NUMBER"), "wrong version number"),
        (ssl_error(1, "[SSL: X] at (_ssl.c:1)"), "handshake failed"),
        (
            certificate_error("Hostname mismatch, certificate is not valid for 'h'."),
            "its certificate was refused: hostname mismatch",
        ),
    ],
)
async def test_a_failure_of_tls_has_its_cause_in_the_words_of_openssl_and_no_name(network, error, cause):
    network.error = error
    assert await failing(Dialer(PATIENCE), "https://h/v1") == cause


@pytest.mark.parametrize(("later", "used"), [(9.9, "address 1"), (10.0, "address 2")])
async def test_a_name_is_resolved_again_after_ten_seconds(monkeypatch, network, later, used):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(dialer, "time", SimpleNamespace(monotonic=lambda: clock.now))
    dialing = Dialer(PATIENCE)
    assert repr(dialing) == "<Dialer known_names=0 lookups=0>"
    await failing(dialing, "https://somewhere.example/v1")
    assert repr(dialing) == "<Dialer known_names=1 lookups=0>"
    clock.now += later
    await failing(dialing, "https://somewhere.example/v1")
    assert network.addresses == ["address 1", used]
    assert network.lookups[0] == (
        ("somewhere.example", 443),
        {"type": socket.SOCK_STREAM, "flags": socket.AI_ADDRCONFIG},
    )


@pytest.fixture
def proxied(monkeypatch):
    """Both ends of a connection to an outbound proxy, over which every handshake succeeds at once."""
    near, far = socket.socketpair()
    near.setblocking(False)

    async def start_connection(addresses, **_more):
        return near

    async def secured(sock, context, host, make):
        return host

    monkeypatch.setattr(dialer, "start_connection", start_connection)
    monkeypatch.setattr(dialer, "secured", secured)
    with near, far:
        yield near, far


@pytest.mark.parametrize(
    ("url", "proxy", "asked"),
    [
        ("https://h/v1", "http://127.0.0.1:3128", b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"),
        ("https://[::1]:8443/v1", "http://127.0.0.1:3128", b"CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n"),
        (
            *("https://h/v1", "http://u:p@127.0.0.1:3128"),
            b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nProxy-Authorization: Basic dTpw\r\n\r\n",
        ),
    ],
)
async def test_an_outbound_proxy_connects_to_the_server_of_the_provider(proxied, url, proxy, asked):
    near, far = proxied
    far.sendall(b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n")
    origin = parse_base_url(url)._replace(proxy=proxy)
    assert await Dialer(PATIENCE).connect(origin, asyncio.Protocol) == origin.host
    assert far.recv(1_000) == asked
    assert near.fileno() >= 0


@pytest.mark.parametrize(("size", "connects"), [(65_536, True), (65_537, False)])
async def test_the_answer_of_an_outbound_proxy_has_64_kib_at_most(proxied, size, connects):
    _, far = proxied
    far.sendall(b"HTTP/1.1 200 OK\r\nX: ".ljust(size - 4, b"y") + b"\r\n\r\n")
    connecting = Dialer(PATIENCE).connect(
        parse_base_url("https://h/v1")._replace(proxy="http://127.0.0.1:3128"), asyncio.Protocol
    )
    if connects:
        assert await connecting == "h"
    else:
        with pytest.raises(UpstreamError, match="what cannot be read"):
            await connecting


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "status 407"),
        (b"HTTP/1.0 503 \r\n\r\n", "status 503"),
        (b"HTTP/1.1 200 OK\r\n\r\nbytes", "what cannot be read"),
        (b"HTTP/1.1 200 OK\r\n", "what cannot be read"),
        (b"220 ready\r\n\r\n", "what cannot be read"),
        (b"", "what cannot be read"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 65_536, "what cannot be read"),
    ],
)
async def test_an_outbound_proxy_that_does_not_connect_is_a_failure_to_connect_in_words(proxied, answer, why):
    near, far = proxied
    far.sendall(answer)
    if len(answer) < 65_536:
        far.shutdown(socket.SHUT_WR)
    with pytest.raises(UpstreamError) as raised:
        await Dialer(PATIENCE).connect(parse_base_url("https://h/v1")._replace(proxy="http://127.0.0.1:3128"), asyncio.Protocol)
    assert raised.value.kind is FailureKind.CONNECT
    assert raised.value.detail == f"the outbound proxy: it answered CONNECT with {why}"
    assert near.fileno() < 0
