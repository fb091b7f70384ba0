"""A server with /v1/messages as Anthropic's own, and /v1/embeddings: it returns thinking, a call of an offered tool, or text."""

from __future__ import annotations

import base64
import json
import struct
from types import TracebackType
from typing import Any, Self

from aiohttp import web

THOUGHT = "The city is named in the question."
TEXT = ["Low water", " at Oban", " is at", " noon."]


class Messenger:
    """`async with Messenger() as m`; `m.url` ends in no /v1. It calls a tool for the weather of `city`, and requires a `key` if
    set.

    `requests` holds the bodies of the requests, `headers` their header fields. A model named `overloaded` is; `turn` turns each
    vector a little.
    """

    def __init__(self, *, city: str = "Oslo", key: str = "", turn: float = 0.0) -> None:
        self.city = city
        self.key = key
        self.turn = turn
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.counted = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/messages", self._answer)
        app.router.add_post("/v1/messages/count_tokens", self._count)
        app.router.add_post("/v1/embeddings", self._embed)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        await self._runner.cleanup()

    async def _asked(self, request: web.Request) -> dict[str, Any]:
        self.requests.append(await request.json())
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        return self.requests[-1]

    def _refusal(self, request: web.Request) -> web.Response | None:
        if self.key and request.headers.get("x-api-key") != self.key:
            return _error(401, "authentication_error", "invalid x-api-key")
        if not request.headers.get("anthropic-version"):
            return _error(400, "invalid_request_error", "anthropic-version: header is required")
        return None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked = await self._asked(request)
        if refusal := self._refusal(request):
            return refusal
        if asked["model"] == "overloaded":
            return _error(529, "overloaded_error", "Overloaded")
        blocks = self._blocks(asked)
        if not asked.get("stream"):
            return web.json_response(_message(asked["model"], blocks, _reason(blocks), {"input_tokens": 12, "output_tokens": 20}))
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await answer.prepare(request)
        for event in _events(asked["model"], blocks):
            await answer.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        return answer

    def _blocks(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        thought = [{"type": "thinking", "thinking": THOUGHT, "signature": "c2lnbmVk"}] if asked.get("thinking") else []
        if not asked.get("tools"):
            return [*thought, {"type": "text", "text": "".join(TEXT)}]
        call = {"type": "tool_use", "id": "toolu_01Fq", "name": "get_weather", "input": {"city": self.city}}
        return [*thought, {"type": "text", "text": "I will look."}, call]

    async def _count(self, request: web.Request) -> web.Response:
        self.counted += 1
        return web.json_response({"input_tokens": len((await request.json())["messages"])})

    async def _embed(self, request: web.Request) -> web.Response:
        asked = await self._asked(request)
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        as_text = asked.get("encoding_format") == "base64"
        data = [
            {"object": "embedding", "index": index, "embedding": _encoded(self._vector(text), as_text=as_text)}
            for index, text in enumerate(texts)
        ]
        tokens = sum(len(text.split()) for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return web.json_response({"object": "list", "data": data, "model": asked["model"], "usage": usage})

    def _vector(self, text: str) -> list[float]:
        return [len(text) % 7 + 1.0 + self.turn, 2.0 - self.turn, *(float(ord(letter) % 5) for letter in text[:6])]


def _encoded(vector: list[float], *, as_text: bool) -> str | list[float]:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() if as_text else vector


def _error(status: int, kind: str, message: str) -> web.Response:
    return web.json_response(
        {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_01"}, status=status
    )


def _reason(blocks: list[dict[str, Any]]) -> str:
    return "tool_use" if any(block["type"] == "tool_use" for block in blocks) else "end_turn"


def _message(model: str, content: list[dict[str, Any]], reason: str | None, usage: dict[str, int]) -> dict[str, Any]:
    head = {"id": "msg_01Ab", "type": "message", "role": "assistant", "model": model, "content": content}
    counts = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, **usage}
    return {**head, "stop_reason": reason, "stop_sequence": None, "usage": counts}


def _events(model: str, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    started = _message(model, [], None, {"input_tokens": 12, "output_tokens": 1})
    contents = [event for index, block in enumerate(blocks) for event in _streamed(index, block)]
    ended = {"stop_reason": _reason(blocks), "stop_sequence": None}
    return [
        {"type": "message_start", "message": started},
        {"type": "ping"},
        *contents,
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 20}},
        {"type": "message_stop"},
    ]


def _streamed(index: int, block: dict[str, Any]) -> list[dict[str, Any]]:
    kind = block["type"]
    if kind == "tool_use":
        empty, text = {**block, "input": {}}, json.dumps(block["input"])
        deltas = [{"type": "input_json_delta", "partial_json": text[at : at + 6]} for at in range(0, len(text), 6)]
    elif kind == "thinking":
        empty = {**block, "thinking": "", "signature": ""}
        deltas = [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]
    else:
        pieces = TEXT if block["text"] == "".join(TEXT) else [block["text"]]
        empty, deltas = {**block, "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]
    return [
        {"type": "content_block_start", "index": index, "content_block": empty},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]
