"""The client leaves, the bill stops: the provider's connection is closed at once, whatever the exchange was doing."""

import asyncio
import logging
import socket
import struct

import pytest

from proxy.exchange import FailureKind
from tests.running import until
from tests.wires import PATIENCE, STREAM_HEAD, ask, chunks, client, ok, plane, post, scripted

pytestmark = pytest.mark.slow


BIG = b"POST /v1/files HTTP/1.1\r\nHost: p\r\nContent-Length: 100000000\r\n\r\n"


async def _leave(script_before, read_until=b"", *, request=None):
    """Play `script_before`, let the client read up to `read_until` and leave; gives the exchange once the provider saw it go."""
    asked_for, left = asyncio.Event(), asyncio.Event()

    async def script(wire):
        await wire.request()
        await script_before(wire)
        asked_for.set()
        await wire.gone()
        left.set()

    async with scripted(script) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(request or post(b'{"stream":true}', close=False))
            await asyncio.wait_for(asked_for.wait(), PATIENCE)
            if read_until:
                await asked.until(read_until)
        await asyncio.wait_for(left.wait(), PATIENCE)
        exchange = await running.kept.next()
        assert running.kept.more == 0
        assert running.stats.in_flight == 0
        assert running.stats.upstream_open == 0
        assert exchange.failure.kind is FailureKind.CLIENT_GONE
        return exchange


async def _nothing(wire):
    pass


async def _part_of_a_stream(wire):
    await wire.send(STREAM_HEAD + chunks(b"data: 1\n\n"))


async def _part_of_a_body(wire):
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc\n\n")


async def _part_of_an_endless_answer(wire):
    await wire.send(b"HTTP/1.1 200 OK\r\n\r\nabc\n\n")


@pytest.mark.promise("leaves.closes")
async def test_client_leaves_before_the_first_byte():
    exchange = await _leave(_nothing)
    assert exchange.response is None
    assert not exchange.failure.after_head


@pytest.mark.promise("leaves.closes")
@pytest.mark.parametrize("part", [_part_of_a_stream, _part_of_a_body, _part_of_an_endless_answer])
async def test_client_leaves_during_a_pause_of_the_response(part):
    exchange = await _leave(part, b"\n\n")
    assert exchange.failure.after_head
    assert exchange.response.body in {b"data: 1\n\n", b"abc\n\n"}


@pytest.mark.promise("leaves.closes", "memory.reader")
async def test_client_leaves_while_a_flood_waits_for_it_to_read():
    async def flood(wire):
        await wire.send(STREAM_HEAD)
        wire.writer.write(chunks(b"x" * 50_000_000))
        await until(lambda: any(connection.writing_paused for connection in running.connections))

    left = asyncio.Event()

    async def script(wire):
        await wire.request()
        await flood(wire)
        stalled.set()
        await wire.gone()
        left.set()

    stalled = asyncio.Event()
    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        await asyncio.wait_for(stalled.wait(), PATIENCE)
        asked.sock.close()
        await asyncio.wait_for(left.wait(), PATIENCE)
        exchange = await running.kept.next()
        assert exchange.failure.kind is FailureKind.CLIENT_GONE
        assert exchange.response.size < 20_000_000


@pytest.mark.promise("leaves.closes")
async def test_client_leaves_while_it_uploads():
    begun, left = asyncio.Event(), asyncio.Event()

    async def script(wire):
        await wire.head()
        begun.set()
        await wire.gone()
        left.set()

    async with scripted(script) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(BIG + b"x" * 3_000_000)
            await asyncio.wait_for(begun.wait(), PATIENCE)
        await asyncio.wait_for(left.wait(), PATIENCE)
        assert (await running.kept.next()).failure.kind is FailureKind.CLIENT_GONE


@pytest.mark.promise("leaves.closes")
async def test_client_leaves_while_its_upload_waits_for_the_provider_to_read():
    """Nothing is read from the client then, so its leaving is not an event; it is looked for."""
    begun, left = asyncio.Event(), asyncio.Event()

    async def script(wire):
        await wire.head()
        wire.reader._transport.pause_reading()
        begun.set()
        await asyncio.wait_for(free.wait(), PATIENCE)
        wire.reader._transport.resume_reading()
        await wire.gone()
        left.set()

    free = asyncio.Event()
    async with scripted(script) as provider, plane(provider.url, timeouts={"client_head": 1.0}) as running:
        async with client(running.port) as asked:
            sending = asyncio.create_task(asked.send(BIG + b"x" * 60_000_000))
            await asyncio.wait_for(begun.wait(), PATIENCE)
            sending.cancel()
            # An orderly end would wait behind what the client's own kernel has not sent yet.
            asked.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        exchange = await running.kept.next()
        assert exchange.failure.kind is FailureKind.CLIENT_GONE
        free.set()
        await asyncio.wait_for(left.wait(), PATIENCE)


@pytest.mark.promise("leaves.closes")
async def test_client_leaves_before_the_first_part_of_its_body():
    """Where its route depends on its model, the provider sees nothing of a request whose model has not come."""
    async with scripted(None, ok()) as provider:
        providers = {"candidate": {"base_url": provider.url, "models": {"a": "b"}}}
        async with plane(providers=providers) as running:
            async with client(running.port) as asked:
                await asked.send(b'POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 90\r\n\r\n{"mod')
                await until(lambda: running.stats.in_flight)
            assert (await running.kept.next()).failure.kind is FailureKind.CLIENT_GONE
            assert provider.connections == 0


@pytest.mark.promise("leaves.closes")
async def test_client_leaves_while_the_upstream_connection_is_being_made():
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            # A listener whose queue is full answers no more: the attempt after these stays open.
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        async with plane(f"http://127.0.0.1:{full.getsockname()[1]}/v1") as running:
            async with client(running.port) as asked:
                await asked.send(post(b"{}", close=False))
                await until(lambda: running.stats.in_flight)
            exchange = await running.kept.next()
            assert exchange.failure.kind is FailureKind.CLIENT_GONE
            assert exchange.response is None


@pytest.mark.promise("leaves.quiet")
async def test_clients_that_leave_are_not_logged(caplog):
    with caplog.at_level(logging.INFO):
        for _ in range(5):
            await _leave(_part_of_a_stream, b"\n\n")
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.promise("leaves.recorded")
@pytest.mark.parametrize("turns", range(12))
async def test_client_leaving_at_any_moment_is_one_exchange_without_an_error(turns, caplog):
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 99\r\n\r\n12345")
            for _ in range(turns):
                await asyncio.sleep(0)
        await until(lambda: running.stats.accepted == running.stats.finished and not running.connections)
        assert running.kept.more == running.stats.accepted
        assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.promise("leaves.recorded")
async def test_next_client_is_served_normally():
    async def script(wire):
        await wire.request()
        await wire.send(STREAM_HEAD + chunks(b"data: 1\n\n"))
        await asyncio.wait_for(go.wait(), PATIENCE)
        await wire.send(chunks(b"data: 2\n\n") + b"0\r\n\r\n")
        await wire.gone()

    go = asyncio.Event()
    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as stays:
        await stays.send(post(b"{}", close=False))
        await stays.until(b"\n\n")
        async with client(running.port) as leaves:
            await leaves.send(post(b"{}", close=False))
            await leaves.until(b"\n\n")
        assert (await running.kept.next()).failure.kind is FailureKind.CLIENT_GONE
        go.set()
        assert (await stays.until(b"0\r\n\r\n")).endswith(chunks(b"data: 2\n\n") + b"0\r\n\r\n")
        assert (await running.kept.next()).failure is None


@pytest.mark.promise("memory.reader")
async def test_upstream_connection_of_a_client_that_does_not_read_serves_the_next_one():
    """An answer may end in the very read that fills the slow client's buffer: its connection was given back paused."""
    filled = 0

    async def script(wire):
        while True:
            request = await wire.request()
            await wire.send(ok(b"z" * int(request.rpartition(b"\r\n\r\n")[2])))

    async with scripted(script) as provider, plane(provider.url, timeouts={"idle": 5.0}) as running:

        async def over_or_paused():
            connections = running.connections
            return running.kept.more or any(connection.writing_paused for connection in connections)

        for size in range(400_000, 4_000_000, 40_000):
            async with client(running.port, room=4096) as stuck:
                await stuck.send(post(b"%d" % size, close=False))
                await until(over_or_paused)
                if running.kept.more and any(connection.writing_paused for connection in running.connections):
                    filled += 1
                    assert (await ask(running.port, post(b"7"))).endswith(b"zzzzzzz")
            await running.kept.next()
            while running.kept.more:
                await running.kept.next()
        assert filled


def _events(*datas):
    return b"".join(b"data: %b\n\n" % data for data in datas)


LAST_WORDS = {
    "completions": _events(b'{"choices":[]}', b"[DONE]"),
    "messages": b'event: message_delta\ndata: {}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n',
    "responses": _events(b'{"type":"response.created"}', b'{"type":"response.completed","response":{}}'),
    "responses that fail": _events(b'{"type":"response.failed","response":{}}'),
    "CRLF and a comment": _events(b'{"choices":[]}', b"[DONE]").replace(b"\n", b"\r\n") + b": bye\r\n\r\n",
}


async def _leave_behind(last_words, field=b""):
    """The client leaves when it has read `last_words`, which come in two pieces; the last chunk comes only then."""
    left = asyncio.Event()
    half = len(last_words) // 2

    async def script(wire):
        await wire.request()
        head = STREAM_HEAD.replace(b"\r\n\r\n", b"\r\n" + field + b"\r\n")
        await wire.send(head + chunks(last_words[:half]) + chunks(last_words[half:]))
        await asyncio.wait_for(left.wait(), PATIENCE)
        await wire.send(b"0\r\n\r\n")
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(post(b'{"stream":true}', close=False))
            await asked.until(chunks(last_words[half:]))
            (connection,) = running.connections
        await until(lambda: connection.gone)
        left.set()
        return await running.kept.next(), running.stats.upstream_open


@pytest.mark.promise("leaves.recorded")
@pytest.mark.parametrize("last_words", LAST_WORDS.values(), ids=LAST_WORDS.keys())
async def test_client_leaving_after_the_last_event_of_a_stream_is_a_complete_exchange(last_words):
    """openai's client closes at `[DONE]`, before the last chunk: the answer is whole, and the provider's connection is kept."""
    exchange, still_open = await _leave_behind(last_words)
    assert (exchange.failure, exchange.response.body) == (None, last_words)
    assert still_open == 1


@pytest.mark.promise("leaves.closes")
async def test_end_of_a_compressed_stream_is_not_searched_for():
    exchange, _ = await _leave_behind(LAST_WORDS["completions"], b"Content-Encoding: br\r\n")
    assert exchange.failure.kind is FailureKind.CLIENT_GONE
