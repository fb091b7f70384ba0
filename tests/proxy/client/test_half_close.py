"""proxy.client.half_close: a client that has ended its sending side gets its answer, one that has gone ends its request."""

import asyncio
import socket
from types import SimpleNamespace

import pytest

from proxy.client import half_close
from proxy.client.client_state import ClientState
from proxy.exchange import FailureKind
from proxy.process import tcp_info
from tests.running import until
from tests.wires import PATIENCE, STREAM_HEAD, chunks, client, final_responses, get, ok, plane, post, scripted

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
ANSWERS = {
    "a length": ok(b"x" * 300_000),
    "a stream": STREAM_HEAD + chunks(*[b"data: 1\n\n"] * 100) + b"0\r\n\r\n",
    "until the end": b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * 1000,
}


@pytest.fixture
def soon(monkeypatch):
    for name in ("FIRST", "PROBED", "LATER"):
        monkeypatch.setattr(half_close, name, 0.05)


@pytest.fixture
def looks(monkeypatch):
    """What each look at the client's kernel found, from the end of its side on."""
    found = []

    def peer(sock):
        found.append(tcp_info.peer(sock))
        return found[-1]

    monkeypatch.setattr(half_close, "tcp_info", SimpleNamespace(peer=peer, CLOSED=tcp_info.CLOSED))
    return found


def body_of(answer):
    return final_responses(answer).partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
async def test_a_client_that_ends_its_side_behind_its_request_gets_its_answer(looks, answer):
    left = asyncio.Event()

    async def script(wire):
        await wire.request()
        await asyncio.wait_for(left.wait(), PATIENCE)
        await wire.send(answer)

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        asked.leave_half()
        await until(lambda: looks)
        left.set()
        assert body_of(await asked.rest()) == body_of(answer)
        assert (await running.kept.next()).failure is None


async def test_requests_that_wait_their_turn_are_answered_too():
    async with scripted(None, ok(b"1"), ok(b"2"), ok(b"3")) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(post(b"{}", close=False) * 3)
            asked.leave_half()
            came = await asked.rest()
        assert [came.count(b"\r\n\r\n%d" % number) for number in (1, 2, 3)] == [1, 1, 1]


async def test_a_stream_goes_on_behind_the_end_of_its_client(looks):
    turn = asyncio.Semaphore(1)

    async def script(wire):
        await wire.request()
        await wire.send(STREAM_HEAD)
        for number in range(5):
            await asyncio.wait_for(turn.acquire(), PATIENCE)
            await wire.send(chunks(b"data: %d\n\n" % number))
        await wire.send(b"0\r\n\r\n")

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        await asked.until(b"data: 0\n\n")
        asked.leave_half()
        await until(lambda: looks)
        for number in range(1, 5):
            turn.release()
            await asked.until(b"data: %d\n\n" % number)
        assert (await asked.rest()).endswith(b"0\r\n\r\n")


@pytest.mark.slow
@pytest.mark.parametrize(("version", "probed"), [(b"1.1", True), (b"1.0", False)])
async def test_a_client_that_waits_for_a_slow_answer_is_sent_an_interim_one_that_it_may_forget(soon, looks, version, probed):
    free = asyncio.Event()

    async def script(wire):
        await wire.request()
        await asyncio.wait_for(free.wait(), PATIENCE)
        await wire.send(ok(b"late"))

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(get(version=version))
        asked.leave_half()
        if probed:
            assert await asked.exactly(len(CONTINUE)) == CONTINUE
        await until(lambda: len(looks) > 4)  # it is probed once, and never given up
        free.set()
        assert await asked.rest() == b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlate"


@pytest.mark.parametrize("begun", [b"", STREAM_HEAD + chunks(b"data: 0\n\n")])
async def test_a_client_that_has_gone_ends_its_request_however_silent_the_provider_is(soon, begun):
    left = asyncio.Event()

    async def script(wire):
        await wire.request()
        await wire.send(begun)
        await wire.gone()
        left.set()

    async with scripted(script) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(post(b"{}", close=False))
            await until(lambda: provider.connections)
            if begun:
                await asked.until(b"data: 0\n\n\r\n")
        await asyncio.wait_for(left.wait(), PATIENCE)
        assert (await running.kept.next()).failure.kind is FailureKind.CLIENT_GONE


async def test_a_client_that_ends_its_side_in_the_middle_of_its_request_is_gone():
    async with scripted(None, ok()) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 10\r\n\r\n12345")
        await until(lambda: running.stats.in_flight)
        asked.leave_half()
        assert (await running.kept.next()).failure.kind is FailureKind.CLIENT_GONE


@pytest.mark.slow
async def test_a_slow_reader_that_ended_its_side_is_waited_for(soon, looks):
    """What is sent and not acknowledged shows that it is there: a client that had gone would have answered with a reset."""
    size = 8_000_000
    async with scripted(None, ok(b"z" * size)) as provider, plane(provider.url) as running:
        async with client(running.port, room=4096) as asked:
            await asked.send(post(b"{}", close=False))
            asked.leave_half()
            await until(lambda: any(one.writing_paused for one in running.connections))
            before = len(looks)
            await until(lambda: len(looks) > before + 3)
            assert len(body_of(await asked.rest())) == size
        assert (await running.kept.next()).failure is None


@pytest.mark.slow
@pytest.mark.parametrize("stays", [True, False])
async def test_an_end_behind_a_body_that_waits_to_be_read_is_no_leaving(soon, looks, stays):
    """The provider takes no more, so the client's bytes and the end behind them lie in the kernel, where no loop sees them."""
    size = 5_000_000
    read = asyncio.Event()

    async def script(wire):
        wire.writer.transport.pause_reading()
        await asyncio.wait_for(read.wait(), PATIENCE)
        wire.writer.transport.resume_reading()
        await wire.request()
        await wire.send(ok(b"done"))

    async with scripted(script) as provider, plane(provider.url, timeouts={"idle": 2}) as running:
        async with client(running.port) as asked:
            asked.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * 2**20)
            await asked.send(post(b"x" * size, close=False))
            asked.leave_half()
            await until(lambda: looks)
            if stays:
                read.set()
                assert (await asked.rest()).endswith(b"done")
        if not stays:
            assert (await running.kept.next()).failure.kind is FailureKind.CLIENT_GONE
        read.set()


async def _gone_behind_its_first_answer(first, leave):
    """Two requests in one; the provider never answers the second, whose client has gone by then."""
    asked_twice = asyncio.Event()

    async def script(wire):
        await wire.request()
        await asyncio.wait_for(free.wait(), PATIENCE)
        await wire.send(first)
        await wire.request()
        asked_twice.set()
        await wire.gone()

    free = asyncio.Event()
    async with scripted(script) as provider, plane(provider.url, limits={"write_buffer": 1_024}) as running:
        async with client(running.port, room=10_000) as asked:
            await asked.send(post(b"{}", close=False) * 2)
            (connection,) = await until(lambda: list(running.connections))
            await leave(asked, connection, free)
            await asked.exactly(len(first))
            await asyncio.wait_for(asked_twice.wait(), PATIENCE)
        kinds = [(await running.kept.next()).failure for _ in range(2)]
        assert (kinds[0], kinds[1].kind) == (None, FailureKind.CLIENT_GONE)


async def test_a_client_that_ends_its_side_between_two_requests_and_goes_ends_the_second(soon):
    async def leave(asked, connection, free):
        connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        free.set()
        await until(lambda: connection.state is ClientState.TURN and connection.writing_paused)
        asked.leave_half()
        await until(lambda: connection._ended)
        assert connection.state is ClientState.TURN

    await _gone_behind_its_first_answer(ok(b"x" * 60_000), leave)


async def test_a_client_that_read_its_first_answer_and_goes_ends_the_second_request(soon, looks):
    async def leave(asked, connection, free):
        asked.leave_half()
        await until(lambda: looks)
        free.set()

    await _gone_behind_its_first_answer(ok(b"first"), leave)
