"""proxy.client.request_intake: which bytes are a request's: very many chunks, trailers, what is pipelined behind them."""

import asyncio
import hashlib

import pytest

from proxy.client import body_framing as module
from proxy.client.read_pauses import PauseReason
from tests.running import until
from tests.wires import PATIENCE, chunks, client, get, ok, plane, post, scripted

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
    """How many pieces were read at once, and their bytes."""
    counts = []
    real = module.ChunkedBody.feed

    def counted(self, data):
        piece = real(self, data)
        counts.append(len(piece))
        return piece

    monkeypatch.setattr(module.ChunkedBody, "feed", counted)
    return counts


@pytest.mark.parametrize("kind", KINDS)
async def test_very_many_chunks_pass_in_order_and_never_all_in_one_turn(kind, parsed):
    bodies = Bodies()
    async with scripted(bodies.script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send((HEAD + kind * COUNT + b"0\r\n\r\n") * 2)
        for _ in range(2):
            await asked.until(b"%d" % (COUNT * len(data_of(kind))))
    assert bodies.read == [seen(data_of(kind) * COUNT)] * 2
    assert max(parsed) <= 1_000 * len(data_of(kind))


async def test_an_upload_of_few_lines_is_read_as_it_comes(parsed):
    body = b"x" * 400_000
    async with scripted(None, ok()) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(HEAD + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        await asked.until(b"{}")
    assert sum(parsed) == 400_000
    assert len(parsed) < 400_000 / 16_384 + 10


async def test_end_behind_waiting_chunks_is_read_after_them():
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


@pytest.mark.slow
async def test_a_slow_provider_pauses_a_client_of_very_many_chunks():
    """What waits here is at most one read, however long the upload goes on."""
    go_on = asyncio.Event()

    async def script(wire):
        await wire.head()
        wire.writer.transport.pause_reading()
        await go_on.wait()
        wire.writer.transport.resume_reading()
        while not (await wire.reader.readline()).startswith(b"0"):
            pass
        await wire.send(ok(b"whole"))

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        sending = asyncio.create_task(asked.send(HEAD + chunks(b"x" * 200) * 100_000 + b"0\r\n\r\n"))
        (connection,) = await until(lambda: running.connections)
        await until(lambda: connection.paused_for(PauseReason.BODY))
        assert not sending.done()
        assert len(connection._body._framing._data) <= 2 * 262_144
        go_on.set()
        await sending
        await asked.until(b"whole")


BARE = HEAD + b"3\r\nabc\r\n0\r\n\r\n"
TRAILED = HEAD + b"3\r\nabc\r\n0\r\nX-Sum: 1\r\nAuthorization: Bearer another-clients\r\n\r\n"
LAST = get(b"/v1/last")


def leaked(provider):
    return [request for request in provider.requests if b"another-clients" in request or b"X-Sum" in request]


async def test_a_request_behind_the_answer_to_one_with_a_trailer_has_its_own_fields_alone():
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        for _ in range(2):
            await asked.send(TRAILED)
            await asked.until(b"\r\n\r\nx")
        await asked.send(LAST)
        await asked.until(b"\r\n\r\nx")
        assert (len(provider.requests), leaked(provider)) == (3, [])


@pytest.mark.slow
@pytest.mark.parametrize("cut", range(len(HEAD), len(TRAILED)))
async def test_a_trailer_that_comes_in_two_pieces_ends_no_connection(cut):
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(TRAILED[:cut])
        await until(lambda: running.stats.in_flight)
        await asked.send(TRAILED[cut:])
        await asked.until(b"\r\n\r\nx")
        await asked.send(LAST)
        await asked.until(b"\r\n\r\nx")
        assert (len(provider.requests), leaked(provider)) == (2, [])


@pytest.mark.parametrize("cut", [0, 1, 4, *range(len(HEAD), len(TRAILED) + 3, 3), len(TRAILED)])
async def test_a_request_that_is_pipelined_behind_a_trailer_is_answered_and_has_its_own_fields_alone(cut):
    sent = TRAILED + LAST
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        for part in (sent[:cut], sent[cut:]):
            await asked.send(part)
            await asyncio.sleep(0)
        assert (await asked.rest()).count(b"HTTP/1.1 200 OK") == 2
        assert (len(provider.requests), leaked(provider)) == (2, [])


@pytest.mark.parametrize("first", [BARE, BARE + post(b"{}", close=False), post(b"{}", close=False) + BARE, BARE * 3])
async def test_a_request_pipelined_behind_chunks_without_a_trailer_is_answered(first):
    sent = first + LAST
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(sent)
        assert (await asked.rest()).count(b"HTTP/1.1 200 OK") == sent.count(b" HTTP/1.1\r\n")


async def test_what_is_pipelined_behind_an_unanswered_request_is_not_sent_before_its_answer():
    free = asyncio.Event()

    async def script(wire):
        while True:
            provider.requests.append(await wire.request())
            await asyncio.wait_for(free.wait(), PATIENCE)
            await wire.send(ok(b"x"))

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(TRAILED)
        await until(lambda: provider.requests)
        (connection,) = running.connections
        await asked.send(LAST)
        await until(lambda: " ahead=0 " not in repr(connection))
        assert (len(provider.requests), provider.connections) == (1, 1)
        free.set()
        assert (await asked.rest()).count(b"HTTP/1.1 200 OK") == 2
        assert leaked(provider) == []


@pytest.mark.parametrize(("size", "paused"), [(65_536, False), (65_537, True)])
async def test_a_client_is_paused_while_more_than_64_kib_wait_behind_its_request(size, paused):
    free = asyncio.Event()

    async def script(wire):
        await wire.request()
        await asyncio.wait_for(free.wait(), PATIENCE)
        await wire.send(ok(b"x"))
        await wire.request()
        await wire.send(ok(b"y"))

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        await until(lambda: running.stats.in_flight)
        (connection,) = running.connections
        behind = post(b"")
        await asked.send(post(b"z" * (size - len(behind) - len(str(size)) + 1)))
        await until(lambda: f" ahead={size} " in repr(connection))
        assert connection.paused_for(PauseReason.AHEAD) is paused
        free.set()
        assert (await asked.rest()).endswith(b"y")


async def test_empty_lines_behind_each_request_are_ignored_however_many_requests_there_are():
    """As old browsers send them; the limit is of those before one head."""
    async with (
        scripted(None, ok(b"x")) as provider,
        plane(provider.url, limits={"head": 1_024}) as running,
        client(running.port) as asked,
    ):
        for _ in range(4):
            await asked.send(post(b"{}", close=False))
            await asked.until(b"\r\n\r\nx")
            (connection,) = running.connections
            await asked.send(b"\r\n" * 200)
            await until(lambda connection=connection: connection._begun.skipped == 400)
        await asked.send(b"\r\n" * 312)
        await until(lambda: connection._begun.skipped == 1_024)
        await asked.send(b"\r\n")
        assert b" 431 " in await asked.rest()
