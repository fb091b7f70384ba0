"""proxy.client.client_connection: heads that come in pieces, clients that cannot be seen to leave, refusals that arrive."""

import asyncio
import json
import logging
import socket
import struct

import pytest

from proxy.client import client_connection as module
from proxy.exchange import FailureKind
from tests.running import until
from tests.wires import PATIENCE, STREAM_HEAD, ask, chunks, client, get, ok, plane, post, scripted


async def test_a_head_may_come_byte_by_byte():
    async with scripted(None, ok(b"yes")) as provider, plane(provider.url) as running, client(running.port) as asked:
        for byte in get():
            await asked.send(bytes([byte]))
        assert (await asked.rest()).endswith(b"yes")


async def test_an_endless_head_is_refused_while_it_comes():
    async with plane("http://127.0.0.1:9/v1") as running, client(running.port) as asked:
        await asked.send(b"GET /v1/x HTTP/1.1\r\n")
        for number in range(4_000):
            await asked.send(b"X-%d: %s\r\n" % (number, b"y" * 20))
            if running.stats.refused:
                break
        answer = await asked.rest()
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "head_too_large"


async def test_a_refusal_is_read_even_by_a_client_that_goes_on_sending():
    async with plane("http://127.0.0.1:9/v1") as running:
        answer = await ask(running.port, b"GET / HTTP/1.1\r\nA: " + b"x" * 3_000_000)
        assert answer.startswith(b"HTTP/1.1 431 ")


async def test_a_refused_upload_gets_the_reason():
    async with plane(provider="", providers={}) as running, client(running.port) as asked:
        sending = asyncio.create_task(
            asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 9_000_000)
        )
        assert (await asked.until(b"}}")).startswith(b"HTTP/1.1 404 ")
        await asyncio.wait_for(sending, PATIENCE)
        assert b"Connection: close" in await ask(running.port, post(b"{}"))


async def test_bytes_that_cannot_be_read_are_logged_as_no_error(caplog):
    with caplog.at_level(logging.DEBUG, logger="aiohttp"):
        async with plane("http://127.0.0.1:9/v1") as running:
            await ask(running.port, b"nonsense\r\n\r\n")
            async with client(running.port) as asked:
                await asked.send(b"GET /half")
    assert caplog.records == []


async def test_pipelined_requests_wait_their_turn_even_when_the_client_reads_late():
    body = b"z" * 400_000
    async with scripted(None, ok(body)) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(get().replace(b"Connection: close\r\n", b"") * 10)
        for _ in range(10):
            assert (await asked.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
            assert await asked.exactly(len(body)) == body


@pytest.mark.parametrize("turns", range(4))
async def test_pieces_for_a_client_whose_connection_is_just_closing_go_nowhere_and_are_no_fault(turns, caplog):
    """Between the close of a connection and the end of its request asyncio's transport warns, and uvloop's raises."""

    async def script(wire):
        await wire.request()
        await wire.send(STREAM_HEAD + chunks(b"data: 1\n\n"))
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        await asked.until(b"data: 1\n\n")
        (door,) = running.plane._listener.connections
        link = door.flow
        door.transport.abort()
        for _ in range(turns):
            await asyncio.sleep(0)
        for number in range(10):
            link.data_received(chunks(b"data: %d\n\n" % number))
        exchange = await running.kept.next()
        assert exchange.failure.kind is FailureKind.CLIENT_GONE
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_body_of_a_client_that_is_no_more_is_not_waited_for():
    """The answer may end in the very turn of the loop in which its client leaves, before the rest of its body is read."""
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 10\r\n\r\n12345")
            (door,) = await until(lambda: [door for door in running.plane._listener.connections if door._current_request])
            body = door._current_request.content
        await until(lambda: door.gone)
        body._exception = None  # as in that turn: aiohttp tells the body behind it
        assert await door._swallowed(body, keep=True) is False


async def test_a_refusal_to_a_client_that_has_reset_its_connection_is_logged_nowhere(caplog):
    async with plane("http://127.0.0.1:9/v1") as running:
        async with client(running.port) as asked:
            await until(lambda: running.plane._listener.connections)
            asked.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            asked.sock.send(b"no request\r\n\r\n")
        await until(lambda: not running.plane._listener.connections)
    assert caplog.records == []


async def test_a_refused_client_that_ends_its_side_frees_its_connection_at_once(monkeypatch):
    monkeypatch.setattr(module, "_LINGER", 3600.0)
    async with plane("http://127.0.0.1:9/v1") as running, client(running.port) as asked:
        await asked.send(b"no request\r\n\r\n")
        await asked.rest()
        asked.leave_half()
        await until(lambda: not running.plane._listener.connections)


REFUSED = {
    431: b"GET /v1/x HTTP/1.1\r\nA: " + b"x" * 70_000,
    400: b"nonsense\r\n\r\n",
    421: b"GET http://api.example.com/v1/models HTTP/1.1\r\nHost: api.example.com\r\n\r\n",
    501: b"BREW /v1/x HTTP/1.1\r\nHost: p\r\n\r\n",
    408: b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 9000000\r\n\r\n123",
}


@pytest.mark.parametrize("status", REFUSED)
async def test_a_refusal_that_ends_the_connection_is_read_whole_by_a_client_that_goes_on_sending(status):
    async def script(wire):
        await wire.gone()

    timeouts = {"idle": 0.2} if status == 408 else {}
    async with (
        scripted(script) as provider,
        plane(provider.url, timeouts=timeouts) as running,
        client(running.port) as asked,
    ):
        await asked.send(REFUSED[status])
        answer = await asked.until(b"}}")
        for _ in range(40):
            await asked.send(b"x" * 50_000)
        assert await asked.rest() == b""
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b"\r\nConnection: close\r\n" in answer


async def test_what_comes_behind_a_refusal_is_not_kept():
    async with plane("http://127.0.0.1:9/v1") as running, client(running.port) as asked:
        await asked.send(REFUSED[431])
        await asked.until(b"}}")
        (door,) = running.plane._listener.connections
        for _ in range(40):
            await asked.send(b"x" * 50_000)
        assert await asked.rest() == b""
        assert len(door._declining.begun) < 200_000
