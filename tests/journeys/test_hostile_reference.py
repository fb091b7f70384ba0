"""Whatever a reference sends, the audit records a result, reads no more than it may, and the application feels nothing."""

import gzip
import json
import os

import aiohttp
import pytest

from shadow.demo.pretended_server import PretendedServer
from tests.journeys.test_whole_path_of_a_request import CONFIG, audited, post
from tests.running import chat
from tests.wires import STREAM_HEAD, chunks, ok, scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("shadow.hostile")]

JSON = b"Content-Type: application/json"


LONG_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n"


def once(candidate, official, more: str) -> str:
    """A configuration that asks the reference once a request."""
    toml = CONFIG.format(candidate=candidate.base_url, official=official.url)
    return toml.replace("control_fraction = 1.0", f"control_fraction = 0.0\ntiebreak = false\n{more}")


def whole(message, **more) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return ok(json.dumps({"id": "x", "model": "m", "choices": [choice], **more}).encode(), JSON)


ANSWERS = {
    "a hundred thousand deep": ok(b"[" * 100_000 + b"]" * 100_000, JSON),
    "deep in arguments": whole(
        {"content": None, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "[" * 100_000}}]}
    ),
    "not a number": ok(
        b'{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":NaN,"completion_tokens":1e999}}', JSON
    ),
    "huge numbers": whole({"content": "x"}, usage={"prompt_tokens": 10**40, "completion_tokens": -1}),
    "wrong types": ok(b'{"choices":{"0":{"message":[]}},"usage":[1],"model":{},"id":[]}', JSON),
    "choices of nothing": ok(b'{"choices":[null,1,"x",[]]}', JSON),
    "content of everything": whole({"content": [{"type": "text", "text": 1}, None, {"a": []}], "tool_calls": "no", "refusal": 7}),
    "lone surrogates": ok(b'{"model":"\\ud800","choices":[{"message":{"content":"\\udfff"},"finish_reason":"\\ud800"}]}', JSON),
    "bytes that are no text": ok(os.urandom(5_000), JSON),
    "a bomb": ok(gzip.compress(b"0" * 200_000_000, compresslevel=1), JSON, b"Content-Encoding: gzip"),
    "a stream of rubbish": STREAM_HEAD + chunks(b"data: {{{\n\n", b"\x00\xff\n\n", b"data: [DONE]\n\n") + b"0\r\n\r\n",
    "a stream of a million events": STREAM_HEAD + chunks(b"data: {}\n\n" * 200_000) + b"0\r\n\r\n",
    "markup": whole({"content": "<script>alert(1)</script>\x1b[31m\u202e"}),
    "no http at all": b"\x16\x03\x01 hello\r\n\r\n",
    "a head without end": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 300_000,
    "both framings": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("bodies", ["full", "hash"])
async def test_every_answer_of_a_hostile_reference_is_a_recorded_result(serve, bodies):
    given = iter(ANSWERS.values())

    async def script(wire):
        while True:
            await wire.request()
            await wire.send(next(given, ok(b"{}", JSON)))

    async with PretendedServer(seed=1) as candidate, scripted(script) as official:
        toml = once(candidate, official, "concurrency = 1") + f"\n[storage]\nbodies = '{bodies}'\n"
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            for number, name in enumerate(ANSWERS):
                async with post(session, served.data, chat(text=f"Question {number}: {name}")) as got:
                    assert got.status == 200
                    await got.read()
                pairs = await audited(served, number + 1)
                async with session.get(f"{served.admin}/pairs/{pairs[0].pair.id}") as page:
                    assert page.status == 200, name
                    text = await page.text()
                    assert "<script>alert" not in text
                    assert "\x1b" not in text
            assert await served.metric("sameweights_recorder_errors_total") == 0
            async with session.get(f"{served.admin}/metrics") as page:
                (await page.read()).decode()
            assert "Traceback" not in "".join(served.errors)


@pytest.mark.promise("shadow.most", "shadow.reset")
@pytest.mark.parametrize("how", ["endless", "100 MB", "reset", "reset midway", "silent midway"])
async def test_endless_or_broken_reference_response_is_given_up_and_recorded(serve, how):
    sent = 0

    async def script(wire):
        nonlocal sent
        if (await wire.request()).startswith(b"GET /v1/models "):
            return
        if how == "reset":
            wire.reset()
            return
        await wire.send(LONG_HEAD if how == "100 MB" else STREAM_HEAD)
        if how == "reset midway":
            await wire.send(chunks(b"data: {}\n\n"))
            wire.reset()
        elif how == "silent midway":
            await wire.gone()
        piece = b"x" * 65_536 if how == "100 MB" else chunks(b": ping\n\n" * 8_000)
        while sent < 100_000_000 and how in {"endless", "100 MB"}:
            sent += len(piece)
            await wire.send(piece)

    async with PretendedServer(seed=1) as candidate, scripted(script) as official:
        toml = once(candidate, official, "max_body = 1000000\ntimeout = 3")
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            async with post(session, served.data, chat()) as got:
                assert got.status == 200
                await got.read()
            [summary] = await audited(served, 1)
            reader = served.reader
            shadow = reader.exchange(summary.pair.reference_id)
            reader.close()
            ends = {"reset": "reset", "reset midway": "reset", "silent midway": "total_timeout"}
            assert shadow.failure == ends.get(how, "too_large")
            assert len(shadow.response_body or b"") <= 1_000_000
            assert sent < 20_000_000


@pytest.mark.promise("shadow.redirect")
async def test_a_redirect_of_the_reference_is_not_followed(serve):
    moved = b"HTTP/1.1 307 Go\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with PretendedServer(seed=1) as candidate, scripted(None, moved) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.url)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            async with post(session, served.data, chat()) as got:
                await got.read()
            await audited(served, 1)
        assert all(sent.startswith((b"POST /v1/chat/completions ", b"GET /v1/models ")) for sent in official.requests)
        assert len(official.requests) <= 3, "the list of models, the shadow and its control"
