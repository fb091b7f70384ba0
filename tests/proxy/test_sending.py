"""proxy.sending: bodies too long to be read before their route is chosen."""

import asyncio
import logging

import pytest

from tests.wires import PATIENCE, chunks, client, ok, plane, scripted

LIMITS = {"peek_body": 1000}


async def test_a_long_body_streams_while_it_comes():
    halfway = asyncio.Event()

    async def script(wire):
        await wire.head()
        first = await asyncio.wait_for(wire.reader.readexactly(5000), PATIENCE)
        halfway.set()
        got.append(first + await asyncio.wait_for(wire.reader.readexactly(5000), PATIENCE))
        await wire.send(ok(b"whole"))

    got = []
    async with scripted(script) as provider, plane(provider.url, limits=LIMITS) as running, client(running.port) as asked:
        await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 10000\r\n\r\n" + b"a" * 5000)
        await asyncio.wait_for(halfway.wait(), PATIENCE)
        await asked.send(b"b" * 5000)
        await asked.until(b"whole")
        assert got == [b"a" * 5000 + b"b" * 5000]
        assert (await running.kept.next()).request.size == 10000


async def test_a_long_chunked_body_ends_with_our_last_chunk():
    async with (
        scripted(None, ok(b"whole")) as provider,
        plane(provider.url, limits=LIMITS) as running,
        client(running.port) as asked,
    ):
        await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n")
        pieces = [bytes([65 + number]) * 700 for number in range(20)]
        for piece in pieces:
            await asked.send(chunks(piece))
        await asked.send(b"0\r\n\r\n")
        await asked.until(b"whole")
        _, _, body = provider.requests[0].partition(b"\r\n\r\n")
        read, rest = b"", body
        while size := int(rest.partition(b"\r\n")[0], 16):
            rest = rest.partition(b"\r\n")[2]
            read, rest = read + rest[:size], rest[size + 2 :]
        assert read == b"".join(pieces)
        assert rest == b"0\r\n\r\n"


async def test_a_model_beyond_the_peek_is_neither_known_nor_renamed():
    body = b'{"messages":"' + b"x" * 400_000 + b'","model":"small"}'
    async with scripted(None, ok(b"whole")) as provider:
        providers = {"candidate": {"base_url": provider.url, "models": {"*": "renamed"}}}
        async with plane(providers=providers, limits=LIMITS) as running, client(running.port) as asked:
            await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await asked.until(b"whole")
            assert provider.requests[0].endswith(body)
            assert (await running.kept.next()).model == ""


@pytest.mark.parametrize("declared", [b"Content-Length: 300000", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("status", [b"401 Unauthorized", b"413 Content Too Large"])
async def test_an_answer_before_the_whole_upload_is_read_by_a_client_that_uploads_first(declared, status, caplog):
    async def script(wire):
        await wire.head()
        await wire.send(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nno")
        await wire.gone()

    piece = b"x" * 100_000 if declared.startswith(b"Content-Length") else chunks(b"x" * 100_000)
    last = b"" if declared.startswith(b"Content-Length") else b"0\r\n\r\n"
    async with scripted(script) as provider, plane(provider.url, limits=LIMITS) as running, client(running.port) as asked:
        await asked.send(b"POST /v1/files HTTP/1.1\r\nHost: p\r\n" + declared + b"\r\n\r\n" + piece)
        assert (await running.kept.next()).response.status == int(status[:3])
        await asked.send(piece)
        await asked.send(piece + last)
        assert await asked.rest() == b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
