"""proxy.forwarding.live_request: one request, whose connections may be lost at any moment; sent twice only where it may be."""

import asyncio

import pytest

from proxy.exchange import FailureKind
from proxy.forwarding.forward import Forward
from proxy.upstream.upstream_connection import UpstreamConnection
from tests.running import until
from tests.wires import PATIENCE, chunks, client, ok, plane, post, scripted

CHUNKED = b"POST /v1/x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n"


class Closing:
    """A provider that answers one request on its first connection, and resets it `after` so many bytes of the next one's body."""

    def __init__(self, after=0):
        self.served = []
        self.after = after
        self.first = True

    async def script(self, wire):
        if self.first:
            self.first = False
            await wire.request()
            await wire.send(ok(b"first"))
            await wire.head()
            await wire.reader.readexactly(self.after)
            wire.reset()
            return
        while True:
            self.served.append(await wire.request())
            await wire.send(ok(b"again"))


@pytest.mark.parametrize("uploaded", [b"Content-Length: 6", b"Transfer-Encoding: chunked"])
async def test_an_upload_that_is_sent_at_once_goes_out_again_whole_where_its_kept_connection_was_closed(uploaded):
    """As for a body that was awaited: what was sent of it is kept."""
    provider_ = Closing()
    head = b"POST /v1/x HTTP/1.1\r\nHost: p\r\n" + uploaded + b"\r\n\r\n"
    parts = [b"abc", b"def"] if uploaded.startswith(b"C") else [chunks(b"abc"), chunks(b"def") + b"0\r\n\r\n"]
    async with scripted(provider_.script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        await asked.until(b"first")
        await asked.send(head + parts[0])
        await until(lambda: provider.connections == 2)
        await asked.send(parts[1])
        assert (await asked.until(b"again")).startswith(b"HTTP/1.1 200 ")
        await running.kept.next()
        exchange = await running.kept.next()
        assert (exchange.failure, exchange.request.body) == (None, b"abcdef")
    assert len(provider_.served) == 1
    body = provider_.served[0].partition(b"\r\n\r\n")[2]
    assert body == (b"abcdef" if uploaded.startswith(b"C") else chunks(b"abc", b"def") + b"0\r\n\r\n")


@pytest.mark.parametrize("rest", [[chunks(b"def") + b"0\r\n\r\n"], [chunks(b"def"), b"0\r\n\r\n"]], ids=["joined", "alone"])
async def test_an_upload_that_was_whole_before_the_reset_goes_out_again_with_one_end(rest):
    """Bytes behind the end would be a request of their own: the next client of the connection would get its answer."""
    answers = [b"again", b"other"]

    async def script(wire):
        if provider.connections == 1:
            await wire.request()
            await wire.send(ok(b"first"))
            await wire.request()
            wire.reset()
            return
        while True:
            served.append(await wire.request())
            await wire.send(ok(answers[len(served) - 1]))

    served = []
    async with (
        scripted(script) as provider,
        plane(provider.url) as running,
        client(running.port) as asked,
        client(running.port) as other,
    ):
        await asked.send(post(b"{}", close=False))
        await asked.until(b"first")
        # A safe method, which goes out again though all of it was read (RFC 9110 9.2.1).
        await asked.send(CHUNKED.replace(b"POST", b"GET") + chunks(b"abc"))
        await until(lambda: running.stats.in_flight)
        for part in rest:
            await asked.send(part)
        await asked.until(b"again")
        await other.send(post(b'{"n":1}', close=False))
        assert (await other.until(b"other")).startswith(b"HTTP/1.1 200 ")
        assert provider.connections == 2
    repeated, following = served
    assert repeated.partition(b"\r\n\r\n")[2] == chunks(b"abc", b"def") + b"0\r\n\r\n"
    assert following.startswith(b"POST ")


@pytest.mark.parametrize(("size", "again"), [(1_000, True), (1_001, False)])
async def test_an_upload_of_which_more_was_sent_than_is_kept_is_not_sent_again(size, again):
    provider_ = Closing(after=size)
    async with (
        scripted(provider_.script) as provider,
        plane(provider.url, limits={"peek_body": 1_000}) as running,
        client(running.port) as asked,
    ):
        await asked.send(post(b"{}", close=False))
        await asked.until(b"first")
        await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 9000\r\n\r\n")
        await asked.send(b"a" * size)
        if again:
            await until(lambda: provider.connections == 2)
            await asked.send(b"a" * (9_000 - size))
            assert (await asked.until(b"again")).startswith(b"HTTP/1.1 200 ")
        else:
            assert (await asked.until(b"}}")).startswith(b"HTTP/1.1 502 ")
            await running.kept.next()
            assert (await running.kept.next()).failure.kind is FailureKind.STALE
    assert len(provider_.served) == int(again)


async def test_a_request_over_a_connection_that_is_lost_just_as_it_begins_is_sent_once_over_another(monkeypatch):
    begun = UpstreamConnection.begin

    def lost(self, answer, done):
        if self.served == 1:
            self._transport.abort()
        begun(self, answer, done)

    async with scripted(None, ok(b"one"), ok(b"two")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        await asked.until(b"one")
        monkeypatch.setattr(UpstreamConnection, "begin", lost)
        await asked.send(post(b"{}", close=False))
        assert (await asked.until(b"two")).startswith(b"HTTP/1.1 200 ")
        assert (len(provider.requests), provider.connections) == (2, 2)


async def test_a_client_that_leaves_while_a_connection_is_made_ends_its_request_and_the_making(monkeypatch):
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        making, gone = asyncio.Event(), asyncio.Event()

        async def never(_origin):
            making.set()
            try:
                await asyncio.wait_for(asyncio.Event().wait(), PATIENCE)
            finally:
                gone.set()

        monkeypatch.setattr(running.plane._upstream, "open", never)
        async with client(running.port) as asked:
            await asked.send(post(b"{}"))
            await asyncio.wait_for(making.wait(), PATIENCE)
            (connection,) = running.connections
            assert connection.state.name == "CONNECT"
            connection.abort()
            await asyncio.wait_for(gone.wait(), PATIENCE)
        exchange = await running.kept.next()
        assert (exchange.failure.kind, exchange.failure.detail) == (FailureKind.CLIENT_GONE, "it left before an answer began")
        assert running.stats.in_flight == 0


async def test_an_answer_in_the_middle_of_an_upload_ends_its_connection_behind_the_rest_of_the_body():
    async def script(wire):
        await wire.head()
        await wire.send(ok(b"early"))
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(CHUNKED + chunks(b"abc"))
        answer = await asked.until(b"early")
        assert b"\r\nConnection: close\r\n" in answer
        (connection,) = running.connections
        await until(lambda: connection.state.name == "DISCARD")
        await asked.send(chunks(b"def") + b"0\r\n\r\n" + post(b"{}"))
        assert await asked.rest() == b""
        assert (await running.kept.next()).failure is None
        assert running.stats.accepted == 1


async def test_an_upload_whose_framing_breaks_is_refused_and_its_provider_sees_the_connection_end_within_the_body():
    async def script(wire):
        await wire.head()
        begun.set()
        got.append(await wire.reader.read())
        gone.set()

    begun, gone, got = asyncio.Event(), asyncio.Event(), []
    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(CHUNKED + chunks(b"abc"))
        await asyncio.wait_for(begun.wait(), PATIENCE)
        await asked.send(b"no size\r\n")
        assert (await asked.rest()).startswith(b"HTTP/1.1 400 ")
        await asyncio.wait_for(gone.wait(), PATIENCE)
        assert (await running.kept.next()).failure.kind is FailureKind.REFUSED
    assert got == [chunks(b"abc")]


@pytest.mark.slow
async def test_a_fault_in_the_record_of_a_request_leaves_its_client_the_connection(monkeypatch, caplog):
    def faulty(*_arguments):
        raise RuntimeError("a fault of ours")

    async with scripted(None, ok(b"1"), ok(b"2")) as provider, plane(provider.url) as running, client(running.port) as asked:
        with monkeypatch.context() as broken:
            broken.setattr(Forward, "over", faulty)
            await asked.send(post(b"{}", close=False))
            await asked.until(b"\r\n\r\n1")
        await asked.send(post(b"{}"))
        assert (await asked.rest()).endswith(b"\r\n\r\n2")
    assert [record.getMessage() for record in caplog.records] == ["request_failed"]
