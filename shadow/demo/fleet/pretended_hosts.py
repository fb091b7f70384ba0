"""The providers of the experiment, pretended: OpenAI-compatible endpoints on 127.0.0.1 that follow their scripts.

`/NAME/v1` is the base URL of each. A share of runs wavers, drawn when a conversation begins and carried in the ids of its calls.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator, Mapping
from itertools import count
from types import TracebackType
from typing import Self

from aiohttp import web

from shadow.demo.fleet.host_scripts import SCRIPTS, WAVERING, HostScript
from shadow.demo.loose_json import Json, Object, mapping, objects, string

SERVER = "sameweights-pretend (not a provider)"
HOSTS = tuple(dict.fromkeys(host for host, _ in SCRIPTS))
_CHARACTERS_PER_TOKEN = 4


class PretendedHosts:
    """`async with PretendedHosts() as hosts` serves on 127.0.0.1 until the block ends; `hosts.base_url(name)` ends in /v1.

    `wavering` is the share of runs that end early; `seconds_scale` multiplies the times of reasoning questions, 0 for none.
    """

    def __init__(self, *, port: int = 0, wavering: float = 0.0, seconds_scale: float = 0.0, seed: int = 0) -> None:
        self._port = port
        self._wavering = wavering
        self._scale = seconds_scale
        self._chances = {host: random.Random(f"{seed}:{host}") for host in HOSTS}  # noqa: S311 - a script's chance is no secret
        self._numbers = count(1)
        self.requests = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=0)
        app.on_response_prepare.append(_name_server)
        app.router.add_post("/{host}/v1/chat/completions", self._chat)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        await self._runner.cleanup()

    def base_url(self, host: str) -> str:
        """The base URL of a pretended provider."""
        return f"http://127.0.0.1:{self._port}/{host}/v1"

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        host, body = request.match_info["host"], mapping(json.loads(await request.read()))
        model = string(body.get("model"))
        script = SCRIPTS.get((host, model))
        if script is None:
            return _error(404, f"The model `{model}` does not exist at {host}", "model_not_found")
        tokens = prompt_tokens(body)
        if tokens > script.context:
            return _error(400, _too_long(script.context, tokens), "context_length_exceeded")
        await asyncio.sleep(self._scale * script.seconds if "reason" in _last_user(body) else 0)
        message = self._message(host, script, body)
        return await _answered(request, model, message, tokens, stream=body.get("stream") is True)

    def _message(self, host: str, script: HostScript, body: Object) -> Object:
        """The assistant's message that comes next in the script."""
        if not body.get("tools"):
            return {"role": "assistant", "content": _instructed(script, _last_user(body))}
        made = [call for message in objects(body.get("messages")) for call in objects(message.get("tool_calls"))]
        waverer = "-w-" in string(made[0].get("id")) if made else self._chances[host].random() < self._wavering
        calls, ending = WAVERING if waverer else (script.calls, script.ending)
        if len(made) >= len(calls):
            return {"role": "assistant", "content": ending}
        name, arguments = calls[len(made)]
        call_id = f"call{'-w-' if waverer else '-'}{next(self._numbers)}"
        return {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}],
        }


def prompt_tokens(body: Mapping[str, object]) -> int:
    """Tokens of a request as these servers count them: a quarter of the characters of its messages and tools."""
    text = json.dumps([body.get("messages"), body.get("tools")], ensure_ascii=False)
    return len(text) // _CHARACTERS_PER_TOKEN


def _too_long(context: int, tokens: int) -> str:
    return f"This model's maximum context length is {context} tokens. However, your messages resulted in {tokens} tokens."


def _last_user(body: Object) -> str:
    users = [message for message in objects(body.get("messages")) if message.get("role") == "user"]
    return string(users[-1].get("content")) if users else ""


def _instructed(script: HostScript, prompt: str) -> str:
    """The answer to one of the prompts without tools."""
    if "sentence" in prompt:
        return script.sentence
    if "JSON" in prompt:
        return script.json_text
    return script.animals if "animals" in prompt else "The ball costs 5 cents."


async def _name_server(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = SERVER


def _error(status: int, message: str, code: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "invalid_request_error", "code": code}}, status=status)


async def _answered(request: web.Request, model: str, message: Object, tokens: int, *, stream: bool) -> web.StreamResponse:
    finish = "tool_calls" if message.get("tool_calls") else "stop"
    written = len(json.dumps(message)) // _CHARACTERS_PER_TOKEN
    usage: Object = {"prompt_tokens": tokens, "completion_tokens": written, "total_tokens": tokens + written}
    head: Object = {"id": "chatcmpl-pretended", "created": 1_773_480_600, "model": model}
    if not stream:
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return web.json_response({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for chunk in _chunks(message, finish, usage):
        await response.write(b"data: " + json.dumps({**head, "object": "chat.completion.chunk", **chunk}).encode() + b"\n\n")
    await response.write(b"data: [DONE]\n\n")
    return response


def _chunks(message: Object, finish: str, usage: Object) -> Iterator[Object]:
    calls: list[Json] = [{"index": place, **call} for place, call in enumerate(objects(message.get("tool_calls")))]
    delta: Object = {**message, "tool_calls": calls} if calls else message
    yield {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    yield {"choices": [], "usage": usage}
