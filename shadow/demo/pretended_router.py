"""`PretendedRouter`: sends each request to one of several servers by fixed shares, and names it in every answer (test equipment).

As OpenRouter does, it adds the member `provider` to a whole body and to each event of a stream, and sends a request to the first
server of its `provider.order`, where it names any; it never sends a request twice.
"""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import accumulate
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

from shadow.demo.draws import unit
from shadow.demo.loose_json import mapping, strings

ROUTED = "/v1/chat/completions"


class PretendedRouter:
    """`async with PretendedRouter(...) as router` serves on 127.0.0.1 until the block ends; `router.base_url` ends in /v1.

    `servers` maps a name to (base URL, share of the requests); the shares sum to 1. `routed` counts requests by name. A name in
    `silent` is left out of its answers. The server of a request depends on its number alone, so that a run repeats.
    """

    def __init__(self, servers: Mapping[str, tuple[str, float]], *, seed: int = 0, silent: Sequence[str] = ()) -> None:
        self._servers = dict(servers)
        self._seed = seed
        self._silent = frozenset(silent)
        self._number = 0
        self.routed: Counter[str] = Counter()
        self.base_url = ""

    def __repr__(self) -> str:
        return f"<PretendedRouter {self.base_url} {dict(self.routed)}>"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=0)
        app.router.add_post(ROUTED, self._chat)
        app.router.add_get("/v1/models", self._models)
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=socket.SOMAXCONN).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        await self._runner.cleanup()
        await self._session.close()

    def _next(self) -> str:
        """The name of the server for the next request."""
        self._number += 1
        drawn = unit(self._seed, self._number)
        ends = accumulate(share for _, share in self._servers.values())
        name = next((name for name, end in zip(self._servers, ends, strict=True) if drawn < end), [*self._servers][-1])
        self.routed[name] += 1
        return name

    def _pinned(self, body: bytes) -> str:
        """The server that the request orders, "" for none of these."""
        first = next(iter(strings(mapping(mapping(json.loads(body)).get("provider")).get("order"))), "")
        if first not in self._servers:
            return ""
        self.routed[first] += 1
        return first

    async def _models(self, _: web.Request) -> web.Response:
        url, _share = next(iter(self._servers.values()))
        async with self._session.get(f"{url}/models") as answer:
            return web.json_response(await answer.json(), status=answer.status)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        name = self._pinned(body) or self._next()
        url, _share = self._servers[name]
        fields = {"content-type": "application/json"}
        async with self._session.post(f"{url}/chat/completions", data=body, headers=fields) as answer:
            if answer.content_type != "text/event-stream":
                return web.json_response(self._named(await answer.json(), name), status=answer.status)
            return await self._stream(request, answer, name)

    async def _stream(self, request: web.Request, answer: aiohttp.ClientResponse, name: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        async for line in answer.content:
            event = line.removeprefix(b"data: ")
            named = json.dumps(self._named(json.loads(event), name)).encode() if event.startswith(b"{") else b""
            await response.write(b"data: " + named + b"\n" if named else line)
        return response

    def _named(self, body: dict[str, object], name: str) -> dict[str, object]:
        return body if name in self._silent else {**body, "provider": name}
