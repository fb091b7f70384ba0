"""The data port: what a hostile or careless client sends, cut anywhere, and what becomes of it.

Each row states what is sent on one connection, which statuses come back, and which requests reach the provider.
Framing that two readers could read differently has its own page, `test_request_smuggling`; both run on both event loops.
"""

import asyncio
import re
from contextlib import suppress
from typing import NamedTuple

import pytest

from tests.running import until
from tests.wires import PATIENCE, chunks, client, final_responses, get, ok, plane, post, scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("framing.nothing_upstream", "framing.pipelined")]

HOST = b"Host: localhost\r\n"
LENGTH = b"POST /v1/a HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = b"POST /v1/b HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
TRAILED = CHUNKED[:-2] + b"X-Evil: 1\r\nContent-Length: 100\r\nHost: evil\r\n\r\n"
EXTENDED = CHUNKED.replace(b"\r\n5\r\n", b'\r\n5;a="GET /v1/evil HTTP/1.1"\r\n')
BARE = b"GET /v1/c HTTP/1.1\r\n" + HOST + b"\r\n"
UPGRADE = b"GET /v1/d HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n"
LAST = get(b"/v1/last")
EVIL = b"GET /v1/evil HTTP/1.1\r\nHost: evil\r\n\r\n"


class Row(NamedTuple):
    """What is sent; the statuses that come back, and the targets that reach the provider."""

    sent: bytes
    statuses: list[int]
    targets: list[bytes]


ROWS = {
    "one of each": Row(LENGTH + CHUNKED + BARE + LAST, [200] * 4, [b"/v1/a", b"/v1/b", b"/v1/c", b"/v1/last"]),
    "trailers that look like a head": Row(TRAILED + LAST, [200, 200], [b"/v1/b", b"/v1/last"]),
    "an upgrade that is left out": Row(UPGRADE + LAST, [200, 200], [b"/v1/d", b"/v1/last"]),
    "the preface of HTTP/2 behind such an upgrade": Row(UPGRADE + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [200, 400], [b"/v1/d"]),
    "a request in a body": Row(
        b"POST /v1/a HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(EVIL) + EVIL + LAST,
        [200, 200],
        [b"/v1/a", b"/v1/last"],
    ),
    "a request in a chunk": Row(CHUNKED.replace(b"5\r\nhello\r\n", chunks(EVIL)) + LAST, [200, 200], [b"/v1/b", b"/v1/last"]),
    "a request in an extension": Row(EXTENDED + LAST, [200, 200], [b"/v1/b", b"/v1/last"]),
    "empty lines before and between requests": Row(b"\r\n\r\n" + BARE + b"\r\n" + LAST, [200, 200], [b"/v1/c", b"/v1/last"]),
    "a length of zeros": Row(LENGTH.replace(b": 5", b": 0005") + LAST, [200, 200], [b"/v1/a", b"/v1/last"]),
    "a body of nothing": Row(LENGTH.replace(b": 5", b": 0")[:-5] + LAST, [200, 200], [b"/v1/a", b"/v1/last"]),
    "chunks of nothing": Row(CHUNKED.replace(b"5\r\nhello\r\n", b"") + LAST, [200, 200], [b"/v1/b", b"/v1/last"]),
    "a broken request behind a whole one": Row(BARE + b"nonsense\r\n\r\n" + EVIL, [200, 400], [b"/v1/c"]),
    "a request behind a broken one": Row(b"nonsense\r\n\r\n" + EVIL, [400], []),
    "a broken chunk behind a whole request": Row(BARE + CHUNKED.replace(b"5\r\n", b"zz\r\n") + EVIL, [200, 400], [b"/v1/c"]),
    "a chunk one byte too long": Row(CHUNKED.replace(b"hello", b"hello!") + EVIL, [400], []),
    "a body one byte too long": Row(LENGTH + b"!" + EVIL, [200, 501], [b"/v1/a"]),
    "the rest of a body read as a request": Row(LENGTH + EVIL.replace(b"Host: evil\r\n", b""), [200, 400], [b"/v1/a"]),
    "a coding that is not understood, and its body": Row(CHUNKED.replace(b"chunked", b"gzip, chunked") + EVIL, [501], []),
    "an expectation that is not understood": Row(LENGTH.replace(b"\r\n\r\n", b"\r\nExpect: gold\r\n\r\n") + EVIL, [417], []),
    "a tunnel and what would go through it": Row(b"CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n" + EVIL, [400], []),
    "another server's request": Row(b"GET http://evil.example/v1/x HTTP/1.1\r\nHost: evil.example\r\n\r\n" + EVIL, [421], []),
    "an old client, and a request behind its own": Row(BARE.replace(b"/1.1", b"/1.0") + EVIL, [200], [b"/v1/c"]),
    "a client that asks for its end, and goes on": Row(LAST + EVIL, [200], [b"/v1/last"]),
    "an old client's chunks": Row(CHUNKED.replace(b"/1.1", b"/1.0") + EVIL, [501], []),
    "a WebSocket that is refused": Row(
        UPGRADE.replace(b"h2c", b"websocket") + LAST, [200, 200], [b"/v1/d", b"/v1/last"]
    ),
    "a health check with a body": Row(LENGTH.replace(b"POST /v1/a", b"GET /healthz") + LAST, [200, 200], [b"/v1/last"]),
}  # fmt: skip


async def came_to(pieces: list[bytes]) -> tuple[list[int], list[bytes]]:
    """The statuses, and the targets that reached the provider, of one connection that sends these pieces and ends its side."""
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        with suppress(ConnectionError):
            for piece in pieces:
                await asked.send(piece)
                await asyncio.sleep(0)
            asked.leave_half()
        try:
            got = await asked.rest()
        except ConnectionError:
            got = asked.read()
        await until(lambda: not running.stats.in_flight)
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", final_responses(got))]
    return statuses, [request.split(b" ", 2)[1] for request in provider.requests]


def parts(sent: bytes, size: int) -> list[bytes]:
    return [sent[at : at + size] for at in range(0, len(sent), size)]


@pytest.mark.parametrize("size", [1, 7, 61, 100_000])
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
async def test_bytes_of_a_client_are_read_the_same_however_they_are_cut(row, size):
    assert await came_to(parts(row.sent, size)) == (row.statuses, row.targets)


@pytest.mark.parametrize("cut", range(1, len(CHUNKED + LAST), 3))
async def test_a_pipeline_cut_at_any_byte_is_answered_whole(cut):
    sent = CHUNKED + LAST
    assert await came_to([sent[:cut], sent[cut:]]) == ([200, 200], [b"/v1/b", b"/v1/last"])


@pytest.mark.parametrize("request_", [LENGTH, CHUNKED, TRAILED], ids=["length", "chunks", "trailers"])
async def test_a_client_that_leaves_in_the_middle_of_its_request_leaves_nothing_that_looks_whole(request_):
    whole = []

    async def script(wire):
        whole.append(await wire.request())

    async with scripted(script) as provider, plane(provider.url) as running:
        for cut in range(1, len(request_), 4):
            async with client(running.port) as asked:
                await asked.send(request_[:cut])
                asked.leave_half()
                with suppress(ConnectionError):
                    await asked.rest()
        await until(lambda: not running.stats.in_flight and not running.connections)
    assert whole == []


async def test_a_body_that_stops_is_given_up_and_its_provider_never_has_it_whole():
    whole = []

    async def script(wire):
        whole.append(await wire.request())

    timeouts = {"idle": 0.3}
    async with scripted(script) as provider, plane(provider.url, timeouts=timeouts) as running, client(running.port) as asked:
        await asked.send(CHUNKED[:-5])
        assert (await asked.until(b"}}")).startswith(b"HTTP/1.1 408 ")
        await asked.send(b"0\r\n\r\n" + EVIL)
        assert await asked.rest() == b""
    assert whole == []


@pytest.mark.parametrize("status", [b"200 OK", b"413 Content Too Large"])
async def test_what_follows_a_body_that_was_answered_early_is_never_read_as_a_request(status):
    async def script(wire):
        provider.requests.append(await wire.head())
        await wire.send(b"HTTP/1.1 " + status + b"\r\nContent-Length: 1\r\n\r\nx")
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(CHUNKED[:-5])
        assert b"\r\nConnection: close\r\n" in await asked.until(b"\r\n\r\nx")
        with suppress(ConnectionError):
            await asked.send(b"0\r\n\r\n" + EVIL)
            assert await asked.rest() == b""
        assert (len(provider.requests), running.stats.accepted) == (1, 1)


async def test_behind_a_switch_to_a_websocket_nothing_is_read_as_a_request():
    switched = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    carried = []

    async def script(wire):
        await wire.head()
        await wire.send(switched)
        carried.append(await asyncio.wait_for(wire.reader.readexactly(2 * len(EVIL)), PATIENCE))
        await wire.send(b"bye")

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(UPGRADE.replace(b"h2c", b"websocket") + EVIL)
        await asked.until(b"\r\n\r\n")
        await asked.send(EVIL)
        assert await asked.rest() == b"bye"
        assert running.stats.accepted == 1
    assert carried == [EVIL * 2]


async def test_a_flood_of_pipelined_requests_waits_in_bounded_memory_and_is_answered_in_order():
    free = asyncio.Event()
    targets = []

    async def script(wire):
        while True:
            request = await wire.request()
            await asyncio.wait_for(free.wait(), PATIENCE)
            targets.append(int(request.split(b" ", 2)[1].rpartition(b"/")[2]))
            await wire.send(ok(b"x"))

    flood = [b"GET /v1/%d HTTP/1.1\r\nHost: localhost\r\nX-Filler: %b\r\n\r\n" % (at, b"x" * 3_000) for at in range(1_000)]
    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        sending = asyncio.create_task(asked.send(b"".join(flood)))
        (connection,) = await until(lambda: running.connections)
        await until(lambda: connection.paused)
        assert len(connection._ahead) <= 64 * 1024 + 256 * 1024
        await until(lambda: provider.connections)
        assert provider.connections == 1
        free.set()
        await sending
        for _ in range(1_000):
            await asked.until(b"\r\n\r\nx")
    assert targets == list(range(1_000))


async def test_a_large_head_that_never_ends_costs_no_more_than_the_limit():
    async with plane("http://127.0.0.1:9/v1", limits={"head": 4_096}) as running, client(running.port) as asked:
        await asked.send(b"GET /v1/x HTTP/1.1\r\nA: " + b"x" * 1_000_000)
        assert (await asked.until(b"}}")).startswith(b"HTTP/1.1 431 ")
        (connection,) = running.connections
        assert (len(connection._begun), len(connection._ahead)) == (0, 0)


async def test_a_refused_client_gets_nothing_of_another_clients_request():
    async with scripted(None, ok(b"secret")) as provider, plane(provider.url) as running:
        async with client(running.port) as hostile, client(running.port) as honest:
            await hostile.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")
            await honest.send(post(b"{}"))
            assert (await hostile.until(b"}}")).startswith(b"HTTP/1.1 400 ")
            assert (await honest.rest()).endswith(b"secret")
        assert len(provider.requests) == 1
