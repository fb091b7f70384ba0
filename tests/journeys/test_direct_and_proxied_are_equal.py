"""The same raw request sent directly and through the proxy to one scripted provider: both directions compared byte by byte."""

import asyncio
import gzip
import itertools
import random
import zlib

import brotli
import pytest

from tests.running import PATIENCE
from tests.wires import STREAM_HEAD, chunks, client, ok, plane, scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("transparency.differential")]

BODIES = {
    "nothing": b"",
    "json": '{"model":"m","text":"Ünïcode \\ud83d"}'.encode(),
    "every byte": bytes(range(256)) * 8,
    "multipart": b'--b\r\nContent-Disposition: form-data; name="f"; filename="\xc3\xa9.wav"\r\n\r\n\x00\xff\r\n--b--\r\n',
    "gzip": gzip.compress(b"x" * 5_000, mtime=0),
    "brotli": brotli.compress(b"x" * 5_000),
    "deflate": zlib.compress(b"x" * 5_000),
    "900 kB": random.Random(1).randbytes(900_000),
}
FIELDS = (
    b"X-Odd-CASE: 1",
    b"x-odd-case: 2",
    b"X-Raw: \xff\xfe",
    b"X-Long: " + b"a" * 20_000,
    b"Accept-Encoding: gzip, br",
    b"User-Agent: x",
)
TARGETS = (b"/v1/files/a%2Fb%20c?x=%zz", b"/v1/x?", b"/v1/%E2%82%AC?q=%C3%A9&&=", b"/v1/chat/completions")
METHODS = (b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"PROPFIND")
STATUSES = (b"200 OK", b"201 Created", b"299 Quite \xe9 Fine", b"404 Not Found", b"418", b"429 Slow", b"500 Oh", b"503 Busy")
SSE = b'data: {"choices":[{"delta":{"content":"h\xc3\xa9"}}]}\n\n'
ANSWERS = {
    "length": lambda status: (
        b"HTTP/1.1 " + status + b"\r\nX-A:  1 \r\nSet-Cookie: a\r\nset-cookie: b\r\nContent-Length: 3\r\n\r\nabc"
    ),
    "chunked": lambda status: STREAM_HEAD.replace(b"200 OK", status) + chunks(SSE, SSE) + b"0\r\nX-Trailer: 1\r\n\r\n",
    "early hints": lambda status: (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    ),
}


def request(method: bytes, target: bytes, body: bytes, framing: str, host: int) -> bytes:
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: 127.0.0.1:%d" % host, *FIELDS]
    if framing == "chunked":
        lines.append(b"Transfer-Encoding: chunked")
        body = chunks(*(body[at : at + 70_000] for at in range(0, len(body), 70_000))) + b"0\r\n\r\n"
    elif body or framing == "length":
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join((*lines, b"", body))


async def exchanged(port: int, sent: bytes, length: int) -> bytes:
    async with client(port) as asked:
        await asked.send(sent)
        return await asked.exactly(length)


def unchunked(whole: bytes) -> bytes:
    """The request with its chunks joined: where a chunk ends is the framing's matter, and no part of a message (RFC 9112 7.1)."""
    head, _, body = whole.partition(b"\r\n\r\n")
    if b"Transfer-Encoding: chunked" not in head:
        return whole
    joined = b""
    while not body.startswith(b"0\r\n"):
        size, _, rest = body.partition(b"\r\n")
        joined, body = joined + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return head + b"\r\n\r\n" + joined


async def compared(sent, answer: bytes) -> None:
    async with scripted(None, answer) as provider, plane(provider.url) as running:
        direct = await exchanged(provider.port, sent(provider.port), len(answer))
        through = await exchanged(running.port, sent(provider.port), len(answer))
        assert through == direct == answer
        one, other = map(unchunked, provider.requests)
        assert other == one


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_any_request_body_is_the_same_directly_and_through_the_proxy(body, framing):
    await compared(lambda port: request(b"POST", b"/v1/files", body, framing, port), ok(b"fine"))


@pytest.mark.parametrize(
    ("method", "target"), [*itertools.product(METHODS, TARGETS[:1]), *itertools.product(METHODS[:1], TARGETS[1:])]
)
async def test_any_method_and_target_are_the_same_directly_and_through_the_proxy(method, target):
    await compared(lambda port: request(method, target, b"", "none", port), ok(b"fine"))


@pytest.mark.parametrize("shape", ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("status", STATUSES)
async def test_any_response_is_the_same_directly_and_through_the_proxy(status, shape):
    await compared(lambda port: request(b"POST", b"/v1/chat/completions", b"{}", "length", port), shape(status))


@pytest.mark.parametrize("body", [b"y" * size for size in (0, 1, 65_535, 65_536, 65_537, 3_000_000)], ids=len)
async def test_response_of_any_size_is_the_same_directly_and_through_the_proxy(body):
    await compared(lambda port: request(b"GET", b"/v1/x", b"", "none", port), ok(body, b"Content-Encoding: br"))


@pytest.mark.promise("latency.first_byte")
async def test_each_chunk_of_a_stream_arrives_before_the_next_is_sent():
    read = asyncio.Event()

    async def script(wire):
        await wire.request()
        await wire.send(STREAM_HEAD + chunks(SSE))
        for _ in range(20):
            await asyncio.wait_for(read.wait(), PATIENCE)
            read.clear()
            await wire.send(chunks(SSE))
        await wire.send(b"0\r\n\r\n")

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(request(b"POST", b"/v1/chat/completions", b'{"stream":true}', "length", provider.port))
        await asked.until(b"\r\n\r\n")
        for _ in range(21):
            await asked.exactly(len(chunks(SSE)))
            read.set()
        assert await asked.exactly(5) == b"0\r\n\r\n"


@pytest.mark.promise("transparency.split")
@pytest.mark.parametrize("cut", range(1, len(STREAM_HEAD + chunks(SSE)), 3))
async def test_stream_cut_anywhere_into_two_packets_is_the_same(cut):
    whole = STREAM_HEAD + chunks(SSE) + b"0\r\n\r\n"

    async def script(wire):
        await wire.request()
        await wire.send(whole[:cut])
        await asyncio.sleep(0)
        await wire.send(whole[cut:])
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(request(b"POST", b"/v1/chat/completions", b"{}", "length", provider.port))
        assert await asked.exactly(len(whole)) == whole
