"""proxy.upstream.tls_reads: what is read at each end of a connection, by an event loop and a decrypting protocol that note it."""

import asyncio
import errno
import socket
import ssl
from tempfile import TemporaryFile
from types import SimpleNamespace

import pytest

from proxy.upstream import tls_reads as module
from proxy.upstream.tls_reads import secured
from tests.noted_transport import NotedTransport

RESET = ConnectionResetError()


class Decrypting(asyncio.BufferedProtocol):
    """Notes what it is called with; its buffer has `room` for a read."""

    def __init__(self, room=10**6):
        self.room, self.sizes, self.noted = room, [], []

    def get_buffer(self, sizehint):
        self.sizes.append(sizehint)
        return bytearray(min(sizehint, self.room))

    def buffer_updated(self, nbytes):
        self.noted.append(nbytes)

    def eof_received(self):
        self.noted.append("eof")

    def connection_lost(self, exc):
        self.noted.append(exc)


class Plain(NotedTransport):
    def __init__(self, within, **extra):
        super().__init__(**extra)
        self.protocol = within

    def get_protocol(self):
        return self.protocol

    def set_protocol(self, protocol):
        self.protocol = protocol


class Made(asyncio.Protocol):
    def __init__(self):
        self.noted = []

    def connection_made(self, transport):
        self.noted.append(transport)

    def data_received(self, data):
        self.noted.append(data)


class Loop:
    """Makes a connection whose server sends `early` before the handshake and `unasked` behind it."""

    def __init__(self, plain, secure, early=b"", unasked=b""):
        self.plain, self.secure, self.early, self.unasked = plain, secure, early, unasked

    async def create_connection(self, make, sock):
        first = make()
        if self.early:
            first.data_received(self.early)
        return self.plain, first

    async def start_tls(self, plain, protocol, context, server_hostname):
        assert (plain, context, server_hostname) == (self.plain, "context", "host")
        if self.unasked:
            protocol.data_received(self.unasked[:1])
            protocol.data_received(self.unasked[1:])
        return self.secure


@pytest.fixture
def made(monkeypatch):
    """Makes the protocol of a connection behind TLS, over a file in place of a socket."""

    async def make(file=None, *, within=None, plain_closing=False, **more):
        plain = Plain(within or Decrypting(), socket=file)
        plain.closing = plain_closing
        loop = Loop(plain, **{"secure": NotedTransport(), **more})
        monkeypatch.setattr(module, "asyncio", SimpleNamespace(get_running_loop=lambda: loop))
        return await secured(file, "context", "host", Made), plain, loop.secure

    return make


@pytest.mark.parametrize(("unasked", "came"), [(b"", []), (b"hello", [b"hello"])])
async def test_the_protocol_gets_its_transport_and_then_what_came_behind_the_handshake(made, unasked, came):
    one, _, secure = await made(unasked=unasked)
    assert (one.noted, secure.done) == ([secure, *came], [("set_protocol", one)])


async def test_bytes_before_the_handshake_are_a_failure_of_tls(made):
    with pytest.raises(ssl.SSLError, match=r"^\('the server sent bytes before the handshake',\)$"):
        await made(early=b"220 ready")


def closing():
    transport = NotedTransport()
    transport.closing = True
    return transport


@pytest.mark.parametrize("more", [{"secure": None}, {"secure": closing()}, {"plain_closing": True}])
async def test_a_connection_that_closes_behind_its_handshake_was_reset(made, more):
    with pytest.raises(ConnectionResetError) as raised:
        await made(**more)
    assert (raised.value.errno, raised.value.strerror) == (errno.ECONNRESET, "Connection reset by peer")


@pytest.mark.parametrize(
    ("size", "room", "error", "noted"),
    [
        pytest.param(200_000, 10**6, RESET, [65_536, 65_536, 65_536, 3_392], id="all of it"),
        pytest.param(2_000_000, 10**6, RESET, [65_536] * 16, id="sixteen reads of 64 KiB at most"),
        pytest.param(200_000, 16_384, RESET, [16_384] * 12 + [3_392], id="as much as is decrypted at once"),
        pytest.param(0, 10**6, RESET, [], id="nothing"),
        pytest.param(200_000, 10**6, None, [], id="nothing behind an orderly end"),
    ],
)
async def test_what_came_before_a_reset_is_decrypted_before_the_end_is_reported(made, size, room, error, noted):
    within = Decrypting(room)
    with TemporaryFile() as file:
        file.write(b"x" * size)
        file.flush()
        file.seek(0)
        _, plain, _ = await made(file, within=within)
        plain.protocol.connection_lost(error)
    assert within.noted == [*noted, error]
    assert set(within.sizes) <= {65_536}


async def test_the_end_is_reported_though_what_is_left_cannot_be_read(made):
    within = Decrypting()
    closed = socket.socket()
    closed.close()
    _, plain, _ = await made(closed, within=within)
    plain.protocol.connection_lost(RESET)
    assert within.noted == [RESET]


async def test_all_else_goes_straight_to_the_decrypting_protocol(made):
    within = Decrypting()
    _, plain, _ = await made(within=within)
    plain.protocol.get_buffer(7)
    plain.protocol.buffer_updated(5)
    plain.protocol.eof_received()
    assert (within.sizes, within.noted) == ([7], [5, "eof"])
