"""proxy.upstream.dialer: each step of a connection fails by its own name, in time, and without an address."""

import asyncio
import errno
import socket
import subprocess
import sys
from pathlib import Path

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


async def test_concurrent_lookups_of_a_name_share_one_query(monkeypatch):
    loop = asyncio.get_running_loop()
    asked = []

    class Names:
        def __getattr__(self, name):
            return getattr(loop, name)

        async def getaddrinfo(self, *key, **_more):
            asked.append(key)
            await asyncio.sleep(0)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", key[1]))]

    monkeypatch.setattr(dialer.asyncio, "get_running_loop", Names)
    dialing = Dialer(PATIENCE)
    found = await asyncio.gather(*[dialing._addresses("somewhere.example", 80) for _ in range(5)])
    assert len({str(each) for each in found}) == 1
    await dialing._addresses("somewhere.example", 80)
    assert asked == [("somewhere.example", 80)]


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


async def test_a_connection_is_kept_alive_below_http():
    async with scripted(None, ok()) as provider:
        made = []

        class Kept(asyncio.Protocol):
            def connection_made(self, transport):
                made.append(transport)

        await Dialer(PATIENCE).connect(parse_base_url(provider.url), Kept)
        assert made[0].get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        made[0].abort()
        await asyncio.sleep(0)


def test_causes_are_reported_without_addresses():
    assert dialer._reason(OSError(errno.ECONNREFUSED, "Connect call failed ('10.0.0.1', 80)")) == "connection refused"
    assert dialer._reason(OSError("multiple exceptions: 10.0.0.1")) == "connection failed"
