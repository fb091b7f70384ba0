"""proxy.upstream.upstream_connection: one answer at a time, and a close that is seen."""

import asyncio
import os
import socket
import struct

import pytest

from proxy.exchange import FailureKind, Role
from proxy.record.capture import Capture
from proxy.record.recorded_head import RecordedHead
from proxy.routing.provider_origin import parse_base_url
from proxy.upstream.response_consumer import HeadRewrite
from proxy.upstream.response_reader import ResponseReader
from proxy.upstream.upstream_client import DiscardingReader
from proxy.upstream.upstream_connection import UpstreamConnection
from tests.wires import PATIENCE, STREAM_HEAD, ok, scripted

REQUEST = b"GET / HTTP/1.1\r\nHost: p\r\n\r\n"


def answer(reader=None, method="POST"):
    capture = Capture(identity="", role=Role.PRIMARY, started=0.0, begun=0.0, limit=99, head=RecordedHead(method, "/", ()))
    return ResponseReader(method=method, limit=9999, capture=capture, reader=reader or DiscardingReader())


async def connected(provider, ended):
    origin = parse_base_url(provider.url)
    made = await asyncio.get_running_loop().create_connection(
        lambda: UpstreamConnection(origin, ended.append), "127.0.0.1", provider.port
    )
    return made[1]


async def test_connection_serves_answer_after_answer():
    async with scripted(None, ok(b"1"), ok(b"2")) as provider:
        connection = await connected(provider, [])
        for _ in range(2):
            assert connection.usable
            read = answer()
            done = connection.serve(read)
            assert not connection.usable
            connection.send(REQUEST, last=True)
            await asyncio.wait_for(done, PATIENCE)
            assert read.reusable
        assert connection.served == 2
        connection.close()


@pytest.mark.parametrize("size", [0, 5, 16_384, 16_385, 3_000_000])
async def test_head_and_its_body_arrive_in_order_whatever_their_size(size):
    head, body = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size, os.urandom(size)

    async def script(wire):
        came.append(await wire.request())
        await wire.send(ok(b"done"))

    came = []
    async with scripted(script) as provider:
        connection = await connected(provider, [])
        done = connection.serve(answer())
        connection.send(head, body, last=True)
        await asyncio.wait_for(done, PATIENCE)
        connection.close()
    assert came == [head + body]


async def test_answer_before_the_request_is_whole_ends_the_connection():
    async def script(wire):
        await wire.head()
        await wire.send(ok(b"early"))
        await wire.gone()

    ended = []
    async with scripted(script) as provider:
        connection = await connected(provider, ended)
        read = answer()
        done = connection.serve(read)
        connection.send(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", last=False)
        await asyncio.wait_for(done, PATIENCE)
        assert (read.failure, read.reusable, connection.usable) == (None, False, False)
        assert not connection.replaceable(read)


async def test_unrequested_bytes_close_an_idle_connection():
    async def script(wire):
        await wire.send(b"HTTP/1.1 408 Too slow\r\n\r\n")
        await wire.gone()
        gone.set()

    gone = asyncio.Event()
    async with scripted(script) as provider:
        ended = []
        connection = await connected(provider, ended)
        await asyncio.wait_for(gone.wait(), PATIENCE)
        assert not connection.usable
        assert ended == [connection]


async def test_request_on_a_closed_connection_fails_at_once():
    async with scripted(None, ok()) as provider:
        connection = await connected(provider, [])
        connection.close()
        read = answer()
        await asyncio.wait_for(connection.serve(read), PATIENCE)
        assert read.failure.kind is FailureKind.CLOSED


async def test_post_is_sent_again_only_if_a_reused_connection_broke_before_it_left():
    async def script(wire):
        await wire.head()
        await wire.send(ok(b"1"))
        wire.reader._transport.pause_reading()
        await asyncio.wait_for(sent.wait(), PATIENCE)
        wire.reset()

    sent = asyncio.Event()
    for large, stale in ((20_000_000, True), (0, False)):
        sent.clear()
        async with scripted(script) as provider:
            connection = await connected(provider, [])
            done = connection.serve(answer())
            connection.send(REQUEST, last=True)
            await asyncio.wait_for(done, PATIENCE)
            second = answer()
            done = connection.serve(second)
            connection.send(REQUEST + b"x" * large, last=True)
            assert connection.unsent == stale
            sent.set()
            await asyncio.wait_for(done, PATIENCE)
            assert second.failure.kind is FailureKind.STALE
            assert connection.replaceable(second) == stale


async def test_a_close_that_the_loop_has_not_seen_yet_is_seen_before_use():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        origin = parse_base_url(f"http://127.0.0.1:{port}/v1")
        for last_words in (b"", b"HTTP/1.1 408 Too slow\r\n\r\n"):
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: UpstreamConnection(origin, lambda _: None), "127.0.0.1", port
            )
            peer, _ = listening.accept()
            assert connection.usable
            peer.sendall(last_words)
            peer.close()
            # Not one turn of the loop lies between the close and this question.
            assert not connection.usable
            connection.close()
            await asyncio.sleep(0)


@pytest.mark.parametrize("early", [True, False])
async def test_a_connection_on_which_bytes_came_before_its_first_request_serves_that_one_alone(early):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        origin = parse_base_url(f"http://127.0.0.1:{port}/v1")
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: UpstreamConnection(origin, lambda _: None), "127.0.0.1", port
        )
        peer, _ = listening.accept()
        with peer:
            if early:
                peer.sendall(ok(b"early"))
            read = answer()
            done = connection.serve(read)
            connection.send(REQUEST, last=True)
            if not early:
                peer.sendall(ok(b"asked"))
            await asyncio.wait_for(done, PATIENCE)
            assert (read.failure, read.head.status) == (None, 200)
            assert (read.reusable, connection.usable) == (not early, not early)
        connection.close()
        await asyncio.sleep(0)


class Slow:
    """A reader whose client stops to read with the first bytes that it gets."""

    def __init__(self, connection):
        self.link = connection

    def begin(self, head):
        return HeadRewrite(head=b"")

    def write(self, data):
        self.link.hold(held=True)


async def test_answer_that_ends_while_paused_leaves_a_usable_connection():
    async with scripted(None, ok(b"1"), ok(b"2")) as provider:
        connection = await connected(provider, [])
        for reader in (Slow(connection), DiscardingReader()):
            read = answer(reader)
            done = connection.serve(read)
            connection.send(REQUEST, last=True)
            await asyncio.wait_for(done, PATIENCE)
            assert (read.failure, read.reusable, connection.held) == (None, True, False)
            connection.hold(held=True)  # the client's last bytes wait still: that is no matter of this connection's any more
            assert not connection.held
        connection.close()


class Ticking:
    """A reader that keeps what it gets, by the turn of the event loop in which it got it."""

    def __init__(self):
        self.turn = 0
        self.got = {}
        self._tick()

    def _tick(self):
        self.turn += 1
        self._next = asyncio.get_running_loop().call_soon(self._tick)

    def begin(self, head):
        return HeadRewrite(head=b"")

    def write(self, data):
        self.got[self.turn] = self.got.get(self.turn, b"") + data

    def all(self):
        return b"".join(self.got.values())

    def stop(self):
        self._next.cancel()
        return self.all()


VERY_MANY = b"1\r\nb\r\n" * 40_000
DENSE = STREAM_HEAD + VERY_MANY
OVER = b"0\r\n\r\n"
ONE_READ = 60_000
"""Bytes that a socket holds, and that one read of either loop takes."""


async def _dense(data, last_act="", during=None, *, following=False):
    """An answer of very many chunks, `last_act` behind it, and what was `during` it; the connection, the answer, the reader."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        origin = parse_base_url(f"http://127.0.0.1:{port}/v1")
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: UpstreamConnection(origin, lambda _: None), "127.0.0.1", port
        )
        peer, _ = listening.accept()
        with peer:
            reader = Ticking()
            read = answer(reader)
            done = connection.serve(read)
            connection.send(REQUEST, last=True)
            peer.recv(1000)
            if len(data) <= ONE_READ:
                peer.sendall(data)  # whole before the next turn, so that one read takes it
                data = b""
            sending = asyncio.create_task(asyncio.to_thread(peer.sendall, data))
            if during is not None:
                await asyncio.wait_for(_some_waiting(read), PATIENCE)
                during(connection, read, reader)
            await sending
            if last_act:
                _leave(peer, last_act)
            await asyncio.wait_for(done, PATIENCE)
            got = reader.stop()
            if following:
                again = answer(DiscardingReader())
                done = connection.serve(again)
                connection.send(REQUEST, last=True)
                peer.sendall(ok(b"2"))
                await asyncio.wait_for(done, PATIENCE)
                assert (again.failure, again.reusable) == (None, True)
            connection.close()
            await asyncio.sleep(0)
        return read, got, reader


async def _some_waiting(read):
    """Until chunks wait: however the kernel cuts reads, more comes in a turn than the 1,000 chunks that are read in it."""
    while not read.rest:  # noqa: ASYNC110 - the reader under test sets no event
        await asyncio.sleep(0)


def _leave(peer, last_act):
    if last_act == "reset":
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


async def test_very_many_chunks_are_passed_on_in_their_order_and_never_all_in_one_turn():
    read, got, reader = await _dense(DENSE + OVER, following=True)
    assert (read.failure, read.reusable) == (None, True)
    assert got == VERY_MANY + OVER
    # uvloop may read behind the last of them in the same turn
    assert max(map(len, reader.got.values())) <= 2 * 6 * (1_000 + 683)


async def test_connection_with_an_unread_answer_stops_reading_and_is_not_released():
    states = []

    def look(connection, read, _):
        states.append((connection.usable, connection._transport.is_reading(), connection._done is None, read.over))
        connection.hold(held=True)
        connection.hold(held=False)
        states.append((connection.usable, connection._transport.is_reading(), connection._done is None, read.over))

    await _dense(DENSE + OVER, during=look, following=True)
    assert states == [(False, False, False, False)] * 2


async def test_an_end_of_the_connection_is_reported_behind_the_chunks_that_came_before_it():
    whole, got, _ = await _dense(DENSE + OVER, "close")
    assert (whole.failure, got) == (None, VERY_MANY + OVER)
    broken, got, _ = await _dense(DENSE, "close")
    assert (broken.failure.kind, got) == (FailureKind.CLOSED, VERY_MANY)


async def test_a_connection_that_is_lost_while_chunks_wait_passes_those_on_first():
    come = []

    def lose(connection, read, reader):
        come.append((reader.all(), bytes(read.rest)))
        connection.close()

    read, got, _ = await _dense(DENSE, during=lose)
    [(passed_on, waiting)] = come
    assert (read.failure.kind, got) == (FailureKind.CLOSED, passed_on + waiting)
    assert (bool(waiting), got) == (True, VERY_MANY[: len(got)])


async def test_a_connection_that_is_lost_while_the_rest_of_an_answer_waits_is_not_kept():
    read, got, _ = await _dense(STREAM_HEAD + VERY_MANY[:54_000] + OVER, during=lambda connection, *_: connection.close())
    assert (read.failure, got) == (None, VERY_MANY[:54_000] + OVER)
    assert not read.reusable


async def test_an_answer_given_up_while_chunks_wait_is_read_no_further():
    passed_on = []

    def give_up(connection, _, reader):
        passed_on.append(reader.all())
        connection.fail(FailureKind.CLIENT_GONE, "it left")

    read, got, _ = await _dense(DENSE, during=give_up)
    assert (read.failure.kind, read.rest) == (FailureKind.CLIENT_GONE, b"")
    assert [got] == passed_on


async def _stale(last_act, method="POST", *, new=False):
    """A connection that has served once (unless it is `new`) and whose peer then does `last_act` around the next request."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        origin = parse_base_url(f"http://127.0.0.1:{port}/v1")
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: UpstreamConnection(origin, lambda _: None), "127.0.0.1", port
        )
        peer, _ = listening.accept()
        with peer:
            if not new:
                done = connection.serve(answer())
                connection.send(REQUEST, last=True)
                peer.recv(1000)
                peer.sendall(ok(b"1"))
                await asyncio.wait_for(done, PATIENCE)
            read = answer(method=method)
            if last_act == "close first":
                peer.close()
            done = connection.serve(read)
            connection.send(REQUEST, last=True)
            if last_act != "close first":
                peer.recv(1000)
            if last_act == "reset":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()
            await asyncio.wait_for(done, PATIENCE)
        return connection, read


async def test_a_post_that_the_peer_cannot_have_received_may_go_out_again():
    """The peer closed before the request came, and the close was seen only after it went: its FIN acknowledges no byte of it."""
    connection, read = await _stale("close first")
    assert (read.failure.kind, connection.replaceable(read)) == (FailureKind.STALE, True)


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_post_that_the_peer_has_received_is_never_sent_again(how):
    connection, read = await _stale(how)
    assert (read.failure.kind, connection.replaceable(read)) == (FailureKind.STALE, False)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_safe_request_may_go_out_again_whatever_became_of_it(method, how):
    connection, read = await _stale(how, method)
    assert (read.failure.kind, connection.replaceable(read)) == (FailureKind.STALE, True)


@pytest.mark.parametrize(("how", "kind"), [("close", FailureKind.CLOSED), ("reset", FailureKind.RESET)])
async def test_close_without_an_answer_on_a_new_connection_is_the_providers(how, kind):
    connection, read = await _stale(how, "GET", new=True)
    assert (read.failure.kind, connection.replaceable(read)) == (kind, False)


async def test_an_answer_that_came_before_a_reset_is_read_though_a_write_finds_the_reset_first():
    """The provider refuses an upload by its head and closes with the rest unread, which resets the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        origin = parse_base_url(f"http://127.0.0.1:{server.getsockname()[1]}/v1")
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: UpstreamConnection(origin, [].append), *server.getsockname()
        )
        read = answer()
        done = connection.serve(read)
        wire, _ = server.accept()
        connection.send(b"POST / HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 5_000, last=False)
        await asyncio.get_running_loop().run_in_executor(None, wire.recv, 1)
        wire.send(b"HTTP/1.1 413 Too large\r\nContent-Length: 2\r\n\r\nno")
        wire.close()
        connection.send(b"x", last=False)
        connection.send(b"x", last=False)
        await asyncio.wait_for(done, PATIENCE)
        assert (read.failure, read.head and read.head.status) == (None, 413)


async def test_the_socket_is_still_open_when_a_connection_is_reported_to_be_lost():
    """What is read of it then must not be another connection's, which could have got the number of a closed one."""
    known = []

    class Looking(UpstreamConnection):
        def connection_made(self, transport):
            super().connection_made(transport)
            known.append(os.fstat(transport.get_extra_info("socket").fileno()).st_ino)

        def connection_lost(self, exc):
            known.append(os.fstat(self._transport.get_extra_info("socket").fileno()).st_ino)
            super().connection_lost(exc)
            lost.set_result(None)

    lost = asyncio.get_running_loop().create_future()

    async def script(wire):
        await wire.head()
        wire.reset()

    async with scripted(script) as provider:
        origin = parse_base_url(provider.url)
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: Looking(origin, [].append), "127.0.0.1", provider.port)
        connection.serve(answer())
        connection.send(REQUEST, last=True)
        await asyncio.wait_for(lost, PATIENCE)
    assert known[0] == known[1]


async def test_an_end_of_sending_on_a_connection_that_was_reset_raises_nothing():
    ended = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        origin = parse_base_url(f"http://127.0.0.1:{server.getsockname()[1]}/v1")
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: UpstreamConnection(origin, ended.append), *server.getsockname()
        )
        done = connection.serve(answer())
        wire, _ = server.accept()
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.close()
        connection.end_sending()
        await asyncio.wait_for(done, PATIENCE)
    assert not connection.usable
