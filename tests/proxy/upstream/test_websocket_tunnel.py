"""proxy.upstream.websocket_tunnel: WebSockets byte for byte both ways, counted, bounded, and every other upgrade left out."""

import asyncio
import json
import os
import socket
import ssl
import struct
from contextlib import suppress

import pytest
import trustme

from proxy.client import client_connection
from proxy.client.client_state import ClientState
from proxy.client.read_pauses import PauseReason
from proxy.exchange import FailureKind
from proxy.packing import pack
from tests.running import until
from tests.wires import PATIENCE, ask, client, get, ok, plane, post, scripted

pytestmark = pytest.mark.slow


UPGRADE = (b"Upgrade: websocket", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Version: 13")
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def opening(*fields, target=b"/v1/realtime?model=m", connection=b"Upgrade", upgrade=UPGRADE, method=b"GET", version=b"1.1"):
    line = method + b" " + target + b" HTTP/" + version
    return b"\r\n".join((line, b"Host: localhost", *upgrade, *fields, b"Connection: " + connection, b"", b""))


def switching(*, first=b"", then=None):
    """A provider that takes any upgrade, sends `first` with its head, then plays `then`, or sends back what it gets."""

    async def script(wire):
        wire.provider_head = await wire.head()
        await wire.send(SWITCHED + first)
        if then is not None:
            await then(wire)
            return
        while data := await wire.reader.read(65536):
            await wire.send(data)

    return script


async def test_a_websocket_carries_both_directions_byte_for_byte_and_its_handshake_unchanged():
    seen = []

    async def then(wire):
        seen.append(wire.provider_head)
        seen.append(await wire.reader.readexactly(256))
        await wire.send(bytes(range(255, -1, -1)))

    async with scripted(switching(then=then)) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(opening(b"Authorization: Bearer k", b"Sec-WebSocket-Protocol: realtime"))
        assert sorted((await asked.until(b"\r\n\r\n")).split(b"\r\n")) == sorted(SWITCHED.split(b"\r\n"))
        await asked.send(bytes(range(256)))
        assert await asked.rest() == bytes(range(255, -1, -1))
        head = seen[0].split(b"\r\n")
        assert head[0] == b"GET /v1/realtime?model=m HTTP/1.1"
        assert {*UPGRADE, b"Connection: Upgrade", b"Authorization: Bearer k", b"Sec-WebSocket-Protocol: realtime"} <= {*head}
        assert seen[1] == bytes(range(256))
        exchange = await running.kept.next()
        assert (exchange.failure, exchange.response.status, exchange.labels.model) == (None, 101, "m")
        assert (exchange.request.size, exchange.response.size) == (256, 256)
        assert (exchange.request.body, exchange.response.body) == (b"", b"")
        assert exchange.response.head_seconds <= exchange.response.marks[0].seconds <= exchange.seconds
        assert exchange.response.marks[-1].end == 256


async def test_bytes_that_come_with_the_handshake_on_either_side_are_not_lost():
    async with scripted(switching(first=b"hello")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(opening() + b"early")
        assert (await asked.until(b"helloearly")).startswith(b"HTTP/1.1 101 ")


async def test_more_than_any_buffer_passes_whole_both_ways():
    sent = os.urandom(8_000_000)
    async with scripted(switching()) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(opening())
        await asked.until(b"\r\n\r\n")
        _, got = await asyncio.gather(asked.send(sent), asked.exactly(len(sent)))
        assert got == sent


async def test_a_client_that_does_not_read_holds_its_provider_and_no_memory():
    sending = asyncio.Event()

    async def then(wire):
        for _ in range(400):
            await wire.send(b"x" * 65536)
        sending.set()

    limits = {"write_buffer": 65536}
    script = switching(then=then)
    async with scripted(script) as provider, plane(provider.url, limits=limits) as running, client(running.port) as asked:
        await asked.send(opening())
        await asked.until(b"\r\n\r\n")
        assert not sending.is_set()
        got = await asked.exactly(400 * 65536)
        assert got == b"x" * len(got)


async def test_a_provider_that_reads_late_gets_all_of_it():
    reading, got, wires = asyncio.Event(), bytearray(), []

    async def then(wire):
        wires.append(wire)
        await reading.wait()
        while len(got) < 20_000_000:
            got.extend(await wire.reader.read(65536))
        await wire.send(b"all")

    async with scripted(switching(then=then)) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(opening())
        await asked.until(b"\r\n\r\n")
        sending = asyncio.create_task(asked.send(b"y" * 20_000_000))
        await until(lambda: wires[0].reader._paused)
        reading.set()
        assert await asked.until(b"all") == b"all"
        await sending


async def test_a_client_that_ends_its_side_still_gets_what_comes():
    async def then(wire):
        await wire.gone()
        await wire.send(b"goodbye")

    async with scripted(switching(then=then)) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(opening())
        await asked.until(b"\r\n\r\n")
        asked.leave_half()
        assert await asked.rest() == b"goodbye"
        assert (await running.kept.next()).failure is None


async def test_a_client_that_is_gone_ends_the_providers_connection():
    gone = asyncio.Event()

    async def then(wire):
        await wire.gone()
        gone.set()

    async with scripted(switching(then=then)) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(opening())
            await asked.until(b"\r\n\r\n")
        await asyncio.wait_for(gone.wait(), PATIENCE)
        assert (await running.kept.next()).response.status == 101


async def test_a_provider_that_resets_is_a_failure_and_an_end_without_pretence():
    async def then(wire):
        wire.reset()

    async with scripted(switching(first=b"half", then=then)) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(opening())
            assert (await asked.rest()).startswith(b"HTTP/1.1 101 ")
        assert (await running.kept.next()).failure.kind is FailureKind.RESET


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"not here", b"Content-Type: text/plain"),
        b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 3\r\n\r\nh2?",
        b"HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nkey\r\n0\r\n\r\n",
    ],
)
async def test_a_provider_without_upgrades_answers_in_its_own_words_and_the_connection_goes_on(answer):
    async with scripted(None, answer, ok(b"next")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(opening() + get())
        assert await asked.rest() == answer + ok(b"next").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        assert b"\r\nUpgrade: websocket\r\n" in provider.requests[0]


SWITCHES = {
    "to something else": SWITCHED.replace(b"Upgrade: websocket", b"Upgrade: h2c"),
    "to nothing": SWITCHED.replace(b"Upgrade: websocket\r\n", b""),
    "to two": SWITCHED.replace(b"Upgrade: websocket\r\n", b"Upgrade: websocket\r\nUpgrade: h2c\r\n"),
}


@pytest.mark.parametrize("answer", SWITCHES.values(), ids=SWITCHES)
async def test_unrequested_protocol_switch_is_a_502(answer):
    async with scripted(None, answer) as provider, plane(provider.url) as running:
        assert (await ask(running.port, opening(connection=b"Upgrade, close"))).startswith(b"HTTP/1.1 502 ")
        assert (await running.kept.next()).failure.kind is FailureKind.MALFORMED


async def test_a_switch_without_any_upgrade_is_a_502():
    async with scripted(None, SWITCHED) as provider, plane(provider.url) as running:
        assert (await ask(running.port, get())).startswith(b"HTTP/1.1 502 ")


NO_WEBSOCKET = {
    "h2c": opening(upgrade=(b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__")),
    "websocket among others": opening(upgrade=(b"Upgrade: websocket, h2c",)),
    "two upgrade fields": opening(b"Upgrade: h2c"),
    "another protocol": opening(upgrade=(b"Upgrade: TLS/1.3",)),
    "an upgrade that Connection does not name": opening(connection=b"keep-alive"),
    "a POST": opening(b"Content-Length: 0", method=b"POST"),
    "a body": opening(b"Content-Length: 3") + b"abc",
}


@pytest.mark.parametrize("request_", NO_WEBSOCKET.values(), ids=NO_WEBSOCKET)
async def test_any_other_upgrade_is_left_out_of_the_request(request_):
    async with scripted(None, ok(b"plain")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(request_)
        assert (await asked.until(b"plain")).startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\nupgrade" not in provider.requests[0].lower()


async def test_an_old_client_cannot_upgrade():
    async with scripted(None, ok(b"plain")) as provider, plane(provider.url) as running:
        assert (await ask(running.port, opening(version=b"1.0"))).endswith(b"plain")
        assert b"\r\nupgrade" not in provider.requests[0].lower()


async def test_the_model_of_the_query_chooses_the_route_and_is_renamed():
    async with scripted(None, ok(b"here")) as provider:
        providers = {
            "candidate": {"base_url": "http://127.0.0.1:1/v1"},
            "voice": {"base_url": provider.url, "models": {"gpt-realtime": "vendor/voice 1"}},
        }
        routes = [{"name": "v", "model": "gpt-*", "provider": "voice"}]
        async with plane(providers=providers, routes=routes) as running:
            await ask(
                running.port, opening(target=b"/v1/realtime?a=model=x&model=gpt%2Drealtime&b=1", connection=b"Upgrade, close")
            )
            assert provider.requests[0].startswith(b"GET /v1/realtime?a=model=x&model=vendor%2Fvoice%201&b=1 HTTP/1.1\r\n")
            exchange = await running.kept.next()
            assert (exchange.labels.route, exchange.labels.model) == ("v", "gpt-realtime")


async def test_a_prefix_chooses_the_provider_and_an_unknown_one_is_refused():
    async with scripted(None, ok(b"here")) as provider, plane(provider.url) as running:
        await ask(running.port, opening(target=b"/candidate/v1/responses", connection=b"Upgrade, close"))
        assert provider.requests[0].startswith(b"GET /v1/responses HTTP/1.1\r\n")
        answer = await ask(running.port, opening(target=b"/nobody/v1/realtime", connection=b"Upgrade, close"))
        assert answer.startswith(b"HTTP/1.1 404 ")


KEYED = b"Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.sk-0123456789, openai-beta.realtime-v1"


async def test_a_configured_key_replaces_the_clients_also_among_the_subprotocols():
    async with scripted(None, ok(b"sk-0123456789")) as provider:
        providers = {"candidate": {"base_url": provider.url, "api_key_env": "KEY"}}
        async with plane(providers=providers, environ={"KEY": "sk-operators"}) as running:
            await ask(running.port, opening(KEYED, connection=b"Upgrade, close"))
            assert b"sk-0123456789" not in provider.requests[0]
            assert b"\r\nSec-WebSocket-Protocol: realtime, openai-beta.realtime-v1\r\n" in provider.requests[0]
            assert b"\r\nAuthorization: Bearer sk-operators\r\n" in provider.requests[0]


async def test_without_a_configured_key_the_clients_subprotocols_pass_and_are_not_kept():
    async with scripted(None, ok(b"sk-0123456789")) as provider, plane(provider.url) as running:
        await ask(running.port, opening(KEYED, connection=b"Upgrade, close"))
        assert b"\r\n" + KEYED + b"\r\n" in provider.requests[0]
        assert b"sk-0123456789" not in pack(await running.kept.next())


@pytest.mark.promise("local.keys")
async def test_a_foreign_pages_websocket_is_refused_where_a_key_would_be_used():
    async with scripted(switching()) as provider:
        providers = {"candidate": {"base_url": provider.url, "api_key_env": "KEY"}}
        async with plane(providers=providers, environ={"KEY": "sk-operators"}) as running:
            answer = await ask(running.port, opening(b"Origin: https://evil.example", connection=b"Upgrade, close"))
            assert answer.startswith(b"HTTP/1.1 403 ")
            assert provider.connections == 0


async def test_a_websocket_beyond_the_limit_is_answered_503_until_another_is_closed():
    script, limits = switching(), {"websockets": 1}
    async with scripted(script) as provider, plane(provider.url, limits=limits) as running:
        async with client(running.port) as first:
            await first.send(opening())
            await first.until(b"\r\n\r\n")
            answer = await ask(running.port, opening(connection=b"Upgrade, close"))
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "too_many_websockets"
        await until(lambda: not running.stats.in_flight)
        async with client(running.port) as second:
            await second.send(opening())
            assert (await second.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")


async def test_a_websocket_in_which_nothing_moves_is_closed_after_the_idle_time():
    script, timeouts = switching(), {"idle": 0.3}
    async with scripted(script) as provider, plane(provider.url, timeouts=timeouts) as running, client(running.port) as asked:
        await asked.send(opening())
        await asked.until(b"\r\n\r\n")
        assert await asked.rest() == b""
        assert (await running.kept.next()).failure.kind is FailureKind.SILENCE_TIMEOUT


async def test_a_stop_waits_for_its_grace_and_then_closes_in_order():
    async with scripted(switching()) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(opening())
        await asked.until(b"\r\n\r\n")
        stopping = asyncio.create_task(running.plane.stop(0.5))
        await until(lambda: "serving=False" in repr(running.plane))
        await asked.send(b"still")
        assert await asked.until(b"still") == b"still"
        assert await asked.rest() == b""
        await stopping
        assert (await running.kept.next()).failure.kind is FailureKind.STOPPED


async def test_a_websocket_over_tls_passes_whole_and_ends_with_its_client():
    authority = trustme.CA()
    served, trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.issue_cert("localhost").configure_cert(served)
    authority.configure_trust(trusted)
    sent = os.urandom(3_000_000)
    async with scripted(switching(), ssl=served) as provider:
        url = provider.url.replace("http://127.0.0.1", "https://localhost")
        async with plane(url, tls=trusted) as running, client(running.port) as asked:
            await asked.send(opening())
            await asked.until(b"\r\n\r\n")
            _, got = await asyncio.gather(asked.send(sent), asked.exactly(len(sent)))
            assert got == sent
            asked.leave_half()
            assert await asked.rest() == b""
            assert (await running.kept.next()).failure is None


async def test_what_follows_a_refused_handshake_on_its_connection_is_answered():
    async with scripted(None, ok(b"one"), ok(b"two")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(opening())
        await asked.until(b"one")
        await asked.send(post(b"{}"))
        assert (await asked.rest()).endswith(b"two")


H2C = (b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__")
BEHIND = {
    "a request without a body": opening(upgrade=H2C),
    "a request with its body": opening(b"Content-Length: 3", upgrade=H2C, method=b"POST") + b"abc",
    "one behind another": opening(upgrade=H2C) + opening(b"Content-Length: 2", upgrade=H2C, method=b"POST") + b"ab",
    "one behind a plain one": post(b"{}", close=False) + opening(upgrade=H2C),
}


@pytest.mark.parametrize("first", BEHIND.values(), ids=BEHIND)
async def test_what_is_pipelined_behind_an_upgrade_that_is_left_out_is_answered_too(first):
    sent = first + get(b"/v1/last")
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(sent)
        answers = await asked.rest()
        assert answers.count(b"HTTP/1.1 200 OK") == sent.count(b" HTTP/1.1\r\n")
        assert provider.requests[-1].startswith(b"GET /v1/last ")


async def test_what_is_pipelined_behind_a_chunked_request_whose_upgrade_is_left_out_is_answered_too():
    chunked = opening(b"Transfer-Encoding: chunked", upgrade=H2C, method=b"POST") + b"3\r\nabc\r\n0\r\n\r\n"
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(chunked + get(b"/v1/last"))
        assert (await asked.rest()).count(b"HTTP/1.1 200 OK") == 2
        assert provider.requests[-1].startswith(b"GET /v1/last ")


@pytest.mark.parametrize("size", [1, 7, 50])
@pytest.mark.parametrize("first", [BEHIND["a request without a body"], BEHIND["a request with its body"]], ids=["bare", "body"])
async def test_what_is_pipelined_in_pieces_behind_an_upgrade_is_answered_too(first, size):
    sent = first + get(b"/v1/last")
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        for at in range(0, len(sent), size):
            await asked.send(sent[at : at + size])
        assert (await asked.rest()).count(b"HTTP/1.1 200 OK") == 2
        assert provider.requests[-1].startswith(b"GET /v1/last ")


EVIL = b"GET /v1/evil HTTP/1.1\r\nHost: p\r\n\r\n"


async def test_a_body_behind_a_head_that_waited_is_never_read_as_a_request():
    """The head of the second request waits behind the first, and its body comes in a read of its own."""
    chunked = opening(b"Transfer-Encoding: chunked", upgrade=H2C, method=b"POST") + b"3\r\nabc\r\n0\r\n\r\n"
    answered = asyncio.Event()

    async def script(wire):
        while True:
            provider.requests.append(await wire.request())
            await asyncio.wait_for(answered.wait(), PATIENCE)
            await wire.send(ok(b"x"))

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        second = post(EVIL)
        await asked.send(chunked + second[: -len(EVIL)])
        await until(lambda: provider.requests)
        (connected,) = running.connections
        await asked.send(EVIL)
        await until(lambda: f" ahead={len(second)} " in repr(connected))
        answered.set()
        assert (await asked.rest()).count(b"HTTP/1.1 200 OK") == 2
        assert [request.split(b" ")[1] for request in provider.requests] == [b"/v1/realtime?model=m", b"/v1/chat/completions"]
        assert provider.requests[-1].endswith(EVIL)


async def test_an_upgrade_whose_head_began_behind_another_request_is_left_out_and_what_follows_it_is_answered():
    head = opening(upgrade=H2C)
    answered = asyncio.Event()

    async def script(wire):
        provider.requests.append(await wire.request())
        await asyncio.wait_for(answered.wait(), PATIENCE)
        while True:
            await wire.send(ok(b"x"))
            provider.requests.append(await wire.request())

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        await until(lambda: provider.requests)
        (connected,) = running.connections
        await asked.send(head[:-2])
        await until(lambda: " ahead=0 " not in repr(connected))
        answered.set()
        await asked.until(b"\r\n\r\nx")
        await asked.send(head[-2:] + head + get(b"/v1/last"))
        assert (await asked.rest()).count(b"HTTP/1.1 200 OK") == 3
        assert provider.requests[-1].startswith(b"GET /v1/last ")
        assert not [request for request in provider.requests if b"pgrade" in request.partition(b"\r\n\r\n")[0]]


@pytest.mark.parametrize("framing", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
async def test_a_body_under_a_websocket_upgrade_is_forwarded_and_what_follows_it_is_answered(framing):
    body = b"hello" if b"Length" in framing else b"5\r\nhello\r\n0\r\n\r\n"
    head = opening(framing, upgrade=(b"Upgrade: websocket",), method=b"POST")
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(head)
        await until(lambda: running.stats.accepted)
        await asked.send(body + get(b"/v1/last"))
        assert (await asked.rest()).count(b"HTTP/1.1 200 OK") == 2
        assert [request.partition(b"\r\n\r\n")[2] for request in provider.requests] == [body, b""]


async def test_a_client_that_ended_its_side_before_the_switch_ends_it_at_the_provider_too(monkeypatch):
    ended, watched = asyncio.Event(), asyncio.Event()
    watch = client_connection.HalfCloseWatch
    monkeypatch.setattr(client_connection, "HalfCloseWatch", lambda *args, **more: watched.set() or watch(*args, **more))

    async def script(wire):
        await wire.head()
        await asyncio.wait_for(watched.wait(), PATIENCE)
        await wire.send(SWITCHED + b"hi")
        assert await asyncio.wait_for(wire.reader.read(), PATIENCE) == b""
        ended.set()

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(opening())
        asked.leave_half()
        assert (await asked.rest()).endswith(b"hi")
        await asyncio.wait_for(ended.wait(), PATIENCE)


async def test_a_client_that_resets_its_connection_while_its_provider_reads_nothing_ends_the_websocket():
    """Its bytes wait in the kernel, so that no event loop sees the reset."""
    left = asyncio.Event()

    async def script(wire):
        await wire.head()
        await wire.send(SWITCHED)
        wire.writer.transport.pause_reading()
        await asyncio.wait_for(left.wait(), PATIENCE)
        wire.writer.transport.resume_reading()
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url, timeouts={"client_head": 0.4}) as running:
        async with client(running.port) as asked:
            await asked.send(opening())
            await asked.until(b"\r\n\r\n")
            (connected,) = running.connections
            asked.sock.setblocking(False)
            while connected.transport.is_reading():
                with suppress(BlockingIOError):
                    asked.sock.send(b"y" * 100_000)
                await asyncio.sleep(0)
            asked.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert (await running.kept.next()).failure.kind is FailureKind.CLIENT_GONE
        left.set()
        await until(lambda: not running.connections)


async def test_a_websocket_that_could_not_be_opened_takes_no_place_among_the_most():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        gone = closed.getsockname()[1]
    async with plane(f"http://127.0.0.1:{gone}/v1", limits={"websockets": 1}) as running:
        for _ in range(2):
            answer = await ask(running.port, opening(connection=b"Upgrade, close"))
            assert answer.startswith(b"HTTP/1.1 502 "), answer


async def test_a_client_that_sent_much_before_the_switch_waits_while_its_provider_takes_no_more(monkeypatch):
    monkeypatch.setattr("proxy.client.request_intake.MOST_AHEAD", 8_000_000)

    async def script(wire):
        await wire.head()
        await until(lambda: connected.paused_for(PauseReason.AHEAD))
        wire.writer.transport.pause_reading()
        await wire.send(SWITCHED)
        await asyncio.wait_for(seen.wait(), PATIENCE)

    seen = asyncio.Event()
    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(opening())
        (connected,) = await until(lambda: running.connections)
        sending = asyncio.create_task(asked.send(b"y" * 20_000_000))
        await until(lambda: connected.state is ClientState.TUNNEL and not connected.transport.is_reading())
        seen.set()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


@pytest.mark.parametrize("paused", [False, True])
async def test_the_last_bytes_of_a_provider_reach_a_client_that_goes_on_sending(paused):
    """A close with bytes unread would reset the connection, and a reset takes from the client what it has not read."""
    last = b"x" * 400_000

    async def then(wire):
        wire.writer.transport.pause_reading()
        await until(lambda: connected.transport.is_reading() is not paused)
        await wire.send(last)
        wire.writer.write_eof()
        wire.writer.transport.resume_reading()
        await wire.gone()

    limits = {"write_buffer": 1_000_000}
    script = switching(then=then)
    async with (
        scripted(script) as provider,
        plane(provider.url, limits=limits) as running,
        client(running.port, room=10_000) as asked,
    ):
        (connected,) = await until(lambda: running.connections)
        await asked.send(opening())
        await asked.until(b"\r\n\r\n")
        sending = asyncio.create_task(_send_on(asked.sock, 20_000_000 if paused else 0))
        await until(lambda: connected.state is ClientState.LINGER)
        assert connected.transport.is_reading()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        asked.sock.setblocking(False)
        asked.sock.send(b"z")
        assert await asked.exactly(len(last)) == last
        assert await asked.rest() == b""


async def _send_on(sock, size):
    await asyncio.get_running_loop().sock_sendall(sock, b"y" * size)
