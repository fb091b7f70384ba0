"""proxy.client.client_connection: heads that come in pieces, clients that cannot be seen to leave, refusals that arrive."""

import asyncio
import json
import logging
import socket
import struct

import pytest

from proxy.client import client_connection as module
from proxy.client import client_transport, request_body, request_intake
from proxy.client.body_framing import ChunkedBody
from proxy.client.client_connection import ClientConnection
from proxy.client.client_state import ClientState
from proxy.errors import RequestError
from proxy.exchange import FailureKind
from proxy.provider_config import Limits, Timeouts
from proxy.worker_stats import WorkerStats
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
    with caplog.at_level(logging.DEBUG):
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
        (served,) = running.connections
        link = served.in_progress._link
        served.transport.abort()
        for _ in range(turns):
            await asyncio.sleep(0)
        for number in range(10):
            link.data_received(chunks(b"data: %d\n\n" % number))
        exchange = await running.kept.next()
        assert exchange.failure.kind is FailureKind.CLIENT_GONE
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_the_rest_of_a_body_of_a_client_that_has_gone_is_not_waited_for():
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 10\r\n\r\n12345")
            await until(lambda: running.stats.in_flight)
        assert (await running.kept.next()).failure.kind is FailureKind.CLIENT_GONE
        assert not running.connections


async def test_a_refusal_to_a_client_that_has_reset_its_connection_is_logged_nowhere(caplog):
    async with plane("http://127.0.0.1:9/v1") as running:
        async with client(running.port) as asked:
            await until(lambda: running.connections)
            asked.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            asked.sock.send(b"no request\r\n\r\n")
        await until(lambda: not running.connections)
    assert caplog.records == []


async def test_a_refused_client_that_ends_its_side_frees_its_connection_at_once(monkeypatch):
    monkeypatch.setattr(module, "LINGER_SECONDS", 3600.0)
    async with plane("http://127.0.0.1:9/v1") as running, client(running.port) as asked:
        await asked.send(b"no request\r\n\r\n")
        await asked.rest()
        asked.leave_half()
        await until(lambda: not running.connections)


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
        (served,) = running.connections
        for _ in range(40):
            await asked.send(b"x" * 50_000)
        assert await asked.rest() == b""
        assert (len(served._begun), len(served._ahead)) == (0, 0)


class Transport(asyncio.Transport):
    """Keeps what is done to it."""

    def __init__(self):
        super().__init__()
        self.done = []
        self.closed = False

    def set_write_buffer_limits(self, high=None, low=None):
        pass

    def is_closing(self):
        return self.closed

    def can_write_eof(self):
        return True

    def is_reading(self):
        return True

    def get_write_buffer_size(self):
        return 1

    def write(self, data):
        self.done.append(data[:12])

    def write_eof(self):
        self.done.append("end")

    def close(self):
        self.done.append("close")
        self.closed = True

    def abort(self):
        self.done.append("abort")
        self.closed = True

    def pause_reading(self):
        self.done.append("pause")

    def resume_reading(self):
        self.done.append("resume")


class InProgress:
    """A request in progress, and the client's other side behind a switch."""

    answering = False

    def __init__(self):
        self.done = []

    def hold(self, *, held):
        self.done.append(("held", held))

    def left(self, *, stopped=False):
        self.done.append("stopped" if stopped else "left")

    def take(self, data):
        self.done.append(data)

    def end(self):
        self.done.append("end")


class Clients:
    """All that a connection knows of its listener; the requests that begin are kept."""

    def __init__(self):
        self.limits, self.timeouts, self.stats = Limits(), Timeouts(), WorkerStats()
        self.handler = self
        self.begun = []
        self.request = InProgress()

    def came(self, connection, transport):
        pass

    def left(self, connection):
        pass

    def begin(self, connection, request):
        self.begun.append(request)
        connection.in_progress = self.request


HEAD_BYTES = post(b"", close=False)
CHUNKED_HEAD = b"POST /v1/x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n"
HALF_BODY = b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 10\r\n\r\n12345"


def connected(*reads, state=None):
    """A connection that has read these bytes."""
    clients, transport = Clients(), Transport()
    connection = ClientConnection(clients)
    connection.connection_made(transport)
    for data in reads:
        connection.data_received(data)
    if state is not None:
        connection.state = state
    return connection, transport, clients


def lingering():
    connection, transport, clients = connected(b"no request\r\n\r\n")
    transport.done.clear()
    return connection, transport, clients


def discarding():
    connection, transport, clients = connected(HALF_BODY)
    connection.finish(keep=False)
    transport.done.clear()
    return connection, transport, clients


def turning():
    connection, transport, clients = connected(HEAD_BYTES, get())
    connection.finish(keep=True)
    return connection, transport, clients


def closed():
    connection, transport, clients = connected()
    connection.close_idle()
    return connection, transport, clients


def tunnelling():
    connection, transport, clients = connected(HEAD_BYTES, b"early")
    connection.switch(clients.request)
    return connection, transport, clients


STATES = {
    ClientState.IDLE: connected,
    ClientState.HEAD: lambda: connected(HEAD_BYTES[:20]),
    ClientState.BODY: lambda: connected(HALF_BODY),
    ClientState.CONNECT: lambda: connected(HEAD_BYTES, state=ClientState.CONNECT),
    ClientState.EXCHANGE: lambda: connected(HEAD_BYTES, state=ClientState.EXCHANGE),
    ClientState.TUNNEL: tunnelling,
    ClientState.TURN: turning,
    ClientState.DISCARD: discarding,
    ClientState.LINGER: lingering,
    ClientState.CLOSED: closed,
}


async def test_each_state_is_reached_by_what_comes_and_shows_itself():
    for state, reach in STATES.items():
        connection, *_ = reach()
        assert connection.state is state
        assert f"ClientConnection {state.value} " in repr(connection)


TAKEN = {
    (ClientState.IDLE, HEAD_BYTES): ClientState.BODY,
    (ClientState.IDLE, HEAD_BYTES[:20]): ClientState.HEAD,
    (ClientState.IDLE, b"\r\n"): ClientState.IDLE,
    (ClientState.IDLE, b"\x16\x03"): ClientState.LINGER,
    (ClientState.HEAD, HEAD_BYTES[20:]): ClientState.BODY,
    (ClientState.HEAD, b"\n"): ClientState.LINGER,
    (ClientState.BODY, b"67890"): ClientState.BODY,
    (ClientState.CONNECT, get()): ClientState.CONNECT,
    (ClientState.EXCHANGE, get()): ClientState.EXCHANGE,
    (ClientState.TUNNEL, get()): ClientState.TUNNEL,
    (ClientState.TURN, get()): ClientState.TURN,
    (ClientState.DISCARD, b"678"): ClientState.DISCARD,
    (ClientState.DISCARD, b"67890"): ClientState.LINGER,
    (ClientState.LINGER, get()): ClientState.LINGER,
    (ClientState.CLOSED, get()): ClientState.CLOSED,
}


@pytest.mark.parametrize(("row", "after"), TAKEN.items(), ids=[f"{state.value}, {data[:9]!r}" for state, data in TAKEN])
async def test_bytes_lead_from_each_state_to_the_next_and_only_a_whole_head_begins_a_request(row, after):
    state, data = row
    connection, _, clients = STATES[state]()
    begun = len(clients.begun)
    connection.data_received(data)
    assert connection.state is after
    assert len(clients.begun) - begun == int(state in {ClientState.IDLE, ClientState.HEAD} and after is ClientState.BODY)


async def test_reading_goes_on_behind_the_last_response_of_a_client_that_was_paused():
    connection, transport, _ = connected(HEAD_BYTES, b"x" * (64 * 1024 + 1))
    assert transport.done[-1] == "pause"
    connection.finish(keep=False)
    assert connection.state is ClientState.LINGER
    assert transport.done[-1] == "resume"


ENDED = {
    ClientState.IDLE: (False, ["close"], []),
    ClientState.HEAD: (False, ["close"], []),
    ClientState.BODY: (False, ["abort"], []),
    ClientState.TUNNEL: (True, [], [b"early", "end"]),
    ClientState.TURN: (True, [], []),
    ClientState.DISCARD: (False, ["close"], []),
    ClientState.LINGER: (False, ["close"], []),
}


@pytest.mark.parametrize(("state", "row"), ENDED.items(), ids=[state.value for state in ENDED])
async def test_the_clients_end_closes_each_state_or_is_passed_on_or_leaves_what_came_to_be_answered(state, row):
    connection, transport, clients = STATES[state]()
    assert (connection.eof_received(), transport.done, clients.request.done) == row


@pytest.mark.parametrize("state", [ClientState.BODY, ClientState.CONNECT, ClientState.EXCHANGE, ClientState.TUNNEL])
@pytest.mark.parametrize("stopped", [False, True])
async def test_a_connection_that_is_lost_ends_the_request_in_progress_once(state, stopped):
    connection, transport, clients = STATES[state]()
    clients.request.done.clear()
    if stopped:
        connection.stop()
        assert transport.done[-1] == "abort"
    connection.connection_lost(None)
    assert clients.request.done == ["stopped" if stopped else "left"]
    assert (connection.state, connection.gone) == (ClientState.CLOSED, True)


LIMITS = {
    ClientState.IDLE: (75.0, "close"),
    ClientState.HEAD: (30.0, "abort"),
    ClientState.DISCARD: (10.0, "close"),
    ClientState.LINGER: (2.0, "close"),
    ClientState.CLOSED: (75.0, "abort"),
}


@pytest.fixture
def still(monkeypatch):
    """Every reading of the clock is a round number, because the sum with another one may round up past a limit."""
    for each in (module, client_transport, request_body, request_intake):
        monkeypatch.setattr(each, "monotonic", lambda: 1_000.0)


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("state", "row"), LIMITS.items(), ids=[state.value for state in LIMITS])
async def test_a_sweep_closes_what_has_kept_the_proxy_waiting_beyond_its_limit_and_not_before(state, row):
    seconds, done = row
    connection, transport, clients = STATES[state]()
    clients.timeouts = Timeouts(client_idle=75.0, client_head=30.0)
    transport.done.clear()
    connection.sweep(1_000.0 + seconds)
    assert transport.done == []
    connection.sweep(1_000.0 + seconds + 0.1)
    assert transport.done == [done]


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("state", STATES, ids=[state.value for state in STATES])
async def test_a_client_that_reads_too_slowly_for_too_long_is_let_go_in_each_state(state):
    connection, transport, clients = STATES[state]()
    clients.timeouts = Timeouts(idle=1.0)
    connection.pause_writing()
    transport.done.clear()
    connection.sweep(1_001.0)
    assert transport.done == []
    connection.sweep(1_001.1)
    assert transport.done == ["abort"]


async def test_a_body_of_which_nothing_comes_is_given_up_after_idle():
    connection, _, clients = connected(HALF_BODY)
    reading = asyncio.create_task(clients.begun[0].read())
    await reading
    reading = asyncio.create_task(clients.begun[0].read())
    await asyncio.sleep(0)
    # a round number, because the sum with a reading of the clock may round up past the limit
    connection.waiting_since = 1_000.0
    connection.sweep(1_000.0 + clients.timeouts.idle)
    await asyncio.sleep(0)
    assert not reading.done()
    connection.sweep(1_000.0 + clients.timeouts.idle + 0.1)
    with pytest.raises(RequestError) as raised:
        await reading
    assert raised.value.status == 408


async def test_the_next_request_is_taken_up_in_a_later_turn_and_never_behind_a_client_that_does_not_keep_up():
    connection, _, clients = turning()
    connection.pause_writing()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (connection.state, len(clients.begun)) == (ClientState.TURN, 1)
    connection.resume_writing()
    assert len(clients.begun) == 1
    await asyncio.sleep(0)
    assert (connection.state, len(clients.begun)) == (ClientState.BODY, 2)


async def test_bytes_that_come_before_the_next_turn_go_behind_those_that_wait():
    connection, _, clients = connected(HEAD_BYTES, get()[:20])
    connection.finish(keep=True)
    connection.data_received(get()[20:])
    await asyncio.sleep(0)
    assert [request.head.method for request in clients.begun] == ["POST", "GET"]


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("state", STATES, ids=[state.value for state in STATES])
async def test_a_stop_closes_what_carries_no_request_and_then_what_is_answered(state, answered):
    connection, transport, _ = STATES[state]()
    transport.done.clear()
    connection.close_idle(answered=answered)
    carries = state.answering or (not answered and state not in {ClientState.IDLE, ClientState.HEAD})
    assert ("close" in transport.done) is not carries


async def test_the_last_response_of_a_connection_is_read_whole_by_a_client_that_goes_on_sending():
    """A close with bytes unread would reset the connection, and a reset takes the response from the client."""
    async with scripted(None, ok(b"x" * 100_000)) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}"))
        await asked.until(b"\r\n\r\n")
        for _ in range(40):
            await asked.send(b"x" * 50_000)
        assert len(await asked.rest()) == 100_000
        assert (len(provider.requests), running.stats.accepted) == (1, 1)


async def test_a_fault_in_a_request_that_waited_for_its_turn_closes_the_connection(monkeypatch):
    """As the event loop does where what it calls raises: the request would wait for ever."""
    faults = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(str(context["exception"])))
    _, transport, clients = turning()
    monkeypatch.setattr(clients, "begin", _broken)
    await until(lambda: faults)
    assert (faults, transport.done[-1]) == (["a fault of ours"], "abort")


async def test_a_fault_in_a_portion_of_a_body_closes_the_connection(monkeypatch):
    faults = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(str(context["exception"])))
    _, transport, _ = connected(CHUNKED_HEAD + b"1\r\nb\r\n" * 1_001)
    monkeypatch.setattr(ChunkedBody, "feed", _broken)
    await until(lambda: faults)
    assert (faults, transport.done[-1]) == (["a fault of ours"], "abort")


def _broken(*_arguments):
    raise RuntimeError("a fault of ours")
