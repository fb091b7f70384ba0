"""A server that is no provider but behaves like one: test equipment, and the demo's. It says so in its `server` header.

The answers come from a fixed grammar with a temperature, no model runs here; what it is asked it can keep for a test to look at.
"""

from __future__ import annotations

import asyncio
import json
import random
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
from shadow.demo.planted_faults import FAITHFUL, PlantedFaults, despaced, spoiled
from shadow.demo.pretended_model import reply, style, thinking
from shadow.demo.wire_format import WireChoice, WireResponse, complaint, error, events, prompt_tokens, whole, within

SERVER = "sameweights-pretend (not a provider)"
_FORM = frozenset({"model", "stream", "stream_options", "user", "metadata", "store"})
"""What changes nothing in what is said."""
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One request as it arrived: raw target, headers in order and case, body bytes."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Object:
        """The body as a JSON object; an empty one when it is none."""
        try:
            return mapping(json.loads(self.body))
        except ValueError:
            return {}

    def header(self, name: str) -> str:
        """The first header of this name, in any case; empty when there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsePace:
    """How fast it speaks: seconds to the first token, chunks a second after it, and how much either may vary (0..1)."""

    first_token: float = 0.01
    chunks_per_second: float = 400.0
    jitter: float = 0.3

    def first(self, chance: random.Random, slow: float) -> float:
        """Seconds until the first token."""
        return slow * self.first_token * self._wavered(chance)

    def gap(self, chance: random.Random, slow: float) -> float:
        """Seconds between two chunks."""
        return slow * self._wavered(chance) / self.chunks_per_second

    def _wavered(self, chance: random.Random) -> float:
        return 1 + self.jitter * (2 * chance.random() - 1)


class PretendedServer:
    """`async with Pretend(...) as p` serves on 127.0.0.1 until the block ends; `p.base_url` ends in /v1.

    `requests` holds what arrived, `open_streams` counts answers under way, `aborted` those whose client went away first.
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
        self._port = port
        self._times: Counter[int] = Counter()
        self._changed = asyncio.Event()
        self._stopping = False

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**31)
        app.on_response_prepare.append(_signed)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_route("*", "/{rest:.*}", self._nowhere)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024)
        await site.start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping = True
        await self._runner.cleanup()

    async def until(self, condition: Callable[[PretendedServer], bool], seconds: float = 5.0) -> None:
        """Wait until something about this server holds; TimeoutError when it does not within `seconds`."""
        async with asyncio.timeout(seconds):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    async def _models(self, request: web.Request) -> web.StreamResponse:
        await self._seen(request)
        if refused := self._refused(request):
            return refused
        return web.json_response(
            {
                "object": "list",
                "data": [{"id": name, "object": "model", "created": 0, "owned_by": "nobody"} for name in self.models],
            }
        )

    async def _nowhere(self, request: web.Request) -> web.StreamResponse:
        await self._seen(request)
        return _refusal(404, f"Invalid URL ({request.method} {request.path})")

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        raw = await self._seen(request)
        if refused := self._refused(request):
            return refused
        try:
            body: Json = json.loads(raw)
        except (ValueError, RecursionError):
            body = None
        sentence, parameter = complaint(body)
        if sentence:
            return _refusal(400, sentence, param=parameter)
        asked = mapping(body)
        dice = self._dice(asked)
        if provoked := _provoked(string(asked.get("model"))) or (
            dice.happens(self.faults.error_rate) and dice.waver([500, 429], 0.5)
        ):
            return _refusal(provoked, f"pretended failure {provoked}")
        async with self._under_way():
            if dice.happens(self.faults.silent):
                await asyncio.Event().wait()
            answer = self._answer(asked, dice)
            return await (
                self._stream(request, asked, answer, dice) if asked.get("stream") is True else self._whole(answer, dice)
            )

    def _dice(self, body: Object) -> RandomDraws:
        """Chance by the seed, the question, and how often it was put: a run can be repeated though its order never can."""
        question = json.dumps({name: value for name, value in body.items() if name not in _FORM}, sort_keys=True)
        key = hash(question)
        self._times[key] += 1
        return RandomDraws(generator(self.seed, question, self._times[key]), 1.0)

    async def _seen(self, request: web.Request) -> bytes:
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
    async def _under_way(self) -> AsyncIterator[None]:
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

    def _answer(self, body: Object, dice: RandomDraws) -> WireResponse:
        model = string(body.get("model"))
        return WireResponse(
            id=f"chatcmpl-{dice.source.getrandbits(96):024x}",
            created=int(time.time()),
            model=self.faults.wrong_model or model,
            fingerprint=style(model),
            choices=tuple(self._choice(body, index, dice) for index in range(int(number(body.get("n"), 1)))),
            prompt_tokens=prompt_tokens(body) + self.faults.extra_prompt_tokens,
        )

    def _choice(self, body: Object, index: int, dice: RandomDraws) -> WireChoice:
        seed = body.get("seed")
        source = dice.source if seed is None else generator("seeded", seed, index)
        warm = RandomDraws(source, min(1.5, number(body.get("temperature"), 1.0)))
        said = spoiled(reply(body, warm), self.faults, dice)
        if self.reasoning or body.get("reasoning_effort"):
            said = said.thought(thinking(body, warm))
        ids = tuple(f"call_{dice.source.getrandbits(64):016x}" for _ in said.calls)
        return within(said, body, self.faults, index=index, ids=ids)

    async def _whole(self, answer: WireResponse, dice: RandomDraws) -> web.Response:
        pieces = sum(choice.tokens for choice in answer.choices)
        await asyncio.sleep(
            self.pace.first(dice.source, self.faults.slow) + pieces * self.pace.gap(dice.source, self.faults.slow)
        )
        return web.json_response(whole(answer), headers={"x-request-id": f"req_{answer.id[-12:]}"})

    async def _stream(self, request: web.Request, body: Object, answer: WireResponse, dice: RandomDraws) -> web.StreamResponse:
        with_usage = mapping(body.get("stream_options")).get("include_usage") is True
        spaced = answer.despaced(lambda pieces: despaced(pieces, self.faults, dice))
        payloads = [*events(spaced, with_usage=with_usage)]
        broken = dice.happens(self.faults.cut_stream)
        failing = dice.happens(self.faults.error_in_stream)
        response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"})
        response.headers["x-request-id"] = f"req_{answer.id[-12:]}"
        await response.prepare(request)
        await asyncio.sleep(self.pace.first(dice.source, self.faults.slow))
        for position, payload in enumerate(payloads):
            if (broken or failing) and position >= len(payloads) // 2:
                break
            await response.write(b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n")
            await asyncio.sleep(self.pace.gap(dice.source, self.faults.slow))
        if broken and request.transport is not None:
            request.transport.abort()
            return response
        if failing:
            await response.write(
                b"data: " + json.dumps(error("pretended failure in mid-stream", kind="server_error")).encode() + b"\n\n"
            )
            return response
        await response.write(b"data: [DONE]\n\n")
        return response


async def _signed(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["server"] = SERVER


def _provoked(model: str) -> int:
    """A model named `status-429` answers 429: how a test asks for an error."""
    asked = model.removeprefix("status-")
    return int(asked) if asked != model and asked.isdecimal() and 400 <= int(asked) <= 599 else 0


def _refusal(status: int, message: str, *, code: str | None = None, param: str | None = None) -> web.Response:
    headers = {"retry-after": "1"} if status == 429 else {}
    body = error(
        message, kind=_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error"), code=code, param=param
    )
    return web.json_response(body, status=status, headers=headers)
