"""proxy.upstream.tls_reads: TLS whose last words are read, though a write finds the connection reset first."""

import asyncio
import socket
import ssl

import pytest
import trustme

from proxy.exchange import FailureKind
from proxy.routing.provider_origin import parse_base_url
from proxy.upstream.tls_reads import secured
from proxy.upstream.upstream_connection import UpstreamConnection
from tests.proxy.upstream.test_upstream_connection import answer
from tests.running import until
from tests.wires import PATIENCE, STREAM_HEAD

UPLOAD = b"POST / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 5_000
LONG = b"z" * 60_000


@pytest.fixture(scope="module")
def contexts():
    authority, served, trusted = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("localhost").configure_cert(served)
    authority.configure_trust(trusted)
    return served, trusted


async def _connected(contexts, kind=UpstreamConnection):
    """A connection, and the socket of its server, on which TLS is set up."""
    served, trusted = contexts
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        origin = parse_base_url(f"https://localhost:{server.getsockname()[1]}/v1")
        sock = socket.socket()
        sock.setblocking(False)
        await loop.sock_connect(sock, server.getsockname())
        wire, _ = server.accept()
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # its session tickets would hold the answer back
        shaken = loop.run_in_executor(None, lambda: served.wrap_socket(wire, server_side=True))
        connection = await asyncio.wait_for(secured(sock, trusted, "localhost", lambda: kind(origin, [].append)), PATIENCE)
        return connection, await shaken


@pytest.mark.parametrize("body", [b"no", LONG], ids=["short", "long"])
async def test_an_answer_that_came_before_a_reset_is_read_though_a_write_finds_the_reset_first(contexts, body):
    connection, wire = await _connected(contexts)
    read = answer()
    done = connection.serve(read)
    connection.send(UPLOAD, last=False)
    await asyncio.get_running_loop().run_in_executor(None, wire.recv, 1)
    wire.sendall(b"HTTP/1.1 413 Too large\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    wire.close()
    for _ in range(3):
        connection.send(b"x", last=False)
    await asyncio.wait_for(done, PATIENCE)
    assert (read.failure, read.head and read.head.status) == (None, 413)
    assert not connection.usable


@pytest.mark.parametrize("pieces", [1, 2, 3, 4])
async def test_request_in_any_number_of_pieces_is_sent_and_its_connection_kept(contexts, pieces):
    """Behind TLS a write buffer is full at its limit, not beyond it: a limit of 0 would be full at every second look."""
    connection, wire = await _connected(contexts)
    for _ in range(2):
        read = answer()
        done = connection.serve(read)
        for number in range(1, pieces + 1):
            connection.send(b"a piece", last=number == pieces)
            await asyncio.wait_for(connection.drained(), PATIENCE)
        assert not connection.unsent
        wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await asyncio.wait_for(done, PATIENCE)
        assert read.reusable
    connection.close()
    wire.close()


async def test_a_reset_without_an_answer_is_the_reset_that_it_is(contexts):
    connection, wire = await _connected(contexts)
    read = answer()
    done = connection.serve(read)
    connection.send(UPLOAD, last=False)
    await asyncio.get_running_loop().run_in_executor(None, wire.recv, 1)
    wire.close()
    for _ in range(3):
        connection.send(b"x", last=False)
    await asyncio.wait_for(done, PATIENCE)
    assert read.failure.kind in {FailureKind.RESET, FailureKind.CLOSED}


async def _shaken(contexts, last_act):
    """What becomes of a connection whose server does `last_act` at the end of its handshake, and the server's socket."""
    served, trusted = contexts
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = socket.create_connection(server.getsockname())
        sock.setblocking(False)
        wire, _ = server.accept()

        def serve():
            shaken = served.wrap_socket(wire, server_side=True)
            last_act(shaken)
            return shaken

        made = asyncio.create_task(secured(sock, trusted, "localhost", Heard))
        serving = loop.run_in_executor(None, serve)
        await asyncio.wait([made], timeout=PATIENCE)
        return made, await serving


class Heard(asyncio.Protocol):
    """Keeps what it is given, and closes its transport at its end."""

    def __init__(self):
        self.data = b""
        self.made = False
        self.heard = asyncio.get_running_loop().create_future()
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.made = True

    def data_received(self, data):
        assert self.made
        self.data += data
        self.heard.set_result(None)

    def connection_lost(self, exc):
        self.lost.set_result(None)


async def test_what_comes_right_behind_the_handshake_reaches_the_protocol_once_it_has_its_transport(contexts):
    made, wire = await _shaken(contexts, lambda shaken: shaken.sendall(b"unasked"))
    await asyncio.wait_for(made.result().heard, PATIENCE)
    assert made.result().data == b"unasked"
    wire.close()


async def test_a_server_that_closes_behind_its_handshake_is_an_error_or_a_connection_that_ends(contexts):
    made, _ = await _shaken(contexts, socket.socket.close)
    if made.exception() is None:
        await asyncio.wait_for(made.result().lost, PATIENCE)
    else:
        assert isinstance(made.exception(), ConnectionResetError)


async def test_a_handshake_that_fails_is_an_ssl_error_and_its_socket_is_closed(contexts):
    with socket.create_server(("127.0.0.1", 0)) as server:
        sock = socket.create_connection(server.getsockname())
        sock.setblocking(False)
        wire, _ = server.accept()
        wire.sendall(b"HTTP/1.1 400 Plain HTTP on a TLS port\r\n\r\n")
        with pytest.raises(ssl.SSLError):
            await asyncio.wait_for(secured(sock, contexts[1], "localhost", Heard), PATIENCE)
        wire.close()


class GoesOnBehind(UpstreamConnection):
    """A connection that goes on with an answer put off once `sent` is set and all that has come is in the event loop."""

    def __init__(self, *given):
        super().__init__(*given)
        self.sent = asyncio.Event()

    def _go_on(self, read):
        if self.sent.is_set() and not self._readable(self._transport):
            super()._go_on(read)
        else:
            asyncio.get_running_loop().call_later(0.01, self._go_on, read)


async def test_bytes_behind_an_answer_that_was_put_off_are_no_answer_to_the_next_request(contexts):
    connection, wire = await _connected(contexts, GoesOnBehind)
    read, states = answer(), []
    connection.begin(read, lambda: states.append((read.failure, read.reusable, connection.usable)))
    connection.send(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", last=True)
    wire.sendall(STREAM_HEAD + b"1\r\nb\r\n" * 2_000 + b"0\r\n\r\n")
    await until(lambda: read.rest)
    wire.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray")
    connection.sent.set()
    await until(lambda: states)
    assert states == [(None, False, False)]
    wire.close()
