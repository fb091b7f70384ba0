"""proxy.client.read_portions: uploads of very many chunks pass as they came, in turns, and what follows them in order."""

import asyncio
import hashlib

import pytest

from proxy.client import read_portions as module
from proxy.client.client_connection import ClientConnection
from tests.wires import PATIENCE, client, ok, plane, scripted

HEAD = b"POST /v1/x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n"
KINDS = [b"1\r\nb\r\n", b"1;a\r\nb\r\n", b"2\r\n\r\n\r\n", b"a\r\n0123456789\r\n"]
COUNT = 60_000


def data_of(kind):
    return kind[kind.index(b"\n") + 1 : -2]


class Bodies:
    """A provider that reads chunked requests of any length and keeps their bodies' size and hash."""

    def __init__(self):
        self.read = []

    async def script(self, wire):
        while True:
            await wire.head()
            size, digest = 0, hashlib.sha256()
            while length := int(await asyncio.wait_for(wire.reader.readline(), PATIENCE), 16):
                piece = (await wire.reader.readexactly(length + 2))[:-2]
                size, _ = size + len(piece), digest.update(piece)
            await wire.reader.readline()
            self.read.append((size, digest.hexdigest()))
            await wire.send(ok(b"%d" % size))


def seen(data):
    return len(data), hashlib.sha256(data).hexdigest()


@pytest.fixture
def parsed(monkeypatch):
    """The sizes of what was parsed at once."""
    sizes = []
    real = module.RequestHandler.data_received

    def counted(self, data):
        sizes.append(len(data))
        real(self, data)

    monkeypatch.setattr(module.RequestHandler, "data_received", counted)
    return sizes


@pytest.mark.parametrize("kind", KINDS)
async def test_very_many_chunks_pass_in_order_and_never_all_in_one_turn(kind, parsed):
    bodies = Bodies()
    async with scripted(bodies.script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send((HEAD + kind * COUNT + b"0\r\n\r\n") * 2)
        for _ in range(2):
            await asked.until(b"%d" % (COUNT * len(data_of(kind))))
    assert bodies.read == [seen(data_of(kind) * COUNT)] * 2
    assert max(parsed) <= 24_576


async def test_an_upload_of_few_lines_is_parsed_as_it_comes(parsed):
    body = b"x" * 400_000
    async with scripted(None, ok()) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await asked.until(b"{}")
    assert provider.requests[0].endswith(body)
    assert len(parsed) - parsed.count(0) < 400_000 / 16_384 + 10


async def test_an_end_behind_chunks_that_wait_is_seen_behind_them():
    bodies = Bodies()
    async with scripted(bodies.script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(HEAD + KINDS[0] * COUNT + b"0\r\n\r\n")
        asked.leave_half()
        await asked.until(b"%d" % COUNT)
    assert bodies.read == [seen(b"b" * COUNT)]


async def test_a_bad_chunk_behind_very_many_is_refused():
    bodies = Bodies()
    async with scripted(bodies.script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(HEAD + KINDS[0] * 20_000 + b"g\r\n" + KINDS[0] * 20_000)
        assert b" 400 " in await asked.until(b"}}")
    assert bodies.read == []


async def test_a_client_that_leaves_while_chunks_wait_leaves_nothing_behind():
    bodies = Bodies()
    async with scripted(bodies.script) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(HEAD + KINDS[0] * COUNT)
        await asyncio.wait_for(running.kept.next(), PATIENCE)
        assert not running.stats.in_flight
    assert bodies.read == []


async def test_a_slow_provider_pauses_a_client_of_very_many_chunks(monkeypatch):
    """What waits here is at most one read, however long the upload goes on."""
    most = []
    put_off = ClientConnection._put_off

    def kept(self, data):
        most.append(len(data))
        put_off(self, data)

    monkeypatch.setattr(ClientConnection, "_put_off", kept)
    go_on = asyncio.Event()

    async def script(wire):
        await wire.head()
        await go_on.wait()
        while not (await wire.reader.readline()).startswith(b"0"):
            pass
        await wire.send(ok(b"whole"))

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        sending = asyncio.create_task(asked.send(HEAD + KINDS[3] * 400_000 + b"0\r\n\r\n"))
        await asyncio.wait([sending], timeout=0.3)
        go_on.set()
        await sending
        await asked.until(b"whole")
    assert max(most) <= 2 * 262_144
