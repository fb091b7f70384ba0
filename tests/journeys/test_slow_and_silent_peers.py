"""Slow is not silent: who drips is waited for as long as it drips, on either side; who says nothing is let go in its time."""

import asyncio
from contextlib import suppress

import pytest

from tests.wires import STREAM_HEAD, ask, chunks, client, get, ok, plane, post, scripted

pytestmark = pytest.mark.journey

PIECES, PAUSE, SILENCE = 12, 0.25, 2.0
"""Each pause is far shorter than the silence that is allowed, all of them together are longer."""


@pytest.mark.promise("hang.drip")
async def test_slowly_dripping_response_is_awaited_to_its_end():
    async def drip(wire):
        await wire.request()
        await wire.send(STREAM_HEAD)
        for _ in range(PIECES):
            await asyncio.sleep(PAUSE)
            await wire.send(chunks(b"x"))
        await wire.send(b"0\r\n\r\n")

    async with scripted(drip) as provider, plane(provider.url, timeouts={"idle": SILENCE}) as running:
        assert (await ask(running.port, post(b"{}"))).endswith(chunks(*[b"x"] * PIECES) + b"0\r\n\r\n")
        assert (await running.kept.next()).failure is None


@pytest.mark.promise("hang.drip")
async def test_slowly_dripping_request_body_is_awaited_to_its_end():
    async with scripted(None, ok()) as provider, plane(provider.url, timeouts={"idle": SILENCE}) as running:
        async with client(running.port) as slow:
            head, _, body = post(b"[" + b" " * (PIECES - 2) + b"]").partition(b"\r\n\r\n")
            await slow.send(head + b"\r\n\r\n")
            for number in range(PIECES):
                await asyncio.sleep(PAUSE)
                await slow.send(body[number : number + 1])
            assert (await slow.rest()).startswith(b"HTTP/1.1 200")
        assert provider.requests[0].endswith(body)


@pytest.mark.promise("hang.head")
@pytest.mark.parametrize(
    "begun", [b"", b"POST /v1/chat/completions HTTP/1.1\r\nHost: proxy\r\nX-Slow: "], ids=["nothing", "half"]
)
async def test_client_with_an_unfinished_head_is_disconnected_and_others_are_served(begun):
    short = {"client_head": 0.5, "client_idle": 0.5}
    async with scripted(None, ok()) as provider, plane(provider.url, timeouts=short) as running:
        async with client(running.port) as slow:
            await slow.send(begun)
            assert (await ask(running.port, get())).startswith(b"HTTP/1.1 200")
            with suppress(ConnectionError):  # a close with or without a word is as good
                assert not (await slow.rest()).startswith(b"HTTP/1.1 2")
        assert (await ask(running.port, get())).startswith(b"HTTP/1.1 200")
        assert len(provider.requests) == 2
