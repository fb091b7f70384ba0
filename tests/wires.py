"""Both ends of the data plane as raw sockets: a provider that plays a script of exact bytes, a client that keeps them all."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from proxy.client.client_connection import ClientConnection
from proxy.client.client_listener import ClientListener
from proxy.client.half_close import PROBE
from proxy.exchange import Exchange
from proxy.packing import PackedExchange, plain, unpack
from proxy.provider_config import ProxyConfig
from proxy.record.held_bodies import HeldBytes
from proxy.routing.body_peek import labelled
from proxy.server import DataPlane
from proxy.worker_stats import WorkerStats

PATIENCE = 25.0
"""Seconds; shorter than each timeout of the data plane, so that a test of what happens at once fails where a timeout did it."""


class Wire:
    """One connection to the scripted provider, as the script sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def head(self) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)

    async def request(self) -> bytes:
        """A whole request: its head, and the body of its framing."""
        head = await self.head()
        fields = head.lower()
        if b"\r\ntransfer-encoding: chunked\r\n" in fields:
            body = b""
            while not body.endswith(b"0\r\n\r\n"):
                body += await asyncio.wait_for(self.reader.readuntil(b"\n"), PATIENCE)
            return head + body
        if b"\r\ncontent-length: " in fields:
            length = int(fields.split(b"\r\ncontent-length: ")[1].split(b"\r\n")[0])
            return head + await asyncio.wait_for(self.reader.readexactly(length), PATIENCE)
        return head

    async def send(self, data: bytes) -> None:
        try:
            self.writer.write(data)
        except RuntimeError as error:
            # uvloop's word for a connection that is closed already
            raise ConnectionResetError from error
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the other side has left, however it left."""
        try:
            while await asyncio.wait_for(self.reader.read(65536), PATIENCE):
                pass
        except ConnectionError:
            pass

    def reset(self) -> None:
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Provider:
    """What the scripted provider has seen."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.requests: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


Script = Callable[[Wire], Awaitable[None]]


def answering(*answers: bytes) -> Callable[[Provider], Script]:
    """A script that answers each request on each connection with the next of `answers`, the last one for ever."""

    def bind(provider: Provider) -> Script:
        async def script(wire: Wire) -> None:
            while True:
                provider.requests.append(await wire.request())
                await wire.send(answers[min(len(provider.requests), len(answers)) - 1])

        return script

    return bind


@asynccontextmanager
async def scripted(script: Script | None = None, *answers: bytes, ssl=None) -> AsyncIterator[Provider]:
    """A provider on a free port that plays `script`, or gives `answers`, on every connection; what it raises fails the test."""
    provider = Provider()
    played = script or answering(*answers)(provider)
    faults: list[BaseException] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        provider.connections += 1
        try:
            await played(Wire(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        except Exception as error:  # noqa: BLE001 - raised again where the test sees it
            faults.append(error)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=2**22, ssl=ssl)
    provider.port = server.sockets[0].getsockname()[1]
    try:
        yield provider
    finally:
        server.close()
    assert not faults, faults


class Kept:
    """A sink that keeps what it is offered, and can be waited on."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Exchange] = asyncio.Queue()
        self.waiting = 0
        self.losses: list[str] = []

    def offer(self, exchange: Exchange) -> bool:
        self._queue.put_nowait(exchange)
        return True

    def offer_packed(self, packed: PackedExchange) -> bool:
        return self.offer(unpack(plain(packed.kind, b"".join(packed.parts))))

    def lost(self, reason: str) -> None:
        self.losses.append(reason)

    async def next(self) -> Exchange:
        """The next exchange, as its reader labels it."""
        return labelled(await asyncio.wait_for(self._queue.get(), PATIENCE))

    @property
    def more(self) -> int:
        return self._queue.qsize()


class Running:
    """A data plane in this process, what it hands over, and its counters."""

    def __init__(self, plane: DataPlane, kept: Kept, stats: WorkerStats) -> None:
        self.plane = plane
        self.kept = kept
        self.stats = stats

    @property
    def port(self) -> int:
        return self.plane.port

    @property
    def listener(self) -> ClientListener:
        """What has the client connections."""
        return self.plane._listener

    @property
    def connections(self) -> Mapping[ClientConnection, None]:
        """The client connections that are served."""
        return self.listener.connections

    @property
    def held(self) -> HeldBytes:
        """The bodies that are kept for the records of requests in progress."""
        return self.plane._forward.held


@asynccontextmanager
async def plane(url: str = "", *, sink=None, environ=None, tls=None, **config) -> AsyncIterator[Running]:
    """A data plane whose default provider, named `candidate`, lives at `url`; `config` is more of its configuration."""
    given = {"provider": "candidate", "providers": {"candidate": {"base_url": url}}, **config}
    kept, stats = Kept(), WorkerStats()
    running = DataPlane(ProxyConfig.model_validate(given), sink or kept, stats, environ=environ or {}, tls=tls)
    await running.start()
    try:
        yield Running(running, kept, stats)
    finally:
        await running.stop(0.0)


class Client:
    """A raw client connection; what came before a reset is still read, as a socket gives it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._loop = asyncio.get_running_loop()
        self._buffer = b""

    async def send(self, data: bytes) -> None:
        await asyncio.wait_for(self._loop.sock_sendall(self.sock, data), PATIENCE)

    async def until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            await self._more()
        return self._take(self._buffer.index(mark) + len(mark))

    async def exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            await self._more()
        return self._take(count)

    async def rest(self) -> bytes:
        """All that comes until the end; ConnectionError when that is a reset, and then `read` has what came before it."""
        with suppress(EOFError):
            while True:
                await self._more()
        return self.read()

    def read(self) -> bytes:
        return self._take(len(self._buffer))

    def leave_half(self) -> None:
        self.sock.shutdown(socket.SHUT_WR)

    def _take(self, count: int) -> bytes:
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    async def _more(self) -> None:
        data = await asyncio.wait_for(self._loop.sock_recv(self.sock, 2**20), PATIENCE)
        if not data:
            raise EOFError(self._buffer)
        self._buffer += data


@asynccontextmanager
async def client(port: int, *, room: int = 0) -> AsyncIterator[Client]:
    """A connection to `port`; `room` is the size of its receive buffer in bytes, 0 the system's own."""
    with socket.socket() as sock:
        if room:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        yield Client(sock)


def final_responses(came: bytes) -> bytes:
    """What came without the interim responses that a client must read and forget (RFC 9110 15.2).

    `proxy.client.half_close` may send one to a client that has ended its side, when its answer takes longer than half a second,
    as on a busy machine.
    """
    return came.replace(PROBE, b"")


async def ask(port: int, data: bytes) -> bytes:
    """Send `data` on a connection of its own and give back all that comes until the other side closes."""
    async with client(port) as asked:
        await asked.send(data)
        return await asked.rest()


def get(target: bytes = b"/v1/models", *fields: bytes, method: bytes = b"GET", version: bytes = b"1.1") -> bytes:
    """A request without a body that asks for its connection to be closed."""
    line = method + b" " + target + b" HTTP/" + version
    return b"\r\n".join((line, b"Host: localhost", *fields, b"Connection: close", b"", b""))


def post(body: bytes, *fields: bytes, target: bytes = b"/v1/chat/completions", close: bool = True) -> bytes:
    """A JSON request of `body`."""
    last = (b"Connection: close",) if close else ()
    length = b"Content-Length: %d" % len(body)
    lines = (b"POST " + target + b" HTTP/1.1", b"Host: localhost", b"Content-Type: application/json", *fields, length, *last)
    return b"\r\n".join((*lines, b"", body))


def ok(body: bytes = b"{}", *fields: bytes) -> bytes:
    """A whole answer with a Content-Length."""
    return b"\r\n".join((b"HTTP/1.1 200 OK", *fields, b"Content-Length: %d" % len(body), b"", body))


def chunks(*pieces: bytes) -> bytes:
    """Pieces in chunk framing, without the last chunk."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
