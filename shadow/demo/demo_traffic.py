"""Agent conversations through a proxy, several at once on every provider, for a number of seconds and of requests."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Container, Iterator, Sequence
from math import inf

import aiohttp

from shadow.demo.demo_tasks import next_request, tasks
from shadow.demo.loose_json import Object, mapping, objects, string

LONGEST = 4
"""Requests in one conversation."""
SESSION = 12
"""Requests that a client names as one conversation, of which ten count: so a conversation is over within the demo."""


class DemoTraffic:
    """Clients of the proxy at `base` (without /v1), `width` at once on each provider; those of `sessions` name `SESSION` requests
    in a row as one conversation.

    `sent`, `answered` and `failed` count requests by provider, `reasons` counts failures by provider and cause.
    """

    def __init__(
        self,
        *,
        base: str,
        providers: Sequence[str],
        model: str,
        width: int,
        seed: str,
        pause: float = 0.0,
        sessions: Container[str] = (),
    ) -> None:
        self._base = base
        self._providers = tuple(providers)
        self._width = width
        self._sessions = sessions
        self._seed = seed
        self._model = model
        self._pause = pause
        self._ending = False
        self._failing = False
        self._least = 0
        self.sent: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    @property
    def least(self) -> int:
        """How many requests must be answered before the traffic ends."""
        return self._least

    async def run(self, seconds: float, *, least: int = 0, most_seconds: float = inf) -> None:
        """Send requests for `seconds`, and until `least` were answered or one failed; then wait for those in flight.

        After `most_seconds` those still in flight are cut and count as failed.
        """
        self._least = least
        timeout = aiohttp.ClientTimeout(total=120)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
            clients = [
                asyncio.create_task(
                    self._client(session, provider, number, tasks(f"{self._seed}/{provider}/{number}", model=self._model))
                )
                for provider in self._providers
                for number in range(self._width)
            ]
            try:
                await asyncio.wait(clients, timeout=min(seconds, most_seconds))
                self._ending = True
                async with asyncio.timeout(max(most_seconds - seconds, 0.0) if most_seconds < inf else None):
                    await asyncio.gather(*clients)
            except TimeoutError:
                self._cut(most_seconds)
            finally:
                for client in clients:
                    client.cancel()

    def _cut(self, seconds: float) -> None:
        for provider, sent in self.sent.items():
            for _ in range(sent - self.answered[provider] - self.failed[provider]):
                self._fail(provider, f"no response when the traffic was cut after {seconds:g} s")

    async def _client(self, session: aiohttp.ClientSession, provider: str, number: int, bodies: Iterator[Object]) -> None:
        sent = 0
        for body in bodies:
            step: Object | None = body
            for _ in range(LONGEST):
                if step is None or self._is_over():
                    break
                named = f"{number}-{sent // SESSION}" if provider in self._sessions else ""
                step = await self._turn(session, provider, step, named)
                sent += 1
                await asyncio.sleep(self._pause)
            if self._is_over():
                return

    def _is_over(self) -> bool:
        return self._ending and (self._failing or self.answered.total() >= self._least)

    async def _turn(self, session: aiohttp.ClientSession, provider: str, body: Object, conversation: str) -> Object | None:
        """Send one request; returns the conversation's next one, None when it is over or the provider failed."""
        self.sent[provider] += 1
        url = f"{self._base}/{provider}/v1/chat/completions"
        fields = {"authorization": "Bearer demo"} | ({"x-sameweights-conversation": conversation} if conversation else {})
        try:
            async with session.post(url, json=body, headers=fields) as response:
                if response.status != 200:
                    self._fail(provider, f"status {response.status}: {(await response.text())[:200]}")
                    return None
                message = await _message(response, streamed=body.get("stream") is True)
        except (aiohttp.ClientError, TimeoutError, ValueError) as why:
            self._fail(provider, f"{type(why).__name__}: {why}")
            return None
        self.answered[provider] += 1
        return next_request(body, message)

    def _fail(self, provider: str, why: str) -> None:
        self.failed[provider] += 1
        self._failing |= self._ending  # a proxy that fails now may never answer as many as are needed
        self.reasons[f"{provider}: {why}"] += 1


async def _message(response: aiohttp.ClientResponse, *, streamed: bool) -> Object:
    """The assistant's message, assembled as a client does."""
    if not streamed:
        choices = objects(mapping(json.loads(await response.read())).get("choices"))
        return mapping(choices[0].get("message")) if choices else {}
    text, calls = "", dict[object, Object]()
    async for payload in _events(response):
        for choice in objects(payload.get("choices")):
            delta = mapping(choice.get("delta"))
            text += string(delta.get("content"))
            for piece in objects(delta.get("tool_calls")):
                _merge(calls.setdefault(piece.get("index"), {"type": "function"}), piece)
    return {"role": "assistant", "content": text or None, "tool_calls": [*calls.values()]}


def _merge(call: Object, piece: Object) -> None:
    call["id"] = string(call.get("id")) + string(piece.get("id"))
    function, more = mapping(call.get("function")), mapping(piece.get("function"))
    call["function"] = {key: string(function.get(key)) + string(more.get(key)) for key in ("name", "arguments")}


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[Object]:
    async for line in response.content:
        if line.startswith(b"data: {"):
            yield mapping(json.loads(line[6:]))
