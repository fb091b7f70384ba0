"""proxy.client.tls_accept: the data port over TLS, with raw sockets and real handshakes."""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import time
from types import SimpleNamespace

import pytest

from proxy.client import tls_accept
from proxy.client.client_connection import LINGER_SECONDS
from proxy.client.client_listener import ClientListener
from proxy.client.client_state import ClientState
from proxy.client.tls_accept import TlsAccept
from proxy.exchange import FailureKind
from proxy.process import tcp_info
from proxy.process.server_tls import server_context
from proxy.provider_config import Limits, Timeouts
from proxy.worker_stats import WorkerStats
from tests.certificates import issued
from tests.running import until
from tests.wires import PATIENCE, STREAM_HEAD, ask, chunks, client, ok, plane, post, scripted


@pytest.fixture
def trusted(tmp_path):
    trust, (cert, key) = issued(tmp_path)
    trust.set_alpn_protocols(["h2", "http/1.1"])
    return trust, {"tls_cert": cert, "tls_key": key}


@contextlib.asynccontextmanager
async def secure(port: int, trust: ssl.SSLContext):
    reader, writer = await asyncio.wait_for(
        asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname="localhost"), PATIENCE
    )
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def until_mark(reader: asyncio.StreamReader, mark: bytes) -> bytes:
    return await asyncio.wait_for(reader.readuntil(mark), PATIENCE)


async def test_requests_of_one_connection_are_answered_over_tls_byte_for_byte(trusted):
    trust, files = trusted
    body = bytes(range(256)) * 4096
    async with scripted(None, ok(body)) as provider, plane(provider.url, **files) as running:
        async with secure(running.port, trust) as (reader, writer):
            assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
            assert writer.get_extra_info("ssl_object").version() == "TLSv1.3"
            for _ in range(3):
                writer.write(post(body, close=False))
                await until_mark(reader, b"\r\n\r\n")
                assert await asyncio.wait_for(reader.readexactly(len(body)), PATIENCE) == body
        assert [request.partition(b"\r\n\r\n")[2] for request in provider.requests] == [body] * 3
        assert (running.stats.accepted, running.stats.tls_failed) == (3, 0)


async def test_a_client_that_does_not_read_over_tls_pauses_its_provider_and_gets_every_byte(trusted):
    trust, files = trusted
    piece = b"data: " + b"x" * 65_528 + b"\n\n"
    enough = asyncio.Event()
    sent = 0

    async def script(wire):
        nonlocal sent
        await wire.request()
        await wire.send(STREAM_HEAD)
        while not enough.is_set():
            await wire.send(chunks(piece))
            sent += 1
        await wire.send(b"0\r\n\r\n")

    async with (
        scripted(script) as provider,
        plane(provider.url, **files) as running,
        secure(running.port, trust) as (reader, writer),
    ):
        writer.write(post(b"{}"))
        await until_mark(reader, b"\r\n\r\n")
        writer.transport.pause_reading()
        [connection] = running.connections
        await until(lambda: connection.writing_paused and not connection.transport.is_closing())
        assert connection.transport.get_write_buffer_size() < 2**20
        enough.set()
        writer.transport.resume_reading()
        rest = await asyncio.wait_for(reader.read(-1), PATIENCE)
        assert rest.count(piece) == sent


async def test_bytes_that_are_no_handshake_are_counted_and_never_forwarded(trusted):
    _, files = trusted
    async with scripted(None, ok(b"")) as provider, plane(provider.url, **files) as running:
        with contextlib.suppress(ConnectionResetError):
            assert not (await ask(running.port, post(b"{}"))).startswith(b"HTTP/")
        await until(lambda: running.stats.tls_failed == 1)
        assert (running.stats.accepted, provider.connections) == (0, 0)


async def test_a_handshake_that_does_not_come_ends_after_the_time_of_a_head(trusted):
    _, files = trusted
    async with plane("http://127.0.0.1:9/v1", timeouts={"client_head": 0.2}, **files) as running, client(running.port) as silent:
        with contextlib.suppress(ConnectionResetError):
            assert await silent.rest() == b""
        await until(lambda: running.stats.tls_failed == 1)


async def test_a_stop_ends_handshakes_that_are_being_made(trusted):
    _, files = trusted
    async with plane("http://127.0.0.1:9/v1", **files) as running, client(running.port) as silent:
        await silent.send(b"\x16\x03\x01")
        await running.plane.stop(0.0)
        with contextlib.suppress(ConnectionResetError):
            assert await silent.rest() == b""


async def test_a_cut_response_ends_without_the_notice_by_which_it_would_be_whole(trusted):
    trust, files = trusted

    async def script(wire):
        await wire.request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhalf of")
        wire.reset()

    async with scripted(script) as provider, plane(provider.url, **files) as running:
        async with secure(running.port, trust) as (reader, writer):
            writer.write(post(b"{}"))
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.readexactly(10_000), PATIENCE)
        assert (await running.kept.next()).failure.kind is FailureKind.RESET


async def test_a_client_that_ends_its_side_over_tls_has_gone(trusted):
    trust, files = trusted
    begun = asyncio.Event()

    async def script(wire):
        await wire.request()
        begun.set()
        await wire.gone()

    async with (
        scripted(script) as provider,
        plane(provider.url, **files) as running,
        secure(running.port, trust) as (_, writer),
    ):
        writer.write(post(b"{}"))
        await asyncio.wait_for(begun.wait(), PATIENCE)
        writer.close()
        assert (await running.kept.next()).failure.kind is FailureKind.CLIENT_GONE


async def test_a_refusal_is_read_over_tls_though_the_client_still_sends(trusted):
    trust, files = trusted
    async with plane("http://127.0.0.1:9/v1", **files) as running, secure(running.port, trust) as (reader, writer):
        writer.write(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" + b"x" * 500_000)
        answer = await asyncio.wait_for(reader.read(-1), PATIENCE)
        assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.slow
async def test_a_client_beyond_the_limit_is_answered_503_over_tls(trusted):
    trust, files = trusted
    async with (
        scripted(None, ok(b"yes")) as provider,
        plane(provider.url, limits={"clients": 1}, **files) as running,
        secure(running.port, trust) as (reader, writer),
    ):
        writer.write(post(b"{}", close=False))
        await until_mark(reader, b"yes")
        async with secure(running.port, trust) as (other, sends):
            sends.write(post(b"{}"))
            assert (await asyncio.wait_for(other.read(-1), PATIENCE)).startswith(b"HTTP/1.1 503 ")


async def test_handshakes_beyond_the_limit_and_its_hundred_are_closed_at_once(trusted):
    _, files = trusted
    async with plane("http://127.0.0.1:9/v1", limits={"clients": 1}, **files) as running:
        async with contextlib.AsyncExitStack() as held:
            for _ in range(101):
                await held.enter_async_context(client(running.port))
            async with client(running.port) as refused:
                with contextlib.suppress(ConnectionResetError):
                    assert await refused.rest() == b""
            assert running.stats.tls_failed == 1
        await until(lambda: running.stats.tls_failed == 102)


async def test_a_request_in_the_same_read_as_the_end_of_the_handshake_is_answered(trusted):
    """The client's last handshake bytes and its request leave in one write, by a TLS engine of the test's own."""
    trust, files = trusted
    async with scripted(None, ok(b"yes")) as provider, plane(provider.url, **files) as running:
        loop = asyncio.get_running_loop()
        came, leaves = ssl.MemoryBIO(), ssl.MemoryBIO()
        engine = trust.wrap_bio(came, leaves, server_hostname="localhost")
        with socket.socket() as sock:
            sock.setblocking(False)
            await loop.sock_connect(sock, ("127.0.0.1", running.port))
            while True:
                try:
                    engine.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    await loop.sock_sendall(sock, leaves.read())
                    came.write(await asyncio.wait_for(loop.sock_recv(sock, 65536), PATIENCE))
            engine.write(post(b"{}"))
            await loop.sock_sendall(sock, leaves.read())
            answer = b""
            while not answer.endswith(b"yes"):
                came.write(await asyncio.wait_for(loop.sock_recv(sock, 65536), PATIENCE))
                with contextlib.suppress(ssl.SSLWantReadError):
                    while data := engine.read(65536):
                        answer += data
            assert answer.startswith(b"HTTP/1.1 200 ")


class Filling:
    """Answers with more than the system takes, then ends the response and the connection."""

    def __init__(self):
        self.written = 0
        self.ended = asyncio.Event()

    def begin(self, connection, request):
        while not connection.writing_paused:
            connection.write(b"x" * 65_536)
            self.written += 65_536
        connection.write(b"end")
        connection.finish(keep=False)
        self.ended.set()


@pytest.mark.slow
async def test_a_client_that_stalls_before_the_end_of_a_last_response_gets_all_of_it(trusted):
    """Longer than a client may linger: the end of the response waits in this process until the client reads on."""
    trust, files = trusted
    handler, limits = Filling(), Limits()
    listener = ClientListener(handler, Timeouts(), limits, WorkerStats())
    with socket.create_server(("127.0.0.1", 0)) as sock:
        accept = TlsAccept(listener, server_context(files["tls_cert"], files["tls_key"]), sock, 8)
        async with secure(sock.getsockname()[1], trust) as (reader, writer):
            writer.transport.pause_reading()
            writer.write(post(b"{}"))
            await asyncio.wait_for(handler.ended.wait(), PATIENCE)
            swept = asyncio.get_running_loop().time() + LINGER_SECONDS + 1.0
            while asyncio.get_running_loop().time() < swept:
                await asyncio.sleep(0.1)
                listener.sweep(time.monotonic())
            writer.transport.resume_reading()
            whole = await asyncio.wait_for(reader.read(-1), PATIENCE)
            assert (len(whole), whole[-3:]) == (handler.written + 3, b"end")
        accept.close()
        await until(lambda: not listener.connections)


class Answering:
    """Answers each request at once and keeps the connection."""

    def begin(self, connection, request):
        connection.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        connection.finish(keep=True)


async def test_an_idle_client_that_never_ends_its_side_of_tls_is_dropped_two_seconds_behind_the_close(trusted):
    trust, files = trusted
    listener = ClientListener(Answering(), Timeouts(), Limits(), WorkerStats())
    with socket.create_server(("127.0.0.1", 0)) as sock:
        accept = TlsAccept(listener, server_context(files["tls_cert"], files["tls_key"]), sock, 8)
        async with secure(sock.getsockname()[1], trust) as (reader, writer):
            writer.write(post(b"{}"))
            await until_mark(reader, b"\r\n\r\n")
            (connection,) = listener.connections
            await until(lambda: connection.state is ClientState.IDLE)
            writer.transport.pause_reading()
            listener.close_idle()
            closed = time.monotonic()
            listener.sweep(closed + 1.9)
            await asyncio.sleep(0)
            assert listener.connections
            await until(lambda: not tcp_info.pending(connection.transport.get_extra_info("socket")))
            listener.sweep(closed + 2.1)
            await until(lambda: not listener.connections)
        accept.close()


class Failing:
    """An event loop on which to accept fails by each of these errors, and then no more."""

    def __init__(self, *errors):
        self.errors, self.slept = list(errors), []
        self.loop = asyncio.get_running_loop()

    def create_task(self, work):
        self.accepting = self.loop.create_task(work)
        return self.accepting

    async def sock_accept(self, _sock):
        if not self.errors:
            raise asyncio.CancelledError
        number = self.errors.pop(0)
        raise OSError(number, os.strerror(number))

    async def sleep(self, seconds):
        self.slept.append(seconds)


@pytest.mark.parametrize(
    ("numbers", "slept", "reasons"),
    [
        ((errno.ECONNABORTED, errno.EPROTO), [], []),
        ((errno.EMFILE, errno.ECONNABORTED, errno.EMFILE), [1.0, 1.0], ["Too many open files"] * 2),
    ],
)
async def test_accepting_pauses_for_a_second_behind_an_error_of_the_system_and_not_of_a_client(
    monkeypatch, caplog, numbers, slept, reasons
):
    loop = Failing(*numbers)
    monkeypatch.setattr(tls_accept, "asyncio", SimpleNamespace(get_running_loop=lambda: loop, sleep=loop.sleep))
    with socket.socket() as sock:
        TlsAccept(None, None, sock, 1)
        await asyncio.wait([loop.accepting], timeout=PATIENCE)
    assert (loop.slept, [(record.reason, record.pause_seconds) for record in caplog.records]) == (
        slept,
        [(reason, 1.0) for reason in reasons],
    )
