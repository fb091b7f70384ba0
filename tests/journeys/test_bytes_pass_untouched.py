"""What goes in comes out: targets, fields, bodies and streams, compared with the bytes of a direct connection."""

import asyncio
import gzip
import json
import resource

import pytest

from tests.wires import PATIENCE, STREAM_HEAD, ask, chunks, client, get, ok, plane, post, scripted

pytestmark = pytest.mark.slow


SSE = b'data: {"choices":[{"delta":{"content":"h\xc3\xa9"}}]}\n\n'
ANSWERS = {
    "a short body": ok(b'{"object":"list"}', b"Content-Type: application/json"),
    "an empty body": ok(b""),
    "fields in odd cases, repeated, and not UTF-8": ok(
        b"x", b"X-One: 1", b"x-one: 2", b"SET-COOKIE: a=b", b"set-cookie: c=d", b"X-Raw: \xff\xfe"
    ),
    "fields with odd spacing": ok(b"x", b"X-Tight:1", b"X-Wide:   2  "),
    "a gzip body": ok(gzip.compress(b"hello" * 100, mtime=0), b"Content-Encoding: gzip"),
    "a body that says gzip and is not": ok(b"not gzip at all", b"Content-Encoding: gzip"),
    "a status without a reason": b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx",
    "a status of its own": b"HTTP/1.1 299 Quite \xe9 Fine\r\nContent-Length: 1\r\n\r\nx",
    "a provider's own error": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}",
    "a provider's server error": b"HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nbad",
    "a redirect": b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n",
    "not modified": b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 12\r\n\r\n',
    "a stream": STREAM_HEAD + chunks(SSE, b": ping\r\n\r\n", b"data: [DONE]\r\r") + b"0\r\n\r\n",
    "a stream with extensions and trailers": STREAM_HEAD + b"3;a=b\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n",
    "a stream of single bytes": STREAM_HEAD + chunks(*[bytes([value]) for value in range(256)]) + b"0\r\n\r\n",
    "an empty stream": STREAM_HEAD + b"0\r\n\r\n",
    "an early hint before it": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok(b"x"),
}


@pytest.mark.promise("transparency.answer")
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("step", [1, 7, 100_000], ids=["byte by byte", "in sevens", "at once"])
async def test_response_reaches_the_client_byte_for_byte(answer, step):
    async def script(wire):
        await wire.request()
        for start in range(0, len(answer), step):
            await wire.send(answer[start : start + step])
            await asyncio.sleep(0)
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(post(b"{}", close=False))
            assert await asked.exactly(len(answer)) == answer
        exchange = await running.kept.next()
        assert exchange.failure is None


@pytest.mark.promise("transparency.answer")
async def test_response_delimited_by_close_closes_the_client_connection():
    async def script(wire):
        await wire.request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await wire.send(b"data: 2\n\n")

    async with scripted(script) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(post(b"{}", close=False))
            head, _, body = (await asked.rest()).partition(b"\r\n\r\n")
        assert head == b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close"
        assert body == b"data: 1\n\ndata: 2\n\n"
        assert (await running.kept.next()).failure is None


@pytest.mark.promise("transparency.target")
@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (b"/v1/models", b"/v1/models"),
        (b"/v1/models?", b"/v1/models?"),
        (b"/v1/files/a%2Fb%20c?x=%zz&y=+&&=", b"/v1/files/a%2Fb%20c?x=%zz&y=+&&="),
        (b"/v1//x/../y/./", b"/v1//x/../y/./"),
        (b"//double", b"//double"),
        (b"/%E2%82%AC?q=%C3%A9", b"/%E2%82%AC?q=%C3%A9"),
        (b"/", b"/"),
        (b"/?a=/v1/b?c", b"/?a=/v1/b?c"),
        (b"/v1/a;b=c:d@e!$'()*,[]|", b"/v1/a;b=c:d@e!$'()*,[]|"),
        (b"/health", b"/health"),
        (b"/metrics", b"/metrics"),
    ],
)
async def test_request_target_is_forwarded_unchanged(asked, sent):
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        answer = await ask(running.port, get(asked))
        assert answer.startswith(b"HTTP/1.1 200 OK"), answer
        assert provider.requests[0].split(b" ")[1] == sent


@pytest.mark.promise("transparency.target")
@pytest.mark.parametrize("method", [b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"HEAD", b"PROPFIND", b"TRACE"])
async def test_any_method_is_forwarded(method):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + (b"" if method == b"HEAD" else b"hello")
    async with scripted(None, answer) as provider, plane(provider.url) as running:
        answered = await ask(running.port, get(b"/v1/x", method=method))
        assert answered == answer.replace(b"5\r\n\r\n", b"5\r\nConnection: close\r\n\r\n")
        assert provider.requests[0].startswith(method + b" /v1/x HTTP/1.1\r\n")


@pytest.mark.promise("transparency.fields", "framing.hop")
async def test_fields_keep_order_case_and_repetition_without_hop_by_hop_ones():
    fields = (
        b"accept: */*",
        b"X-B: 1",
        b"x-a: 2",
        b"X-B: \xe9\xff",
        b"Authorization: Bearer k",
        b"TE: trailers",
        b"X-Hop: 1",
        b"Cookie: a=b",
    )
    request = b"\r\n".join(
        (b"GET /v1/x HTTP/1.1", b"hOsT: proxy", *fields, b"connection: X-Hop, close", b"Upgrade: h2c", b"", b"")
    )
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        await ask(running.port, request)
        kept = (b"accept: */*", b"X-B: 1", b"x-a: 2", b"X-B: \xe9\xff", b"Authorization: Bearer k", b"Cookie: a=b")
        host = b"Host: 127.0.0.1:%d" % provider.port
        assert provider.requests[0] == b"\r\n".join((b"GET /v1/x HTTP/1.1", host, *kept, b"", b""))


@pytest.mark.promise("transparency.body")
async def test_request_body_and_its_framing_are_forwarded_unchanged():
    body = bytes(range(256)) * 10
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        await ask(running.port, post(body))
        assert provider.requests[0].endswith(b"\r\nContent-Length: 2560\r\n\r\n" + body)
        head = b"POST /v1/files HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        await ask(running.port, head + chunks(b"abc", b"defg") + b"0\r\nX-T: 1\r\n\r\n")
        sent_head, _, sent = provider.requests[1].partition(b"\r\n\r\n")
        assert b"\r\nTransfer-Encoding: chunked" in sent_head
        assert sent == chunks(b"abcdefg") + b"0\r\n\r\n"
        for _ in range(2):
            assert (await running.kept.next()).failure is None


@pytest.mark.promise("transparency.rename")
async def test_model_is_renamed_in_place_and_nothing_else_changes():
    providers = {"candidate": {"base_url": "", "models": {"small": 'other/"small"'}}}
    body = b'{ "messages": [ {"role":"user","model":"small"} ],\n\t"model" :  "sm\\u0061ll" , "x": 1.0e5, "stream":true}'
    renamed = body.replace(b'"sm\\u0061ll"', json.dumps('other/"small"').encode())
    async with scripted(None, ok()) as provider:
        providers["candidate"]["base_url"] = provider.url
        async with plane(providers=providers) as running:
            await ask(running.port, post(body))
            assert provider.requests[0].endswith(b"\r\nContent-Length: %d\r\n\r\n" % len(renamed) + renamed)
            exchange = await running.kept.next()
            assert (exchange.labels.model, exchange.labels.stream, exchange.request.body) == ("small", True, body)


@pytest.mark.promise("transparency.body")
@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"\xff\xfe{", b"[" * 100_000, b'{"a":' * 100_000, b'{"model":"\\ud800"}', b'{"model":7}', b"\0" * 10],
)
async def test_body_that_is_not_json_is_forwarded_unchanged(body):
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        assert (await ask(running.port, post(body))).startswith(b"HTTP/1.1 200")
        assert provider.requests[0].endswith(b"\r\n\r\n" + body)


@pytest.mark.promise("memory.bodies")
async def test_hundred_megabytes_pass_both_ways_in_bounded_memory():
    piece, count = b"x" * 2**20, 100
    size = len(piece) * count

    async def script(wire):
        await wire.head()
        for _ in range(count):
            await asyncio.wait_for(wire.reader.readexactly(len(piece)), PATIENCE)
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(count):
            await wire.send(piece)
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await asked.send(b"POST /v1/files HTTP/1.1\r\nHost: p\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(count):
            await asked.send(piece)
        await asked.until(b"\r\n\r\n")
        for _ in range(count):
            assert await asked.exactly(len(piece)) == piece
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        exchange = await running.kept.next()
    assert grown < 48 * 1024, "kilobytes, the test's own buffers included"
    assert (exchange.request.size, exchange.response.size) == (size, size)
    assert exchange.request.truncated
    assert exchange.response.truncated
    assert len(exchange.request.body) == len(exchange.response.body) == 2**20


@pytest.mark.promise("transparency.old")
async def test_http_1_0_client_gets_an_unchunked_stream_and_a_closed_connection():
    async with (
        scripted(None, STREAM_HEAD + chunks(b"data: 1\n\n", b"data: 2\n\n") + b"0\r\n\r\n") as provider,
        plane(provider.url) as running,
    ):
        answer = await ask(running.port, b"GET /v1/x HTTP/1.0\r\n\r\n")
        assert answer == b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: 1\n\ndata: 2\n\n"


@pytest.mark.promise("latency.first_byte")
async def test_stream_is_forwarded_chunk_by_chunk_on_arrival():
    heard = asyncio.Event()

    async def script(wire):
        await wire.request()
        await wire.send(STREAM_HEAD)
        for number in range(3):
            await wire.send(chunks(b"data: %d\n\n" % number))
            await asyncio.wait_for(heard.wait(), PATIENCE)
            heard.clear()
        await wire.send(b"0\r\n\r\n")
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        await asked.until(b"\r\n\r\n")
        for number in range(3):
            assert await asked.until(b"\n\n\r\n") == chunks(b"data: %d\n\n" % number)
            heard.set()
        assert await asked.until(b"\r\n\r\n") == b"0\r\n\r\n"
        exchange = await running.kept.next()
        assert [mark.end for mark in exchange.response.marks] == [9, 18, 27]


@pytest.mark.promise("framing.pipelined")
async def test_many_requests_on_one_connection_each_get_their_own_answer():
    answers = [ok(b"%d" % number) for number in range(20)]
    async with scripted(None, *answers) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(b"".join(get(b"/v1/%d" % number).replace(b"Connection: close\r\n", b"") for number in range(20)))
        assert await asked.exactly(len(b"".join(answers))) == b"".join(answers)
        assert provider.connections == 1


@pytest.mark.promise("hang.continue")
async def test_expect_100_continue_is_answered():
    async with scripted(None, ok()) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert await asked.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await asked.send(b"{}")
        assert (await asked.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
        assert b"expect" not in provider.requests[0].lower()


@pytest.mark.promise("memory.head")
async def test_head_at_the_limit_passes_and_a_larger_one_is_refused():
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        assert (await ask(running.port, get(b"/v1/x", b"Cookie: " + b"c" * 30_000))).startswith(b"HTTP/1.1 200")
        for head in (
            get(b"/v1/x", b"Cookie: " + b"c" * 70_000),
            get(b"/v1/x", *[b"X-%d: y" % n for n in range(9_000)]),
            get(b"/" + b"x" * 70_000),
        ):
            answer = await ask(running.port, head)
            assert answer.startswith(b"HTTP/1.1 431 "), answer[:200]
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "head_too_large"
        assert len(provider.requests) == 1


@pytest.mark.promise("framing.refused")
async def test_target_with_non_ascii_bytes_is_refused():
    async with plane("http://127.0.0.1:9/v1") as running:
        assert (await ask(running.port, get(b"/v1/\xc3\xa9"))).startswith(b"HTTP/1.1 400 ")
