"""proxy.client.excess_client: a client too many is answered when it asks, and can read the answer."""

import asyncio
import json
from types import SimpleNamespace

from proxy.client import excess_client
from proxy.client.excess_client import ExcessClient
from tests.client_states import making
from tests.noted_timers import NotedTimers
from tests.noted_transport import NotedTransport
from tests.running import until
from tests.wires import ask, client, get, ok, plane, post, scripted

LIMITS = {"clients": 1}


async def test_a_client_too_many_is_refused_as_its_request_begins_and_reads_the_answer_though_it_goes_on_sending():
    async with (
        plane("http://127.0.0.1:9/v1", limits=LIMITS) as running,
        client(running.port) as first,
        client(running.port) as second,
    ):
        await until(lambda: running.stats.refused)
        assert second.read() == b""
        for _ in range(40):
            await second.send(post(b"x" * 50_000))
        answer = await second.rest()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "too_many_clients"
        assert first.read() == b""


async def test_nothing_is_sent_to_a_client_too_many_before_its_request_begins():
    async with plane("http://127.0.0.1:9/v1", limits=LIMITS) as running, client(running.port), client(running.port) as second:
        await until(lambda: running.stats.refused)
        got = asyncio.create_task(second.rest())
        await asyncio.wait([got], timeout=0.1)
        assert not got.done()
        await second.send(b"G")
        assert (await got).startswith(b"HTTP/1.1 503 ")


async def test_a_client_too_many_that_sends_nothing_is_answered_and_closed_after_its_time(monkeypatch):
    monkeypatch.setattr(excess_client, "SECONDS", 0.1)
    async with plane("http://127.0.0.1:9/v1", limits=LIMITS) as running, client(running.port), client(running.port) as second:
        assert (await second.rest()).startswith(b"HTTP/1.1 503 ")


async def test_a_client_too_many_takes_no_ones_place():
    async with (
        scripted(None, ok(b"yes")) as provider,
        plane(provider.url, limits=LIMITS) as running,
        client(running.port) as first,
        client(running.port),
    ):
        await until(lambda: running.stats.refused)
        first.sock.close()
        await until(lambda: len(running.connections) == 1)
        assert (await ask(running.port, get())).endswith(b"yes")


class Gone:
    def __init__(self):
        self.count = 0

    def __call__(self):
        self.count += 1


async def test_a_client_too_many_is_answered_once_and_our_side_ends_behind_the_answer():
    transport, gone = NotedTransport(), Gone()
    excess = ExcessClient(transport, b"503", gone)
    assert repr(excess) == "<ExcessClient answered=False>"
    excess.data_received(b"GET")
    excess.data_received(b" / HTTP/1.1")
    assert (transport.done, repr(excess)) == ([("write", b"503"), ("write_eof",)], "<ExcessClient answered=True>")
    excess.eof_received()
    assert transport.done[2:] == [("close",)]
    excess.end()
    assert len(transport.done) == 3
    excess.connection_lost(None)
    assert gone.count == 1


async def test_a_client_too_many_whose_time_is_over_is_answered_and_closed():
    transport = NotedTransport()
    ExcessClient(transport, b"503", Gone()).end()
    assert transport.done == [("write", b"503"), ("write_eof",), ("close",)]


async def test_nothing_is_written_to_a_client_too_many_that_closes():
    transport = NotedTransport()
    excess = ExcessClient(transport, b"503", Gone())
    transport.closing = True
    excess.data_received(b"GET")
    excess.end()
    assert transport.done == []
    excess.abort()
    assert transport.done == [("abort",)]
    excess.connection_lost(None)


async def test_a_client_too_many_has_two_seconds(monkeypatch):
    timers = NotedTimers()
    monkeypatch.setattr(excess_client, "asyncio", SimpleNamespace(get_running_loop=lambda: timers))
    transport = NotedTransport()
    ExcessClient(transport, b"503", Gone())
    ((seconds, over),) = timers.timers
    over()
    assert (seconds, transport.closing, timers.cancelled) == (2.0, True, 1)


async def test_a_hundred_clients_too_many_wait_and_one_more_is_answered_and_closed_at_once(monkeypatch):
    with making(monkeypatch) as make:
        listener, transports = make(clients=1).listener, [NotedTransport() for _ in range(101)]
        for transport in transports:
            listener().connection_made(transport)
        assert [transport.closing for transport in transports] == [False] * 100 + [True]
        assert any(data.startswith(b"HTTP/1.1 503 ") for name, data, *_ in transports[-1].done[:-1] if name == "write")
        listener.stop_all()
