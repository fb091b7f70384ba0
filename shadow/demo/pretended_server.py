"""A server that pretends to be a provider: test equipment, named as such in its `server` header.

The answers come from a fixed grammar with a temperature; no model runs here. It can keep the requests for tests to inspect.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import web

from shadow.demo.draws import RandomDraws, generator
from shadow.demo.loose_json import Json, Object, mapping, number, string
from shadow.demo.planted_faults import FAITHFUL, PlantedFaults, lose_spaces, with_faults
from shadow.demo.pretended_model import draw_reasoning, draw_reply, fingerprint_of
from shadow.demo.prompt_cache import PromptCache
from shadow.demo.wire_format import (
    WireChoice,
    WireResponse,
    completion_body,
    completion_chunks,
    error_body,
    limited_choice,
    prompt_tokens,
    request_error,
)

SERVER = "sameweights-pretend (not a provider)"
_WITHOUT_EFFECT = frozenset({"model", "stream", "stream_options", "user", "metadata", "store"})
"""Request members that do not change the answer."""
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One request as received: raw target, headers with their order and case, body bytes."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Object:
        """The body as a JSON object; an empty one when it is not one."""
        try:
            return mapping(json.loads(self.body))
        except ValueError:
            return {}

    def header(self, name: str) -> str:
        """The first header of this name, case ignored; "" when there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsePace:
    """Seconds to the first token, chunks a second after it, and the share (0..1) by which either may vary."""

    first_token: float = 0.01
    chunks_per_second: float = 400.0
    jitter: float = 0.3

    def first(self, chance: random.Random, slow: float) -> float:
        """Seconds until the first token."""
        return slow * self.first_token * self._factor(chance)

    def gap(self, chance: random.Random, slow: float) -> float:
        """Seconds between two chunks."""
        return slow * self._factor(chance) / self.chunks_per_second

    def _factor(self, chance: random.Random) -> float:
        return 1 + self.jitter * (2 * chance.random() - 1)


class PretendedServer:
    """`async with PretendedServer(...) as server` serves on 127.0.0.1 until the block ends; `server.base_url` ends in /v1.

    `requests` holds the requests received, `open_streams` counts the answers in flight, `aborted` those whose client left first.
    """

    def __init__(
        self,
        *,
        faults: PlantedFaults = FAITHFUL,
        seed: int | str = 0,
        key: str = "",
        models: tuple[str, ...] = ("pretend-small",),
        pace: ResponsePace = ResponsePace(),
        reasoning: bool = False,
        keep: bool = True,
        port: int = 0,
        host: str = "",
    ) -> None:
        self.faults = faults
        self.seed = seed
        self.key = key
        self.models = models
        self.pace = pace
        self.reasoning = reasoning
        self.requests: list[ReceivedRequest] = []
        self.answered = 0
        self.open_streams = 0
        self.aborted = 0
        self.base_url = ""
        self._keep = keep
        self._host = host
        self._port = port
        self._times: Counter[int] = Counter()
        self._cache = PromptCache()
        self._changed = asyncio.Event()
        self._stopping = False

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=0)
        app.on_response_prepare.append(_name_server)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_route("*", "/{rest:.*}", self._not_found)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=socket.SOMAXCONN)
        await site.start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping = True
        await self._runner.cleanup()

    async def until(self, condition: Callable[[PretendedServer], bool], seconds: float = 60.0) -> None:
        """Wait until `condition` holds for this server; TimeoutError when it does not within `seconds`."""
        async with asyncio.timeout(seconds):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    async def _models(self, request: web.Request) -> web.StreamResponse:
        await self._record(request)
        if refused := self._refused(request):
            return refused
        return web.json_response(
            {
                "object": "list",
                "data": [
                    {"id": name, "object": "model", "created": 0, "owned_by": "sameweights-pretend"} for name in self.models
                ],
            }
        )

    async def _not_found(self, request: web.Request) -> web.StreamResponse:
        await self._record(request)
        return _refusal(404, f"Invalid URL ({request.method} {request.path})")

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        raw = await self._record(request)
        if refused := self._refused(request):
            return refused
        try:
            body: Json = json.loads(raw)
        except (ValueError, RecursionError):
            body = None
        sentence, parameter = request_error(body)
        if sentence:
            return _refusal(400, sentence, param=parameter)
        payload = mapping(body)
        draws = self._draws(payload)
        if status := _requested_status(string(payload.get("model"))) or (
            draws.with_probability(self.faults.error_rate) and draws.vary([500, 429], 0.5)
        ):
            return _refusal(status, f"pretended failure {status}")
        async with self._in_flight():
            if draws.with_probability(self.faults.silent):
                await asyncio.Event().wait()
            answer = self._answer(payload, draws)
            if payload.get("stream") is True:
                return await self._stream(request, payload, answer, draws)
            return await self._whole(answer, draws)

    def _draws(self, body: Object) -> RandomDraws:
        """Draws seeded by server, question and how often it came: a run repeats although the order of its requests does not."""
        question = json.dumps({name: value for name, value in body.items() if name not in _WITHOUT_EFFECT}, sort_keys=True)
        key = hash(question)
        self._times[key] += 1
        return RandomDraws(generator(self.seed, question, self._times[key]), 1.0)

    async def _record(self, request: web.Request) -> bytes:
        body = await request.read()
        if self._keep:
            headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers)
            self.requests.append(ReceivedRequest(method=request.method, target=request.raw_path, headers=headers, body=body))
        self._changed.set()
        return body

    def _refused(self, request: web.Request) -> web.Response | None:
        if not self.key or request.headers.get("authorization") == f"Bearer {self.key}":
            return None
        return _refusal(401, "Incorrect API key provided.", code="invalid_api_key")

    @asynccontextmanager
    async def _in_flight(self) -> AsyncIterator[None]:
        self.open_streams += 1
        self._changed.set()
        try:
            yield
            self.answered += 1
        except (asyncio.CancelledError, ConnectionError):
            self.aborted += 0 if self._stopping else 1
            raise
        finally:
            self.open_streams -= 1
            self._changed.set()

    def _answer(self, body: Object, draws: RandomDraws) -> WireResponse:
        model = string(body.get("model"))
        return WireResponse(
            id=f"chatcmpl-{draws.source.getrandbits(96):024x}",
            created=int(time.time()),
            model=self.faults.wrong_model or model,
            fingerprint=fingerprint_of(model + self._host),
            choices=tuple(self._choice(body, index, draws) for index in range(int(number(body.get("n"), 1)))),
            prompt_tokens=prompt_tokens(body) + self.faults.extra_prompt_tokens,
            cached_tokens=self._cache.read(body),
        )

    def _choice(self, body: Object, index: int, draws: RandomDraws) -> WireChoice:
        seed = body.get("seed")
        source = draws.source if seed is None else generator("seeded", seed, index)
        answer_draws = RandomDraws(source, min(1.5, number(body.get("temperature"), 1.0)))
        reply = with_faults(draw_reply(body, answer_draws), self.faults, draws)
        if self.reasoning or body.get("reasoning_effort"):
            reply = reply.with_reasoning(draw_reasoning(body, answer_draws))
        ids = tuple(f"call_{draws.source.getrandbits(64):016x}" for _ in reply.calls)
        return limited_choice(reply, body, self.faults, index=index, ids=ids)

    async def _whole(self, answer: WireResponse, draws: RandomDraws) -> web.Response:
        pieces = sum(choice.tokens for choice in answer.choices)
        await asyncio.sleep(
            self.pace.first(draws.source, self.faults.slow) + pieces * self.pace.gap(draws.source, self.faults.slow)
        )
        return web.json_response(completion_body(answer), headers={"x-request-id": f"req_{answer.id[-12:]}"})

    async def _stream(self, request: web.Request, body: Object, answer: WireResponse, draws: RandomDraws) -> web.StreamResponse:
        with_usage = mapping(body.get("stream_options")).get("include_usage") is True
        sent = answer.with_pieces(lambda pieces: lose_spaces(pieces, self.faults, draws))
        payloads = [*completion_chunks(sent, with_usage=with_usage)]
        broken = draws.with_probability(self.faults.cut_stream)
        failing = draws.with_probability(self.faults.error_in_stream)
        response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"})
        response.headers["x-request-id"] = f"req_{answer.id[-12:]}"
        await response.prepare(request)
        await asyncio.sleep(self.pace.first(draws.source, self.faults.slow))
        for position, payload in enumerate(payloads):
            if (broken or failing) and position >= len(payloads) // 2:
                break
            await response.write(b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n")
            await asyncio.sleep(self.pace.gap(draws.source, self.faults.slow))
        if broken and request.transport is not None:
            request.transport.abort()
            return response
        if failing:
            await response.write(
                b"data: " + json.dumps(error_body("pretended failure in mid-stream", kind="server_error")).encode() + b"\n\n"
            )
            return response
        await response.write(b"data: [DONE]\n\n")
        return response


async def _name_server(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["server"] = SERVER


def _requested_status(model: str) -> int:
    """The status that a test requests by a model name such as `status-429`; 0 for any other name."""
    status = model.removeprefix("status-")
    return int(status) if status != model and status.isdecimal() and 400 <= int(status) <= 599 else 0


def _refusal(status: int, message: str, *, code: str | None = None, param: str | None = None) -> web.Response:
    headers = {"retry-after": "1"} if status == 429 else {}
    body = error_body(
        message, kind=_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error"), code=code, param=param
    )
    return web.json_response(body, status=status, headers=headers)
