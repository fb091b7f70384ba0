"""proxy.upstream.upstream_client: asking without a client, by the same tee and the same clock."""

import asyncio
from contextlib import asynccontextmanager
from time import monotonic
from types import SimpleNamespace

import pytest

from proxy.exchange import FailureKind, Role
from proxy.provider_config import Limits, Timeouts
from proxy.record.capture import Capture
from proxy.record.recorded_head import RecordedHead
from proxy.routing.provider_origin import parse_base_url
from proxy.upstream import upstream_client
from proxy.upstream.upstream_client import DiscardingReader, UpstreamClient, _with_length
from proxy.worker_stats import WorkerStats
from tests.running import until
from tests.wires import PATIENCE, STREAM_HEAD, chunks, ok, scripted

TOTAL = 12.5


@pytest.fixture
async def upstream():
    async with _client(idle=PATIENCE) as made:
        yield made


@asynccontextmanager
async def _client(idle):
    made = UpstreamClient(Timeouts(idle=idle), Limits(audit_body=1000), WorkerStats())
    yield made
    made.close()
    await asyncio.sleep(0)


def captured(method="POST"):
    head = RecordedHead(method, "/v1/x", ())
    return Capture(identity="s", role=Role.SHADOW, started=1.0, begun=monotonic(), limit=1000, head=head)


def fetch(upstream, provider, body=b"{}", *, total=None, method="POST", capture=None):
    origin = parse_base_url(provider.url)
    headers = [(b"Content-Type", b"application/json"), (b"Authorization", b"Bearer k"), (b"Content-Length", b"999")]
    return upstream.fetch(origin, method, origin.target("/v1/x"), headers, body, capture or captured(method), total=total)


async def test_a_request_is_written_and_its_answer_captured(upstream):
    async with scripted(None, STREAM_HEAD + chunks(b"data: 1\n\n", b"data: 2\n\n") + b"0\r\n\r\n") as provider:
        exchange = await fetch(upstream, provider)
        host = b"Host: 127.0.0.1:%d\r\n" % provider.port
        fields = b"Content-Type: application/json\r\nAuthorization: Bearer k\r\nContent-Length: 2\r\n"
        assert provider.requests == [b"POST /v1/x HTTP/1.1\r\n" + host + fields + b"\r\n{}"]
        assert (exchange.role, exchange.failure, exchange.request.body) == (Role.SHADOW, None, b"{}")
        assert exchange.response.body == b"data: 1\n\ndata: 2\n\n"
        assert [mark.end for mark in exchange.response.marks] == [9, 18]


async def test_a_connection_to_a_reference_is_used_again(upstream):
    async with scripted(None, ok()) as provider:
        for _ in range(3):
            await fetch(upstream, provider)
        assert provider.connections == 1


async def test_a_kept_connection_that_a_reference_closes_unannounced_fails_for_no_fault_of_its():
    async def script(wire):
        for number in range(2):
            await wire.request()
            await wire.send(ok() if number == 0 else b"")

    made = UpstreamClient(Timeouts(), Limits(), WorkerStats())
    async with scripted(script) as provider:
        assert (await fetch(made, provider)).failure is None
        exchange = await fetch(made, provider)
        assert (exchange.failure.kind, exchange.failure.after_head) == (FailureKind.STALE, False)
        assert provider.connections == 1
    made.close()


async def test_framing_and_host_stand_where_they_were_given(upstream):
    given = [(b"A", b"1"), (b"host", b""), (b"content-length", b""), (b"B", b"2")]
    chunked = [(b"A", b"1"), (b"transfer-encoding", b"chunked"), (b"Host", b""), (b"content-length", b"")]
    async with scripted(None, ok()) as provider:
        origin = parse_base_url(provider.url)
        for fields in (given, chunked):
            capture = Capture(
                identity="s", role=Role.GREEDY, started=1.0, begun=monotonic(), limit=9, head=RecordedHead("POST", "/", ())
            )
            await upstream.fetch(origin, "POST", "/v1/x", fields, b"{}", capture)
    host = b"Host: 127.0.0.1:%d\r\n" % provider.port
    assert provider.requests == [
        b"POST /v1/x HTTP/1.1\r\nA: 1\r\n" + host + b"content-length: 2\r\nB: 2\r\n\r\n{}",
        b"POST /v1/x HTTP/1.1\r\nA: 1\r\ntransfer-encoding: chunked\r\n" + host + b"\r\n2\r\n{}\r\n0\r\n\r\n",
    ]


async def test_a_get_has_no_length(upstream):
    async with scripted(None, ok()) as provider:
        await fetch(upstream, provider, body=b"", method="GET")
        assert b"Content-Length" not in provider.requests[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "close", "kind", "after"),
    [
        (b"", True, FailureKind.CLOSED, False),
        (b"", False, FailureKind.SILENCE_TIMEOUT, False),
        (STREAM_HEAD + chunks(b"1"), True, FailureKind.CLOSED, True),
        (STREAM_HEAD + chunks(b"1"), False, FailureKind.SILENCE_TIMEOUT, True),
        (STREAM_HEAD + b"ZZ", False, FailureKind.MALFORMED, True),
        (b"nonsense\r\n\r\n", False, FailureKind.MALFORMED, False),
    ],
)
async def test_every_way_in_which_a_provider_fails_is_a_recorded_kind_of_failure(sent, close, kind, after):
    async def script(wire):
        await wire.request()
        await wire.send(sent)
        if not close:
            await wire.gone()

    idle = 1.0 if kind is FailureKind.SILENCE_TIMEOUT else PATIENCE
    async with scripted(script) as provider, _client(idle) as upstream:
        exchange = await asyncio.wait_for(fetch(upstream, provider), PATIENCE)
        assert (exchange.failure.kind, exchange.failure.after_head) == (kind, after)
        assert (exchange.response is not None) == after


@pytest.fixture
async def limit(monkeypatch):
    """The limit on the whole of the next request with a `total`: it ends when the test sets it, however busy the machine is."""
    made, of_dialing = asyncio.timeout(None), asyncio.timeout
    monkeypatch.setattr(asyncio, "timeout", lambda seconds: made if seconds == TOTAL else of_dialing(seconds))
    return made


async def test_a_reference_that_closes_behind_its_last_event_has_answered_whole(upstream):
    async def script(wire):
        await wire.request()
        await wire.send(STREAM_HEAD + chunks(b"data: [DONE]\n\n"))

    async with scripted(script) as provider:
        assert (await fetch(upstream, provider)).failure is None


async def test_a_reference_that_stays_silent_behind_its_last_event_has_answered_whole(upstream, limit):
    async def script(wire):
        await wire.request()
        await wire.send(STREAM_HEAD + chunks(b"data: [DONE]\n\n"))
        await wire.gone()

    async with scripted(script) as provider:
        capture = captured()
        fetching = asyncio.create_task(fetch(upstream, provider, total=TOTAL, capture=capture))
        await until(lambda: capture.size)
        limit.reschedule(asyncio.get_running_loop().time())
        assert (await asyncio.wait_for(fetching, PATIENCE)).failure is None


async def test_a_limit_on_the_whole_ends_what_never_ends(upstream, limit):
    left = asyncio.Event()

    async def script(wire):
        await wire.request()
        await wire.send(STREAM_HEAD)
        try:
            while True:
                await wire.send(chunks(b"data\n\n"))
                await asyncio.sleep(0.01)
        except ConnectionError:
            left.set()

    async with scripted(script) as provider:
        capture = captured()
        fetching = asyncio.create_task(fetch(upstream, provider, total=TOTAL, capture=capture))
        await until(lambda: capture.size)
        limit.reschedule(asyncio.get_running_loop().time())
        exchange = await asyncio.wait_for(fetching, PATIENCE)
        assert (exchange.failure.kind, exchange.failure.after_head) == (FailureKind.TOTAL_TIMEOUT, True)
        assert exchange.response.body.startswith(b"data\n\n")
        await asyncio.wait_for(left.wait(), PATIENCE)


async def test_a_provider_without_a_listener_is_a_recorded_failure(upstream):
    class Gone:
        url = "http://127.0.0.1:1/v1"

    exchange = await fetch(upstream, Gone)
    assert exchange.failure.kind is FailureKind.CONNECT


async def test_cancelling_a_request_closes_its_connection_to_the_provider(upstream):
    begun, left = asyncio.Event(), asyncio.Event()

    async def script(wire):
        await wire.request()
        begun.set()
        await wire.gone()
        left.set()

    async with scripted(script) as provider:
        asking = asyncio.create_task(fetch(upstream, provider))
        await asyncio.wait_for(begun.wait(), PATIENCE)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(left.wait(), PATIENCE)


async def test_an_endless_answer_is_kept_only_up_to_the_limit(upstream):
    async with scripted(None, ok(b"x" * 5_000_000)) as provider:
        exchange = await fetch(upstream, provider)
        assert (exchange.response.size, len(exchange.response.body)) == (5_000_000, 1000)


@pytest.mark.parametrize(
    ("given", "needed", "made"),
    [
        ([], False, []),
        ([], True, [(b"Content-Length", b"")]),
        ([(b"A", b"b")], True, [(b"A", b"b"), (b"Content-Length", b"")]),
        ([(b"content-LENGTH", b"9"), (b"A", b"b")], True, [(b"content-LENGTH", b"9"), (b"A", b"b")]),
        ([(b"content-LENGTH", b"9"), (b"A", b"b")], False, [(b"A", b"b")]),
        ([(b"Content-Length", b"9"), (b"Transfer-Encoding", b"x")], True, [(b"Transfer-Encoding", b"x")]),
    ],
)
def test_a_request_states_where_its_body_ends_where_that_is_needed(given, needed, made):
    assert [*_with_length(given, needed=needed)] == made


class Loop:
    def __init__(self):
        self.soon = []

    def call_soon(self, call):
        self.soon.append(call)


@pytest.mark.parametrize(
    ("most", "sizes", "given_up"), [(10, (4, 6), 0), (10, (4, 7), 1), (10, (11, 11), 1), (0, (10**6, 10**6), 0)]
)
def test_an_answer_that_nobody_reads_is_given_up_once_beyond_its_limit(monkeypatch, most, sizes, given_up):
    loop = Loop()
    monkeypatch.setattr(upstream_client, "asyncio", SimpleNamespace(get_running_loop=lambda: loop))
    reader = DiscardingReader(most)
    for size in sizes:
        reader.write(b"x" * size)
    assert len(loop.soon) == given_up
    [call() for call in loop.soon]


def test_a_discarding_reader_shows_how_much_it_still_takes():
    reader = DiscardingReader(10)
    reader.write(b"abc")
    assert (repr(reader), repr(DiscardingReader())) == ("<DiscardingReader left=7>", "<DiscardingReader left=inf>")
