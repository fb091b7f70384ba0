"""A server with /v1/responses and /v1/completions as OpenAI's own: it returns short texts, and calls a tool it is offered."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Self

from aiohttp import web

THOUGHT = "The city is named in the question."
TEXT = ["Low water", " at Oban", " is at", " noon."]
COMPLETED = [" there", " was", " a", " tide."]


class Speaker:
    """`async with Speaker() as s`; `s.base_url` ends in /v1, `s.requests` holds the bodies. It calls for the weather of `city`.

    `ending` replaces the event that ends a stream.
    """

    def __init__(self, *, city: str = "Oslo", ending: bytes | None = None) -> None:
        self.city = city
        self.ending = ending
        self.requests: list[dict[str, Any]] = []
        self.base_url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/responses", self._respond)
        app.router.add_post("/v1/completions", self._complete)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        await self._runner.cleanup()

    async def _asked(self, request: web.Request) -> dict[str, Any]:
        self.requests.append(await request.json())
        return self.requests[-1]

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        asked = await self._asked(request)
        called = bool(asked.get("tools"))
        items = [_thought(), _call(json.dumps({"city": self.city}))] if called else [_message("".join(TEXT))]
        final = _response(asked["model"], "completed", items, called=called)
        if not asked.get("stream"):
            return web.json_response(final)
        started = _response(asked["model"], "in_progress", [], called=called)
        numbered = [("response.created", {"response": started}), ("response.in_progress", {"response": started})]
        numbered += [event for index, item in enumerate(items) for event in _streamed(index, item)]
        events = [_event(name, number, body) for number, (name, body) in enumerate(numbered)]
        ending = _event("response.completed", len(numbered), {"response": final}) if self.ending is None else self.ending
        return await _sent(request, [*events, ending])

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        asked = await self._asked(request)
        head = {"id": "cmpl-7f3a9b", "object": "text_completion", "created": 1790000000, "model": asked["model"]}
        usage = {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10}
        if not asked.get("stream"):
            return web.json_response({**head, "choices": [_choice("".join(COMPLETED), "stop")], "usage": usage})
        chunks = [{**head, "choices": [_choice(text, None)]} for text in COMPLETED]
        chunks += [{**head, "choices": [_choice("", "stop")]}, {**head, "choices": [], "usage": usage}]
        return await _sent(request, [*(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in chunks), b"data: [DONE]\n\n"])


def _choice(text: str, finish: str | None) -> dict[str, Any]:
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}


def _event(name: str, number: int, body: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, 'sequence_number': number, **body})}\n\n".encode()


async def _sent(request: web.Request, pieces: list[bytes]) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await answer.prepare(request)
    for piece in pieces:
        await answer.write(piece)
    return answer


def _response(model: str, status: str, output: list[dict[str, Any]], *, called: bool) -> dict[str, Any]:
    usage = {
        "input_tokens": 60 if called else 12,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 9 if called else 0},
        "total_tokens": 80 if called else 32,
    }
    return {
        "id": "resp_08a1f3",
        "object": "response",
        "created_at": 1790000000,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": usage if status == "completed" else None,
    }


def _message(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [part]}


def _thought() -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": THOUGHT}]}


def _call(arguments: str) -> dict[str, Any]:
    common = {"type": "function_call", "id": "fc_1", "call_id": "call_hA1f", "status": "completed"}
    return {**common, "name": "get_weather", "arguments": arguments}


def _streamed(index: int, item: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    at = {"item_id": item["id"], "output_index": index}
    empty = {"content": []} if item["type"] != "function_call" else {"arguments": ""}
    added = ("response.output_item.added", {"output_index": index, "item": {**item, **empty, "status": "in_progress"}})
    done = ("response.output_item.done", {"output_index": index, "item": item})
    if item["type"] == "function_call":
        pieces = [item["arguments"][start : start + 6] for start in range(0, len(item["arguments"]), 6)]
        name, last = "response.function_call_arguments", {"arguments": item["arguments"], "name": item["name"]}
    else:
        text = item["content"][0]["text"]
        name = "response.reasoning_text" if item["type"] == "reasoning" else "response.output_text"
        pieces, last, at = TEXT if text == "".join(TEXT) else [text], {"text": text}, {**at, "content_index": 0}
        if item["type"] == "message":
            last["logprobs"] = []
    return [
        added,
        *_parts(item, at, begins=True),
        *((f"{name}.delta", {**at, "delta": piece, "logprobs": []}) for piece in pieces),
        (f"{name}.done", {**at, **last}),
        *_parts(item, at, begins=False),
        done,
    ]


def _parts(item: dict[str, Any], at: dict[str, Any], *, begins: bool) -> list[tuple[str, dict[str, Any]]]:
    """The event about the one part of a message or of reasoning."""
    if item["type"] == "function_call":
        return []
    part = item["content"][0]
    return [(f"response.content_part.{'added' if begins else 'done'}", {**at, "part": {**part, "text": ""} if begins else part})]
