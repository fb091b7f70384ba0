"""proxy.client.upload: bodies too long to be read before their route is chosen."""

import asyncio
import logging
import ssl

import pytest
import trustme

from tests.running import until
from tests.wires import PATIENCE, chunks, client, ok, plane, scripted

LIMITS = {"peek_body": 1000}


def _certified():
    authority, served, trusted = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("localhost").configure_cert(served)
    authority.configure_trust(trusted)
    return served, trusted


def _url(provider, *, secure):
    return provider.url.replace("http://127.0.0.1", "https://localhost") if secure else provider.url


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


async def test_a_model_beyond_what_is_kept_of_a_body_is_neither_known_nor_renamed():
    body = b'{"messages":"' + b"x" * 400_000 + b'","model":"small"}'
    async with scripted(None, ok(b"whole")) as provider:
        providers = {"candidate": {"base_url": provider.url, "models": {"*": "renamed"}}}
        limits = {**LIMITS, "audit_body": 20_000}
        async with plane(providers=providers, limits=limits) as running, client(running.port) as asked:
            await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await asked.until(b"whole")
            assert provider.requests[0].endswith(body)
            assert (await running.kept.next()).labels.model == ""


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("declared", [b"Content-Length: 300000", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("status", [b"401 Unauthorized", b"413 Content Too Large"])
async def test_an_answer_before_the_whole_upload_is_read_by_a_client_that_uploads_first(declared, status, secure, caplog):
    served, trusted = _certified() if secure else (None, None)

    async def script(wire):
        await wire.head()
        await wire.send(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nno")
        await wire.gone()

    piece = b"x" * 100_000 if declared.startswith(b"Content-Length") else chunks(b"x" * 100_000)
    last = b"" if declared.startswith(b"Content-Length") else b"0\r\n\r\n"
    async with (
        scripted(script, ssl=served) as provider,
        plane(_url(provider, secure=secure), limits=LIMITS, tls=trusted) as running,
        client(running.port) as asked,
    ):
        await asked.send(b"POST /v1/files HTTP/1.1\r\nHost: p\r\n" + declared + b"\r\n\r\n" + piece)
        assert (await running.kept.next()).response.status == int(status[:3])
        await asked.send(piece)
        await asked.send(piece + last)
        assert await asked.rest() == b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


ROUTED = {"routes": [{"name": "r", "model": "small", "provider": "candidate"}]}
RENAMED = {"models": {"*": "renamed"}}


def _config(provider, routes=None, **more):
    return {"providers": {"candidate": {"base_url": provider.url, **more}}, **(routes or {})}


@pytest.mark.parametrize("declared", [b"Content-Length: 20", b"Transfer-Encoding: chunked"])
async def test_an_upload_goes_on_at_once_where_there_is_one_provider(declared):
    """As live audio does: each piece is with the provider before the next one is sent, and its head before the first."""
    arrived = asyncio.Queue()

    async def script(wire):
        arrived.put_nowait(await wire.head())
        while piece := await wire.reader.read(1000):
            arrived.put_nowait(piece)
            if piece.endswith((b"5678\xff", b"0\r\n\r\n")):
                await wire.send(ok(b"whole"))

    chunked = declared.startswith(b"T")
    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(b"POST /v1/audio HTTP/1.1\r\nHost: p\r\n" + declared + b"\r\n\r\n")
        assert (await asyncio.wait_for(arrived.get(), PATIENCE)).startswith(b"POST /v1/audio HTTP/1.1\r\n")
        for number in range(4):
            piece = b"%d5678" % number if number < 3 else b"5678\xff"
            piece = chunks(piece) if chunked else piece
            await asked.send(piece)
            assert await asyncio.wait_for(arrived.get(), PATIENCE) == piece
        if chunked:
            await asked.send(b"0\r\n\r\n")
        assert (await asked.until(b"whole")).startswith(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        exchange = await running.kept.next()
        assert (exchange.failure, exchange.request.size) == (None, 20)


async def test_a_refusal_of_the_head_is_with_the_client_before_its_body_is_sent():
    async def script(wire):
        await wire.head()
        await wire.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(b"POST /v1/files HTTP/1.1\r\nHost: p\r\nContent-Length: 90000000\r\n\r\n")
        assert (await asked.until(b"no")).startswith(b"HTTP/1.1 401 Unauthorized\r\n")


@pytest.mark.parametrize(
    ("beginning", "routes", "more", "at_once"),
    [
        (b'{"model":"small",', ROUTED, {}, True),
        (b'{"messages":[],"model":"small"', ROUTED, {}, True),
        (b'{"messages":["', ROUTED, {}, False),
        (b"", ROUTED, {}, False),
        (b"--boundary\r\n", ROUTED, {}, True),
        (b'{"messages":["', {}, RENAMED, False),
        (b'{"model":"small",', {}, RENAMED, True),
        (b'{"messages":["', {"routes": [{"name": "all", "provider": "candidate"}]}, {}, True),
        (b'{"messages":["', {}, {}, True),
    ],
)
async def test_an_upload_waits_only_for_what_its_route_depends_on(beginning, routes, more, at_once):
    seen = asyncio.Event()

    async def script(wire):
        await wire.head()
        seen.set()
        await wire.gone()

    async with scripted(script) as provider, plane(**_config(provider, routes, **more)) as running, client(running.port) as asked:
        await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 500\r\n\r\n" + beginning)
        if at_once:
            await asyncio.wait_for(seen.wait(), PATIENCE)
        else:
            (connection,) = await until(lambda: [one for one in running.connections if one.waiting_since])
            assert not connection.in_progress.answering
            assert provider.connections == 0


async def test_the_record_of_an_upload_that_went_on_at_once_has_its_model():
    body = b'{"messages":[],"stream":true,"model":"small"}'
    async with scripted(None, ok()) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:9])
        await until(lambda: provider.connections)
        await asked.send(body[9:])
        await asked.until(b"{}")
        exchange = await running.kept.next()
        assert (exchange.labels.model, exchange.labels.stream, exchange.request.body) == ("small", True, body)
        assert provider.requests[0].endswith(body)


async def test_behind_a_whole_upload_both_connections_serve_again():
    async with scripted(None, ok(b"one"), ok(b"two")) as provider, plane(provider.url) as running, client(running.port) as asked:
        for answer in (b"one", b"two"):
            await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 4\r\n\r\nab")
            await until(lambda: running.stats.in_flight)
            await asked.send(b"cd")
            assert (await asked.until(answer)).startswith(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")
            await running.kept.next()
        assert provider.connections == 1
