"""A broken answer never looks complete: before its head it is a 502 or 504, after it the client's connection breaks too."""

import asyncio
import json
import socket
import ssl

import pytest
import trustme

from proxy.exchange import FailureKind
from proxy.upstream import connection_pool
from tests.running import until
from tests.wires import PATIENCE, STREAM_HEAD, ask, chunks, client, get, ok, plane, post, scripted

pytestmark = pytest.mark.slow


HEAD = b"HTTP/1.1 200 OK\r\n"
BROKEN = {
    "a stream closed in the middle": (STREAM_HEAD + chunks(b"data: 1\n\n"), "close", FailureKind.CLOSED),
    "a stream closed inside a chunk": (STREAM_HEAD + b"ff\r\ndata: 1\n\n", "close", FailureKind.CLOSED),
    "a stream reset": (STREAM_HEAD + chunks(b"data: 1\n\n"), "reset", FailureKind.RESET),
    "a stream that falls silent": (STREAM_HEAD + chunks(b"data: 1\n\n"), "silence", FailureKind.SILENCE_TIMEOUT),
    "a body closed before its length": (HEAD + b"Content-Length: 99\r\n\r\ndata: 1\n\n", "close", FailureKind.CLOSED),
    "a body reset before its length": (HEAD + b"Content-Length: 99\r\n\r\ndata: 1\n\n", "reset", FailureKind.RESET),
    "a body that falls silent": (HEAD + b"Content-Length: 99\r\n\r\ndata: 1\n\n", "silence", FailureKind.SILENCE_TIMEOUT),
    "a bad chunk size": (STREAM_HEAD + chunks(b"data: 1\n\n") + b"XX\r\n", "wait", FailureKind.MALFORMED),
    "a chunk longer than it says": (STREAM_HEAD + b"9\r\ndata: 1\n\nmore\r\n", "wait", FailureKind.MALFORMED),
    "a chunk size beyond all numbers": (
        STREAM_HEAD + chunks(b"data: 1\n\n") + b"f" * 17 + b"\r\n",
        "wait",
        FailureKind.MALFORMED,
    ),
    "bare line feeds between chunks": (STREAM_HEAD + chunks(b"data: 1\n\n") + b"1\nx\n", "wait", FailureKind.MALFORMED),
    "an endless chunk extension": (STREAM_HEAD + chunks(b"data: 1\n\n") + b"1;" + b"e" * 200_000, "wait", FailureKind.MALFORMED),
    "an endless trailer": (STREAM_HEAD + chunks(b"data: 1\n\n") + b"0\r\nA: " + b"e" * 200_000, "wait", FailureKind.MALFORMED),
    "an answer until its end, reset": (HEAD + b"\r\ndata: 1\n\n", "reset", FailureKind.RESET),
    "an answer until its end, silent": (HEAD + b"\r\ndata: 1\n\n", "silence", FailureKind.SILENCE_TIMEOUT),
}


@pytest.mark.promise("broken.never_whole")
@pytest.mark.parametrize(("sent", "how", "kind"), BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
async def test_an_answer_that_breaks_after_its_head_breaks_for_the_client_too(sent, how, kind, version):
    read = asyncio.Event()

    async def script(wire):
        await wire.request()
        head, _, body = sent.partition(b"\r\n\r\n")
        await wire.send(head + b"\r\n\r\n")
        await wire.send(body)
        if how != "wait":
            await asyncio.wait_for(read.wait(), PATIENCE)
        if how == "reset":
            wire.reset()
        elif how != "close":
            await wire.gone()

    async with (
        scripted(script) as provider,
        plane(provider.url, timeouts={"idle": 0.3 if how == "silence" else 20.0}) as running,
        client(running.port) as asked,
    ):
        await asked.send(post(b"{}").replace(b"HTTP/1.1", version).replace(b"Connection: close\r\n", b""))
        came, reset = await asked.until(b"data: 1\n\n"), False
        assert came.startswith(b"HTTP/1.1 200 OK\r\n")
        read.set()
        try:
            rest = await asked.rest()
        except ConnectionResetError:
            rest, reset = asked.read(), True
        assert not rest.endswith(b"0\r\n\r\n")
        # Where only the connection's end would tell the end of the body, an orderly one would be a lie.
        framed = b"Content-Length" in sent or (b"chunked" in sent and version == b"HTTP/1.1")
        assert reset or framed
        exchange = await running.kept.next()
        assert exchange.failure.kind is kind, exchange.failure
        assert exchange.failure.after_head
        assert exchange.response.body.startswith(b"data: 1\n\n")
        assert running.stats.upstream_open == 0


BAD_HEADS = {
    "nothing at all": (b"", "close", FailureKind.CLOSED, 502),
    "nothing, and a reset": (b"", "reset", FailureKind.RESET, 502),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-", "close", FailureKind.CLOSED, 502),
    "silence": (b"", "silence", FailureKind.SILENCE_TIMEOUT, 504),
    "half a head, then silence": (b"HTTP/1.1 200 OK\r\nA", "silence", FailureKind.SILENCE_TIMEOUT, 504),
    "a length and chunks": (
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "wait",
        FailureKind.MALFORMED,
        502,
    ),
    "two lengths": (HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "wait", FailureKind.MALFORMED, 502),
    "two equal lengths": (HEAD + b"Content-Length: 3, 3\r\n\r\nabc", "wait", FailureKind.MALFORMED, 502),
    "a negative length": (HEAD + b"Content-Length: -1\r\n\r\n", "wait", FailureKind.MALFORMED, 502),
    "a signed length": (HEAD + b"Content-Length: +3\r\n\r\nabc", "wait", FailureKind.MALFORMED, 502),
    "an unknown coding": (HEAD + b"Transfer-Encoding: gzip\r\n\r\nabc", "close", FailureKind.MALFORMED, 502),
    "chunked but not last": (HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "wait", FailureKind.MALFORMED, 502),
    "chunks in HTTP/1.0": (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "wait", FailureKind.MALFORMED, 502),
    "a space before the colon": (HEAD + b"Content-Length : 0\r\n\r\n", "wait", FailureKind.MALFORMED, 502),
    "a folded field": (HEAD + b"A: b\r\n c\r\nContent-Length: 0\r\n\r\n", "wait", FailureKind.MALFORMED, 502),
    "a bare line feed in a field": (HEAD + b"A: b\nB: c\r\nContent-Length: 0\r\n\r\n", "wait", FailureKind.MALFORMED, 502),
    "a zero byte in a field": (HEAD + b"A: b\0c\r\nContent-Length: 0\r\n\r\n", "wait", FailureKind.MALFORMED, 502),
    "another protocol": (b"SSH-2.0-OpenSSH\r\n", "wait", FailureKind.MALFORMED, 502),
    "HTTP/2": (b"HTTP/2 200 OK\r\n\r\n", "wait", FailureKind.MALFORMED, 502),
    "a bad status": (b"HTTP/1.1 20 OK\r\n\r\n", "wait", FailureKind.MALFORMED, 502),
    "a switch of protocols": (
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "wait",
        FailureKind.MALFORMED,
        502,
    ),
    "an endless head": (HEAD + b"A: b\r\n" * 20_000, "wait", FailureKind.TOO_LARGE, 502),
    "an endless line": (b"HTTP/1.1 200 " + b"x" * 100_000, "wait", FailureKind.TOO_LARGE, 502),
    "endless interim heads": (b"HTTP/1.1 102 Processing\r\n\r\n" * 4_000, "wait", FailureKind.TOO_LARGE, 502),
}


@pytest.mark.promise("hang.named")
@pytest.mark.parametrize(("sent", "how", "kind", "status"), BAD_HEADS.values(), ids=BAD_HEADS.keys())
async def test_an_answer_that_breaks_before_its_head_is_an_error_that_names_provider_and_cause(sent, how, kind, status):
    async def script(wire):
        await wire.request()
        await wire.send(sent)
        if how == "reset":
            wire.reset()
        elif how != "close":
            await wire.gone()

    async with (
        scripted(script) as provider,
        plane(provider.url, timeouts={"idle": 0.3 if how == "silence" else 20.0}) as running,
    ):
        answer = await ask(running.port, post(b"{}"))
        while answer.startswith(b"HTTP/1.1 102"):
            answer = answer.partition(b"\r\n\r\n")[2]
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status), answer
        assert b"\r\nContent-Type: application/json\r\n" in head
        error = json.loads(body)["error"]
        assert error.keys() == {"message", "type", "code"}
        assert "'candidate'" in error["message"]
        assert error["code"] == f"upstream_{kind}"
        assert "127.0.0.1" not in error["message"]
        assert str(provider.port) not in error["message"]
        exchange = await running.kept.next()
        assert exchange.failure.kind is kind
        assert not exchange.failure.after_head
        assert exchange.response is None
        assert (running.stats.refused, provider.connections) == (1, 1)


@pytest.mark.promise("once.post")
async def test_post_is_sent_once_whatever_the_provider_does():
    requests = []

    async def script(wire):
        requests.append(await wire.request())
        if len(requests) == 1:
            await wire.send(ok())
            requests.append(await wire.request())

    async with scripted(script) as provider, plane(provider.url) as running:
        assert (await ask(running.port, post(b'{"n":1}'))).startswith(b"HTTP/1.1 200")
        # The second goes out on the connection of the first, which closes without an answer: it may have been worked on.
        answer = await ask(running.port, post(b'{"n":2}'))
        assert answer.startswith(b"HTTP/1.1 502")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "upstream_stale"
        assert len(requests) == 2
        assert provider.connections == 1
        assert (await running.kept.next()).failure is None
        assert (await running.kept.next()).failure.kind is FailureKind.STALE


@pytest.mark.promise("once.stale")
@pytest.mark.parametrize("pause", [0.0, 0.001, 0.01])
async def test_provider_that_closes_unannounced_after_each_stream_costs_no_request(pause, monkeypatch):
    monkeypatch.setattr(connection_pool, "_REST", 20.0)  # so that the pause is within it, however late this process is run

    async def script(wire):
        await wire.request()
        await wire.send(STREAM_HEAD + chunks(b"data: 1\n\n", b"data: [DONE]\n\n") + b"0\r\n\r\n")
        await asyncio.sleep(pause)

    async def several():
        return [await ask(running.port, post(b'{"stream":true}')) for _ in range(25)]

    async with scripted(script) as provider, plane(provider.url) as running:
        answers = [answer for them in await asyncio.gather(*(several() for _ in range(4))) for answer in them]
        assert {answer[:15] for answer in answers} == {b"HTTP/1.1 200 OK"}
        assert [(await running.kept.next()).failure for _ in answers] == [None] * 100


@pytest.mark.promise("once.stale")
async def test_provider_that_closes_unannounced_after_each_response_is_learned_and_counts_no_failure(monkeypatch):
    monkeypatch.setattr(connection_pool, "_REST", 20.0)

    async def script(wire):
        await wire.request()
        await wire.send(ok())
        await asyncio.sleep(0.002)

    async with scripted(script) as provider, plane(provider.url) as running:
        answers = [await ask(running.port, post(b"{}")) for _ in range(60)]
        assert sum(answer.startswith(b"HTTP/1.1 200") for answer in answers) >= 58
        kinds = {failure.kind for _ in answers if (failure := (await running.kept.next()).failure)}
        assert kinds <= {FailureKind.STALE}


@pytest.mark.promise("once.stale")
async def test_a_connection_that_the_provider_has_closed_costs_no_request():
    closed = asyncio.Event()

    async def script(wire):
        await wire.request()
        await wire.send(ok())
        wire.writer.close()
        closed.set()

    async with scripted(script) as provider, plane(provider.url) as running:
        for _ in range(5):
            assert (await ask(running.port, post(b"{}"))).startswith(b"HTTP/1.1 200")
        assert provider.connections == 5


@pytest.mark.promise("framing.unasked")
async def test_unsolicited_response_is_discarded():
    async def script(wire):
        await wire.request()
        await wire.send(ok(b"first") + ok(b"smuggled"))
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running:
        for _ in range(2):
            answer = await ask(running.port, get())
            assert answer.endswith(b"\r\n\r\nfirst")
        assert provider.connections == 2


@pytest.mark.promise("hang.named")
async def test_unreachable_provider_is_named():
    with socket.socket() as bound:  # a port that is bound and does not listen refuses, and no other process can take it
        bound.bind(("127.0.0.1", 0))
        async with plane(f"http://127.0.0.1:{bound.getsockname()[1]}/v1") as running:
            answer = await ask(running.port, post(b"{}", b"Authorization: Bearer sk-secret"))
            assert answer.startswith(b"HTTP/1.1 502 ")
            assert b"provider 'candidate': it cannot be reached (connection refused)" in answer
            assert b"secret" not in answer
            assert (await running.kept.next()).failure.kind is FailureKind.CONNECT


@pytest.mark.promise("hang.named")
async def test_unresolvable_name_is_reported_as_such():
    async with plane("http://no-such-host.invalid/v1") as running:
        answer = await ask(running.port, post(b"{}"))
        assert answer.startswith(b"HTTP/1.1 502 ")
        assert b"its name cannot be resolved" in answer
        assert (await running.kept.next()).failure.kind is FailureKind.DNS


@pytest.mark.promise("tls.checked")
@pytest.mark.parametrize(
    ("trusted", "name", "status"), [(True, "127.0.0.1", b"200"), (False, "127.0.0.1", b"502"), (True, "other.example", b"502")]
)
async def test_a_certificate_is_checked_with_its_name(trusted, name, status):
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(name).configure_cert(theirs)
    if trusted:
        authority.configure_trust(ours)
    async with (
        scripted(None, STREAM_HEAD + chunks(b"data: 1\n\n") + b"0\r\n\r\n", ssl=theirs) as provider,
        plane(provider.url.replace("http:", "https:"), tls=ours) as running,
    ):
        answer = await ask(running.port, post(b"{}"))
        assert answer.startswith(b"HTTP/1.1 " + status), answer
        exchange = await running.kept.next()
        if status == b"502":
            assert exchange.failure.kind is FailureKind.TLS
            assert b"certificate was refused" in answer
        else:
            assert answer.endswith(chunks(b"data: 1\n\n") + b"0\r\n\r\n")


@pytest.mark.promise("tls.checked")
async def test_plain_text_in_place_of_tls_is_reported_as_such():
    async def script(wire):
        await wire.reader.readexactly(1)
        await wire.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with scripted(script) as provider, plane(provider.url.replace("http:", "https:")) as running:
        answer = await ask(running.port, post(b"{}"))
        assert b"no secure connection to it can be made" in answer
        assert (await running.kept.next()).failure.kind is FailureKind.TLS


@pytest.mark.promise("hang.connect")
async def test_unfinished_tls_handshake_times_out():
    async with (
        scripted(None, ok()) as provider,
        plane(provider.url.replace("http:", "https:"), timeouts={"connect": 0.3}) as running,
    ):
        assert (await ask(running.port, post(b"{}"))).startswith(b"HTTP/1.1 504 ")
        assert (await running.kept.next()).failure.kind is FailureKind.CONNECT_TIMEOUT


@pytest.mark.promise("once.refused_early")
async def test_a_provider_may_refuse_an_upload_before_its_end():
    async def script(wire):
        await wire.head()
        await wire.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nstop")
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(b"POST /v1/files HTTP/1.1\r\nHost: p\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 2_000_000)
        assert await asked.until(b"stop") == b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nstop"
        assert (await running.kept.next()).failure is None


@pytest.mark.promise("once.half_upload")
@pytest.mark.parametrize("head_sent", [True, False])
async def test_an_upload_whose_framing_breaks_never_looks_complete_to_the_provider(head_sent):
    seen = []

    async def script(wire):
        await wire.head()
        try:
            while data := await asyncio.wait_for(wire.reader.read(65536), PATIENCE):
                seen.append(data)
        except ConnectionError:
            pass

    body = chunks(*[b"x" * 100_000] * 15) if head_sent else chunks(b"abc")
    async with scripted(script) as provider, plane(provider.url) as running:
        request = b"POST /v1/x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n" + body
        async with client(running.port) as asked:
            await asked.send(request)
            await until(lambda: running.stats.upstream_open if head_sent else running.stats.in_flight)
            await asked.send(b"ZZ\r\n")
            answer = await asked.rest()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1") == 1
        assert not b"".join(seen).endswith(b"0\r\n\r\n")
        assert (await running.kept.next()).failure.kind is FailureKind.REFUSED


@pytest.mark.promise("broken.never_whole")
@pytest.mark.parametrize("how", ["close", "reset", "silence"])
async def test_stream_cut_after_its_last_event_is_a_complete_answer_with_broken_framing(how):
    """What the client gets is what came, without a last chunk made up; what is recorded is a whole answer."""
    stream = chunks(b"data: 1\n\n", b"data: [DONE]\n\n")

    async def script(wire):
        await wire.request()
        await wire.send(STREAM_HEAD + stream)
        if how == "reset":
            await asyncio.wait_for(read.wait(), PATIENCE)
            wire.reset()
        elif how == "silence":
            await wire.gone()

    read = asyncio.Event()
    async with (
        scripted(script) as provider,
        plane(provider.url, timeouts={"idle": 0.3 if how == "silence" else 20.0}) as running,
        client(running.port) as asked,
    ):
        await asked.send(post(b"{}"))
        assert (await asked.until(b"[DONE]\n\n\r\n")).endswith(stream)
        read.set()
        assert await asked.rest() == b""
        assert (await running.kept.next()).failure is None
