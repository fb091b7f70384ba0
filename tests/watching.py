"""The real Prometheus and Alertmanager from Debian's packages, on loopback and free ports, and a webhook that records alerts."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.ports import free_port
from tests.running import PATIENCE, until

REQUIRED = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")


def missing() -> list[str]:
    """What apt-get would have to install: prometheus and prometheus-alertmanager."""
    return [name for name in REQUIRED if shutil.which(name) is None]


def promtool(*arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=150)


@asynccontextmanager
async def process(*command: str | Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """One server, ended by its own id; what it complained of is shown when it ended by itself."""
    running = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    said: list[bytes] = []
    listening = asyncio.create_task(_listen(running, said))
    try:
        yield running
        assert running.returncode is None, b"".join(said).decode()
    finally:
        if running.returncode is None:
            running.terminate()
        await asyncio.wait_for(running.wait(), PATIENCE)
        await listening


async def _listen(running: asyncio.subprocess.Process, said: list[bytes]) -> None:
    assert running.stderr is not None
    while line := await running.stderr.readline():
        said.append(line)


@dataclass
class Watch:
    """A running Prometheus, queried over its API."""

    url: str
    session: aiohttp.ClientSession

    async def get(self, path: str, **parameters: str) -> dict | list:
        async with self.session.get(f"{self.url}/api/v1/{path}", params=parameters) as got:
            body = await got.json()
            assert body["status"] == "success", (parameters, body)
            return body["data"]

    async def now(self, expr: str) -> list[dict]:
        return (await self.get("query", query=expr))["result"]

    async def over(self, expr: str, start: float, end: float, step: float) -> list[dict]:
        found = await self.get("query_range", query=expr, start=f"{start}", end=f"{end}", step=f"{step}")
        return found["result"]

    async def alerts(self, name: str, state: str = "") -> list[dict]:
        found = (await self.get("alerts"))["alerts"]
        return [each for each in found if each["labels"]["alertname"] == name and state in {"", each["state"]}]


@asynccontextmanager
async def prometheus(config: Path, data: Path, *more: str) -> AsyncIterator[Watch]:
    url = f"127.0.0.1:{free_port()}"
    flags = (f"--storage.tsdb.path={data}", f"--web.listen-address={url}", "--log.level=warn", *more)
    command = ("prometheus", f"--config.file={config}", "--enable-feature=exemplar-storage", *flags)
    async with process(*command) as running, aiohttp.ClientSession() as session:
        await until(lambda: _ready(session, f"http://{url}/-/ready", running))
        yield Watch(f"http://{url}", session)


@asynccontextmanager
async def alertmanager(config: Path, data: Path) -> AsyncIterator[str]:
    url = f"127.0.0.1:{free_port()}"
    flags = (f"--storage.path={data}", f"--web.listen-address={url}", "--cluster.listen-address=", "--log.level=warn")
    command = ("prometheus-alertmanager", f"--config.file={config}", *flags)
    async with process(*command) as running, aiohttp.ClientSession() as session:
        await until(lambda: _ready(session, f"http://{url}/-/ready", running))
        yield url


async def _ready(session: aiohttp.ClientSession, url: str, running: asyncio.subprocess.Process) -> bool:
    assert running.returncode is None, "it ended before it was ready"
    try:
        async with session.get(url) as got:
            return got.status == 200
    except aiohttp.ClientError:
        return False


@dataclass
class Webhook:
    """What Alertmanager sent: every alert of every message, in order."""

    url: str = ""
    heard: list[dict] = field(default_factory=list)

    def received(self, name: str, status: str, **labels: str) -> list[dict]:
        return [
            each
            for each in self.heard
            if each["labels"]["alertname"] == name and each["status"] == status and labels.items() <= each["labels"].items()
        ]


@asynccontextmanager
async def webhook() -> AsyncIterator[Webhook]:
    hook = Webhook()

    async def hear(request: web.Request) -> web.Response:
        hook.heard += json.loads(await request.read())["alerts"]
        return web.Response()

    app = web.Application()
    app.router.add_post("/", hear)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield hook
    finally:
        await runner.cleanup()
