"""proxy.client.response_writer: what this hop says for itself, and nothing more."""

import contextlib
import json

import pytest

from tests.wires import STREAM_HEAD, ask, chunks, client, get, ok, plane, post, scripted

HEAD = b"HTTP/1.1 200 OK\r\n"


async def _answer(answer, request):
    async with scripted(None, answer) as provider, plane(provider.url) as running:
        return await ask(running.port, request)


async def test_fields_of_the_providers_hop_stay_there():
    came = await _answer(
        ok(b"x", b"Connection: keep-alive, X-Hop", b"X-Hop: 1", b"Keep-Alive: timeout=5", b"Proxy-Authenticate: y", b"X-A: 1"),
        get(),
    )
    assert came == HEAD + b"X-A: 1\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"


async def test_a_connection_is_kept_unless_one_side_must_close_it():
    async with scripted(None, ok(b"x")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        assert await asked.until(b"\r\n\r\nx") == HEAD + b"Content-Length: 1\r\n\r\nx"
        await asked.send(post(b"{}"))
        assert await asked.rest() == HEAD + b"Content-Length: 1\r\nConnection: close\r\n\r\nx"


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_interim_heads_are_only_for_clients_that_know_them(version):
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    came = await _answer(b"HTTP/1.1 100 Continue\r\n\r\n" + interim + ok(b"x"), get(version=version))
    assert came.startswith(interim if version == b"1.1" else HEAD)
    assert b"100 Continue" not in came


async def test_a_providers_old_version_is_not_passed_on():
    async def script(wire):
        await wire.request()
        await wire.send(b"HTTP/1.0 200 Fine\r\n\r\nbody")

    async with scripted(script) as provider, plane(provider.url) as running:
        assert await ask(running.port, get()) == b"HTTP/1.1 200 Fine\r\nConnection: close\r\n\r\nbody"


async def test_an_error_of_ours_to_a_head_request_has_no_body():
    async with plane("http://127.0.0.1:1/v1") as running:
        answer = await ask(running.port, get(method=b"HEAD"))
        assert answer.startswith(b"HTTP/1.1 502 ")
        assert answer.endswith(b"\r\n\r\n")


async def test_a_connection_survives_an_error_of_ours():
    async with plane("http://127.0.0.1:1/v1") as running, client(running.port) as asked:
        for _ in range(3):
            await asked.send(post(b"{}", close=False))
            head = await asked.until(b"\r\n\r\n")
            assert b"Connection" not in head
            length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
            assert json.loads(await asked.exactly(length))["error"]["code"] == "upstream_connect"


async def test_a_body_that_ends_before_its_length_ends_the_connection_of_its_client():
    async def script(wire):
        await wire.request()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        await asked.until(b"half")
        with contextlib.suppress(ConnectionError):
            assert await asked.rest() == b""


async def test_a_client_of_http_1_0_gets_a_chunked_answer_without_its_chunk_sizes():
    stream = STREAM_HEAD + chunks(b"data: 1\n\n", b"data: 2\n\n") + b"0\r\n\r\n"
    came = await _answer(stream, get(version=b"1.0"))
    head, _, body = came.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    assert body == b"data: 1\n\ndata: 2\n\n"
