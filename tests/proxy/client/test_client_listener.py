"""proxy.client.client_listener: clients that keep the proxy waiting are let go."""

import json
import time
from contextlib import suppress

import pytest

from proxy.client.client_state import ClientState
from proxy.exchange import FailureKind
from tests.running import until
from tests.wires import STREAM_HEAD, chunks, client, ok, plane, post, scripted

pytestmark = pytest.mark.slow


async def test_a_head_that_does_not_come_closes_its_connection():
    async with plane("http://127.0.0.1:9/v1", timeouts={"client_head": 0.2}) as running, client(running.port) as asked:
        await asked.send(b"GET /v1/x HTTP/1.1\r\nHost: ")
        with suppress(ConnectionResetError):
            assert await asked.rest() == b""


async def test_a_slow_head_does_not_count_against_the_next_request():
    async with (
        scripted(None, ok(b"yes")) as provider,
        plane(provider.url, timeouts={"client_head": 60.0}) as running,
        client(running.port) as asked,
    ):
        for _ in range(3):
            request = post(b"{}", close=False)
            await asked.send(request[:20])
            await asked.send(request[20:])
            await asked.until(b"yes")


async def test_an_idle_connection_is_closed_after_its_time():
    async with (
        scripted(None, ok(b"yes")) as provider,
        plane(provider.url, timeouts={"client_idle": 0.2}) as running,
        client(running.port) as asked,
        client(running.port) as silent,
    ):
        await asked.send(post(b"{}", close=False))
        await asked.until(b"yes")
        assert await asked.rest() == b""
        assert await silent.rest() == b""


async def test_a_body_that_does_not_come_is_given_up():
    async with (
        scripted(None, ok()) as provider,
        plane(provider.url, timeouts={"idle": 0.3}) as running,
        client(running.port) as asked,
    ):
        await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 10\r\n\r\n123")
        answer = await asked.until(b"}}")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "body_timeout"
        assert (await running.kept.next()).failure.kind is FailureKind.REFUSED


async def test_an_upload_that_stops_in_the_middle_is_given_up_and_its_client_blamed():
    async def script(wire):
        await wire.head()
        await wire.gone()

    async with (
        scripted(script) as provider,
        plane(provider.url, timeouts={"idle": 0.3}) as running,
        client(running.port) as asked,
    ):
        await asked.send(b"POST /v1/x HTTP/1.1\r\nHost: p\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 2_000_000)
        assert (await asked.until(b"}}")).startswith(b"HTTP/1.1 408 ")
        assert (await running.kept.next()).failure.kind is FailureKind.REFUSED


async def test_a_client_that_reads_nothing_for_too_long_is_let_go_and_its_provider_not_blamed():
    async def script(wire):
        await wire.request()
        await wire.send(STREAM_HEAD)
        wire.writer.write(chunks(b"x" * 30_000_000))
        await wire.gone()

    async with (
        scripted(script) as provider,
        plane(provider.url, timeouts={"idle": 0.4}) as running,
        client(running.port) as asked,
    ):
        await asked.send(post(b"{}", close=False))
        began = time.monotonic()
        exchange = await running.kept.next()
        assert exchange.failure.kind is FailureKind.CLIENT_GONE
        assert exchange.failure.detail == "it read nothing for too long"
        assert time.monotonic() - began > 0.3


async def test_an_ignored_empty_line_in_two_parts_is_no_beginning_of_the_next_head():
    async with plane("http://127.0.0.1:9/v1") as running, client(running.port) as asked:
        (connection,) = await until(lambda: list(running.connections))
        await asked.send(b"\r")
        await until(lambda: connection.head_since)
        await asked.send(b"\n")
        await until(lambda: connection.state is ClientState.IDLE)
        assert connection.head_since == 0.0
        await asked.send(b"GET")
        await until(lambda: connection.head_since)
        begun, most = connection.head_since, 30.0
        for late, stays in ((most - 1, True), (most + 1, False)):
            running.listener.sweep(begun + late)
            assert connection.transport.is_closing() is not stays


async def test_a_fault_in_one_connection_is_logged_and_the_others_keep_their_time_limits(caplog):
    async with plane("http://127.0.0.1:9/v1", timeouts={"client_idle": 0.2}) as running, client(running.port) as first:
        (broken,) = await until(lambda: list(running.connections))
        broken.stalled_since = "no time"
        async with client(running.port) as second:
            assert await second.rest() == b""
        assert broken in running.connections
        broken.stalled_since = 0.0
        assert await first.rest() == b""
    assert {record.getMessage() for record in caplog.records} == {"client_connection_fault"}


async def test_a_fault_in_one_connection_keeps_none_of_the_others_open_when_the_process_goes(caplog):
    async with plane("http://127.0.0.1:9/v1") as running, client(running.port) as first, client(running.port) as second:
        broken, _ = await until(lambda: len(known := list(running.connections)) == 2 and known)
        broken.in_progress = "no request"
        running.listener.stop_all()
        broken.in_progress = None
        broken.abort()
        for gone in (first, second):
            with suppress(ConnectionResetError):
                assert await gone.rest() == b""
    assert [record.getMessage() for record in caplog.records] == ["client_connection_fault"]
