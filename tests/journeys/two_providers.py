"""The set-up that journeys of verdicts share: a configuration, requests with a tool, the command line, and a webhook."""

import asyncio
import json
import sys
from collections.abc import Iterable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from tests.running import Served, until


def two_providers(*, candidate: str = "", official: str = "", at: str = "{official}") -> str:
    """The provider `candidate` and the reference `official`, each with further lines in its table; other tables may follow."""
    return f"""
[proxy]
listen = "127.0.0.1:0"
provider = "candidate"
reference = "official"
[proxy.providers.candidate]
base_url = "{{candidate}}"
{candidate}
[proxy.providers.official]
base_url = "{at}"
{official}
"""


TWO_PROVIDERS = two_providers()
EACH_IS_SAMPLED = """[shadow]
sample_rate = 1.0
wait = 3600
concurrency = 500
[admin]
listen = "127.0.0.1:0"
"""
"""Each conversation is shadowed; further lines belong to `admin`, other tables may follow."""
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city"],
        },
    },
}
"""A tool that is offered."""
AT_ONCE = 20


class ChatServer:
    """A server of chat completions on a port of its own; what it responds is `respond` of the class made of it."""

    url = ""

    async def respond(self, request: web.Request) -> web.Response:
        raise AssertionError(f"no response to {request}")

    async def __aenter__(self):
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self.respond)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *_) -> None:
        await self._runner.cleanup()


async def post_chats(served: Served, bodies: Iterable[bytes], *, at_once: int = AT_ONCE, **headers: str) -> list[int]:
    """Send chat completions, `at_once` at a time; returns their statuses once every response was read."""
    waiting = [*bodies]
    fields = {"Content-Type": "application/json", **headers}
    async with aiohttp.ClientSession() as session:

        async def post(body: bytes) -> int:
            async with session.post(f"{served.data}/v1/chat/completions", data=body, headers=fields) as response:
                await response.read()
                return response.status

        statuses: list[int] = []
        for first in range(0, len(waiting), at_once):
            statuses += await asyncio.gather(*map(post, waiting[first : first + at_once]))
    return statuses


async def judged(served: Served, pairs: int) -> None:
    """Wait until so many pairs were judged."""

    async def enough() -> bool:
        return await served.metric("sameweights_drift_pairs_total", signal="error") >= pairs

    await until(enough)


async def command(*arguments: str) -> tuple[int, str]:
    """The exit code and the output of a command of sameweights."""
    line = (sys.executable, "-P", "-m", "shadow.cli", *arguments)
    process = await asyncio.create_subprocess_exec(*line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@asynccontextmanager
async def webhook_receiver(port: int = 0, status: int = 200):
    """A webhook: yields the list of (delivery id, event) that it received, and its port."""
    received = []

    async def take(request: web.Request) -> web.Response:
        received.append((request.headers["X-Sameweights-Delivery"], json.loads(await request.read())))
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield received, site._server.sockets[0].getsockname()[1]
    finally:
        await runner.cleanup()
