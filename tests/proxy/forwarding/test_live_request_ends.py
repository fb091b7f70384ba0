"""proxy.forwarding.live_request: what is written, recorded and given back at each end of a request, without a wire."""

import asyncio
import logging
import socket
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from proxy.client.client_request import ClientRequest
from proxy.client.head_memo import HeadMemo
from proxy.errors import UpstreamError
from proxy.exchange import FailureKind, Role
from proxy.forwarding import live_request as module
from proxy.forwarding.live_request import LiveRequest
from proxy.provider_config import ProxyConfig
from proxy.record.capture import Capture
from proxy.routing_config import RoutingConfig
from proxy.upstream.upstream_connection import UpstreamConnection
from proxy.worker_stats import WorkerStats
from tests.heads import raw_head
from tests.noted_timers import NotedTimers
from tests.noted_transport import NotedTransport
from tests.wires import PATIENCE, STREAM_HEAD, chunks, ok

BODY = b'{"model":"m"}'
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: p:1\r\nContent-Length: 13\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nhe"
DONE = STREAM_HEAD + chunks(b"data: [DONE]\n\n")


class Client:
    """A client's connection that keeps what is written to it and how each request ended."""

    on_loopback, transport, waiting_since, stalled_since = True, None, 0.0, 0.0
    in_progress = state = None

    def __init__(self):
        self.written, self.finished, self.broken = b"", [], False

    def write(self, data):
        self.written += data

    straight = write

    def break_off(self):
        self.broken = True

    def finish(self, *, keep, refused):
        self.finished.append((keep, refused))

    def switch(self, onward):
        self.switched = onward


class Shared:
    """What all requests of a process share: connections to one provider, counters, and what is over."""

    steps = draining = False
    websockets = 0

    def __init__(self, sock, config):
        self.routing, self.limits = RoutingConfig.of(config, {"KEY": "sk-configured-1"}, ()), config.limits
        self.stats, self.upstream = WorkerStats(), self
        self.sock, self.links, self.free, self.released, self.ends = sock, [], [], [], []
        self.fault = None

    def ready(self, origin):
        return self.free.pop() if self.free else None

    async def open(self, origin):
        if self.fault:
            raise self.fault
        return self.connected(origin)

    def connected(self, origin, served=0):
        link = UpstreamConnection(origin, lambda _: None)
        self.transport = NotedTransport(socket=self.sock)
        link.connection_made(self.transport)
        link.served = served
        self.links.append(link)
        return link

    def release(self, link, answer):
        self.released.append((link, answer.reusable))

    def over(self, live, failure, now):
        self.ends.append(failure)


class Made:
    def __init__(self, sock, *fields, method="POST", path="/v1/chat/completions", body=BODY, **config):
        providers = {"p": {"base_url": "http://p:1/v1", **config.pop("settings", {})}}
        self.shared = Shared(sock, ProxyConfig.model_validate({"provider": "p", "providers": providers, **config}))
        self.client = Client()
        lengths = ((b"Content-Length", b"%d" % len(body)),) if body else ()
        memo = HeadMemo(raw_head(*fields, *lengths, method=method, path=path))
        request = ClientRequest(memo, len(body) if body else None, 0.0)
        request.whole = body
        capture = Capture(
            identity="i", role=Role.PRIMARY, started=0.0, begun=0.0, limit=10**6, head=memo.recorded, length=str(len(body))
        )
        self.live = LiveRequest(self.shared, self.client, request, capture)

    @property
    def link(self):
        return self.shared.links[-1]

    async def start(self, *answers, ready=False):
        """Begin, and have the provider send what it answers."""
        if ready:
            origin = self.shared.routing.origins["p"]
            self.shared.free.append(self.shared.connected(origin, served=1))
        self.live.start()
        await self.waited()
        for answer in answers:
            self.link.data_received(answer)
        return self

    async def waited(self):
        """Let the request take the step that waits, where there is one."""
        if steps := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(steps, timeout=PATIENCE)


@contextmanager
def making():
    """`made(*fields, **config)`: a request over one end of a pair of sockets."""
    near, far = socket.socketpair()
    near.setblocking(False)
    with near, far:
        yield lambda *fields, **config: Made(near, *fields, **config)


@pytest.fixture
def made():
    with making() as one:
        yield one


def failed(one):
    (failure,) = one.shared.ends
    return failure and (failure.kind, failure.detail, failure.after_head)


@pytest.mark.parametrize("ready", [False, True])
async def test_a_whole_request_is_sent_answered_and_recorded_once(made, ready):
    one = await made().start(ok(b"hello"), ready=ready)
    assert one.shared.transport.done[-1] == ("write", HEAD + BODY)
    assert one.client.written == ok(b"hello")
    assert (failed(one), one.client.finished) == (None, [(True, False)])
    assert (one.shared.released, one.shared.stats.refused, one.live.ended) == ([(one.link, True)], 0, True)
    assert one.client.in_progress is one.live
    one.live.left()
    assert len(one.shared.ends) == 1


async def test_a_process_that_is_stopping_keeps_no_connection(made):
    one = made()
    await one.start()
    one.shared.draining = True
    one.link.data_received(ok(b"x"))
    assert one.client.finished == [(False, False)]


@pytest.mark.parametrize(
    ("answers", "error", "failure", "broken"),
    [
        ((), None, (FailureKind.CLOSED, "before any byte of an answer", False), False),
        ((b"HTTP/1.1 2",), None, (FailureKind.CLOSED, "inside the head of the answer", False), False),
        ((ok(b"hello")[:-2],), None, (FailureKind.CLOSED, "after 3 of 5 bytes of the body", True), False),
        ((UNTIL_CLOSE,), None, None, False),
        ((UNTIL_CLOSE,), ConnectionResetError(), (FailureKind.RESET, "after 2 bytes of an unfinished body", True), True),
    ],
)
async def test_a_provider_that_breaks_off_is_a_failure_that_the_client_sees(made, answers, error, failure, broken):
    one = await made().start(*answers)
    one.link.connection_lost(error)
    answered = bool(answers) and b"200" in answers[0]
    assert (failed(one), one.client.written[9:12], one.client.broken) == (failure, b"200" if answered else b"502", broken)
    assert one.shared.stats.refused == (not answered)
    if not answered:
        assert b"provider 'p': " in one.client.written
        assert one.client.finished == [(True, False)]


async def test_a_provider_that_cannot_be_reached_is_named(made):
    one = made()
    one.shared.fault = UpstreamError(FailureKind.CONNECT_TIMEOUT, "too slow")
    await one.start()
    assert failed(one) == (FailureKind.CONNECT_TIMEOUT, "too slow", False)
    assert one.client.written.startswith(b"HTTP/1.1 504 ")
    assert b"provider 'p': it did not accept a connection in time (too slow)" in one.client.written


@pytest.mark.parametrize(
    ("answers", "more", "kind", "detail"),
    [
        ((), {}, FailureKind.CLIENT_GONE, "it left before an answer began"),
        ((ok(b"hello")[:-2],), {}, FailureKind.CLIENT_GONE, "it left in the middle of its answer"),
        ((ok(b"hello")[:-2],), {"stopped": True}, FailureKind.STOPPED, "in the middle of its answer"),
        ((), {"stopped": True}, FailureKind.STOPPED, "before an answer began"),
    ],
)
async def test_a_client_that_leaves_ends_its_request_and_gives_the_connection_back(made, answers, more, kind, detail):
    one = await made().start(*answers)
    before = one.client.written
    one.live.left(**more)
    assert failed(one) == (kind, detail, bool(answers))
    assert (one.shared.released, one.client.written) == ([(one.link, False)], before)


async def test_a_client_that_leaves_because_it_read_nothing_is_said_to(made):
    one = await made().start(ok(b"hello")[:-2])
    one.client.stalled_since = 7.0
    one.live.left()
    assert failed(one) == (FailureKind.CLIENT_GONE, "it read nothing for too long", True)


@pytest.mark.parametrize("comes", [True, False])
async def test_the_end_of_a_stream_behind_its_last_event_is_read_for_a_second_though_its_client_has_left(
    made, comes, monkeypatch
):
    one, timers = await made().start(DONE), NotedTimers()
    monkeypatch.setattr(module, "asyncio", SimpleNamespace(get_running_loop=lambda: timers))
    one.live.left()
    assert ([seconds for seconds, _ in timers.timers], one.shared.ends) == ([1.0], [])
    if comes:
        one.link.data_received(b"0\r\n\r\n")
    else:
        timers.timers[0][1]()
    assert failed(one) == (FailureKind.CLIENT_GONE, "it left in the middle of its answer", True)
    assert (one.shared.released, one.client.written) == ([(one.link, comes)], DONE)
    assert timers.cancelled == 1


async def test_a_stream_that_has_not_ended_is_not_read_behind_its_client(made):
    one = await made().start(STREAM_HEAD + chunks(b"data: x\n\n"))
    one.live.left()
    assert len(one.shared.ends) == 1


async def test_a_request_that_a_kept_connection_lost_goes_out_once_more_and_not_again(made):
    one = await made(method="GET", path="/v1/models", body=b"").start(ready=True)
    (first,) = one.shared.links
    first.connection_lost(None)
    await one.waited()
    assert (len(one.shared.links), one.shared.ends) == (2, [])
    one.link.served = 2
    one.link.connection_lost(None)
    assert failed(one) == (FailureKind.STALE, "before any byte of an answer", False)
    assert one.client.written.startswith(b"HTTP/1.1 502 ")


async def test_a_slow_client_stops_the_reading_of_its_provider(made):
    one = made()
    one.client.stalled_since = 5.0
    await one.start()
    assert one.link.held is True
    one.live.hold(held=False)
    assert (one.link.held, one.live.answering) == (False, False)
    one.link.data_received(ok(b"hello")[:-2])
    assert one.live.answering is True


async def test_a_fault_of_the_proxy_is_answered_by_500_and_logged_with_its_exchange(made, caplog, monkeypatch):
    one = made()
    monkeypatch.setattr(LiveRequest, "at_once", lambda _: 1 // 0)
    await one.start()
    assert one.client.written.startswith(b"HTTP/1.1 500 ")
    assert failed(one)[0] is FailureKind.INTERNAL
    (record,) = [record for record in caplog.records if record.getMessage() == "request_failed"]
    assert (record.exchange, one.shared.stats.refused) == ("i", 1)


@pytest.mark.parametrize(
    ("fields", "more", "status", "keep"),
    [
        (((b"Expect", b"gold"),), {}, b"417", False),
        ((), {"path": "http://h/v1/x"}, b"200", True),
        (((b"Host", b"evil.example"),), {"path": "http://evil.example/v1/x"}, b"421", False),
        (((b"X-SameWeights-Provider", b"unknown"),), {}, b"404", True),
        (
            *(((b"Origin", b"https://evil.example"),), {"settings": {"api_key_env": "KEY"}}),
            *(b"403", True),
        ),
    ],
)
async def test_a_request_that_is_refused_keeps_its_connection_where_its_end_is_certain(made, fields, more, status, keep):
    one = await made(*fields, **more).start()
    if status == b"200":
        one.link.data_received(ok(b"x"))
    assert (one.client.written[9:12], one.client.finished) == (status, [(keep, status != b"200" and not keep)])


OPENING = (
    *((b"Upgrade", b"websocket"), (b"Connection", b"Upgrade")),
    *((b"Sec-WebSocket-Key", b"x"), (b"Sec-WebSocket-Version", b"13")),
)


@pytest.mark.parametrize(("limit", "opened"), [(0, True), (6, True), (5, False)])
async def test_no_more_websockets_are_opened_than_are_allowed(made, limit, opened):
    one = made(*OPENING, method="GET", path="/v1/realtime", body=b"", limits={"websockets": limit})
    one.shared.websockets = 5
    one.client.transport = NotedTransport()
    await one.start()
    assert one.shared.websockets == (6 if opened else 5)
    if opened:
        one.link.data_received(ok(b"none here"))
        assert (one.shared.websockets, failed(one)) == (5, None)
    else:
        assert one.client.written.startswith(b"HTTP/1.1 503 ")
        assert b"5 WebSockets are open, which is the limit" in one.client.written


@pytest.mark.parametrize("fault", [UpstreamError(FailureKind.CONNECT, "refused"), None])
async def test_a_websocket_that_cannot_be_opened_is_not_counted(made, fault):
    one = made(*OPENING, method="GET", path="/v1/realtime", body=b"")
    one.shared.fault = fault
    await one.start()
    assert one.shared.websockets == 0
    if fault is None:
        assert one.shared.transport.done[-1] == ("abort",)


def steps(caplog):
    """The steps that were logged, each with its fields."""
    usual = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}
    return [
        (record.getMessage(), {name: value for name, value in vars(record).items() if name not in usual})
        for record in caplog.records
    ]


async def test_the_steps_of_a_request_are_logged_with_what_was_chosen_and_sent(made, caplog):
    caplog.set_level(logging.DEBUG, "sameweights.proxy")
    one = made()
    one.shared.steps = True
    await one.start(ok(b"hello"))
    assert steps(caplog) == [
        ("request_routed", {"exchange": "i", "route": "default", "provider": "p", "reference": ""}),
        (
            "request_sent",
            {
                "exchange": "i",
                "provider": "p",
                "connection": "<UpstreamConnection p:1 busy served=1 held=False full=False>",
                "bytes": len(HEAD + BODY),
            },
        ),
        ("head_received", {"exchange": "i", "status": 200, "framing": "content-length", "interim": False}),
    ]


async def test_the_steps_of_a_websocket_are_logged_with_its_bytes_each_way(made, caplog):
    caplog.set_level(logging.DEBUG, "sameweights.proxy")
    one = made(*OPENING, method="GET", path="/v1/realtime", body=b"")
    one.shared.steps, one.client.transport = True, NotedTransport()
    one.shared.websockets = 2
    await one.start(b"HTTP/1.1 101 \r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi")
    one.client.switched.take(b"hello")
    one.live.left()
    routed, begun, sent, head, ended = steps(caplog)
    assert [name for name, _ in (routed, sent, head)] == ["request_routed", "request_sent", "head_received"]
    connection = "<UpstreamConnection p:1 idle served=0 held=False full=False>"
    assert begun == ("websocket_begun", {"exchange": "i", "connection": connection, "open": 3})
    assert ended == ("websocket_ended", {"exchange": "i", "sent": 5, "received": 2})
    assert one.shared.websockets == 2
