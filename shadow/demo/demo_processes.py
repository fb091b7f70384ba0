"""Starts the demo's processes (the pretended providers in one, the real `serve`) and stops them by id when the demo ends."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import shadow
from proxy.process.child_process import start_module
from shadow.demo.pretended_providers import ProviderSettings, line_of

READY_SECONDS = 120.0
"""Seconds within which `serve` must be ready; a cold disk may be slow."""
STOP_SECONDS = 20.0
"""Seconds between SIGTERM and SIGKILL."""

ANNOUNCED = re.compile(rb"(?m)^sameweights: .*http://127\.0\.0\.1:([0-9]+)(?:/v1)?$")
"""A line of `serve` that gives one of its addresses."""

LIST_PRICE = 10.0
"""Money per million output tokens of the reference and of who serves the route of the tournament."""

CONFIG = """\
# Written by `sameweights demo`; start it again with: sameweights serve sameweights.toml
[proxy]
listen = "127.0.0.1:{data}"
provider = "{reference}"
reference = "{reference}"

{providers}
[[proxy.routes]]
name = "{route}"
provider = "{live}"
candidates = [{candidates}]

[tournament]
tolerance = {tolerance}
signals = ["answer_kind", "arguments", "calls_tool", "error"]
places = 3

[shadow]
sample_rate = 1.0
control_fraction = 0.4
concurrency = 64
queue = 100000
wait = 3600

[storage]
url = "sqlite:///{database}"

[admin]
listen = "127.0.0.1:{admin}"
models = ["{model}"]
"""


def _priced(price: float) -> str:
    """The prices of a provider by that of its output: input at a quarter, read from a cache at a tenth of that."""
    return f"price_input = {price / 4:g}\nprice_cached_input = {price / 40:g}\nprice_output = {price:g}\n"


class DemoProcessError(Exception):
    """A process of the demo did not start, or ended early; the message quotes the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServe:
    """A `serve` that is ready: its process and the ports it listens on."""

    process: Process
    data: int
    admin: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRoute:
    """The route of the demo whose candidates are compared: its name, who serves it, money per million output tokens of each
    candidate, and the tolerance of the tournament in points.
    """

    name: str
    live: str
    prices: Mapping[str, float]
    tolerance: float


def write_config(
    folder: Path,
    providers: Mapping[str, str],
    *,
    reference: str,
    route: DemoRoute,
    model: str,
    data: int = 0,
    admin: int = 0,
    routers: Iterable[str] = (),
) -> Path:
    """Write the configuration into `folder`, with the database beside it; returns its path. `routers` name their servers.

    Port 0 leaves the choice to the system, so that no other process can take the port between its choice and its use.
    """
    prices = {**dict.fromkeys((reference, route.live), LIST_PRICE), **route.prices}
    more = {name: _priced(price) for name, price in prices.items()}
    more |= dict.fromkeys(routers, 'upstream_from = "provider"\n')
    tables = "".join(f'[proxy.providers.{name}]\nbase_url = "{url}"\n{more.get(name, "")}\n' for name, url in providers.items())
    file = folder / "sameweights.toml"
    text = CONFIG.format(
        data=data,
        admin=admin,
        reference=reference,
        providers=tables,
        route=route.name,
        live=route.live,
        candidates=", ".join(f'"{name}"' for name in route.prices),
        tolerance=route.tolerance,
        database=folder / "sameweights.db",
        model=model,
    )
    file.write_text(text, encoding="utf-8")
    return file


async def command_output(*arguments: str) -> str:
    """What a command of sameweights prints; DemoProcessError with the end of it where it fails."""
    command = (sys.executable, "-P", "-m", "shadow.cli", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env=_environment())
    try:
        output = (await process.communicate())[0].decode("utf-8", "replace")
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise DemoProcessError(f"sameweights {arguments[0]} ended with {process.returncode}\n{output[-2_000:]}")
    return output


@asynccontextmanager
async def running_providers(providers: Mapping[str, ProviderSettings], log: Path) -> AsyncIterator[Mapping[str, str]]:
    """Run the pretended providers and yield their base URLs by name. They exit at the end of their standard input."""
    async with _running("shadow.demo.pretended_providers", log=log, output=PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line_of(providers).encode())
        line = await process.stdout.readline()
        if not line:
            raise DemoProcessError(f"the pretended providers did not start\n{log_tail('the pretended providers', log)}")
        found: dict[str, str] = json.loads(line)
        yield found
        process.stdin.close()


@asynccontextmanager
async def running_serve(config: Path, log: Path) -> AsyncIterator[RunningServe]:
    """Run `sameweights serve` with this configuration and yield it when ready. It exits at the end of its standard input."""
    async with _running("shadow.cli", "serve", "--attached", str(config), log=log, output=DEVNULL) as process:
        ports = await _announced_ports(process, log)
        if len(ports) < 2:
            raise DemoProcessError(f"serve did not start\n{log_tail('serve', log)}")
        yield RunningServe(process=process, data=ports[0], admin=ports[1])


@asynccontextmanager
async def _running(module: str, *arguments: str, log: Path, output: int) -> AsyncIterator[Process]:
    """One Python process in a session of its own: Ctrl-C reaches only the demo, which then stops its processes in order."""
    with log.open("wb") as errors:
        process = await start_module(module, *arguments, stdout=output, stderr=errors, env=_environment())
    try:
        yield process
    finally:
        await _stop(process)


async def _stop(process: Process) -> None:
    """Send SIGTERM, then SIGKILL after `STOP_SECONDS` or when this task is cancelled."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _environment() -> dict[str, str]:
    """This environment without `SAMEWEIGHTS_*`, which would change the demo; children import the same copy of the package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAMEWEIGHTS_")}
    home = str(Path(shadow.__file__).parent.parent)
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, [home, kept.get("PYTHONPATH", "")]))}


async def _announced_ports(process: Process, log: Path) -> list[int]:
    """The data port and the admin port, which `serve` prints when all its processes are ready.

    Fewer than two when it ended or when `READY_SECONDS` passed before that.
    """
    ports: list[int] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(READY_SECONDS):
            while len(ports) < 2 and process.returncode is None:
                await asyncio.sleep(0.1)
                ports = _ports_in(log)
    return ports


def _ports_in(log: Path) -> list[int]:
    return [int(port) for port in ANNOUNCED.findall(log.read_bytes())]


def log_tail(name: str, log: Path) -> str:
    """The last twelve lines that a process wrote to standard error."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-12:]
    return "\n".join([f"last lines from {name}:", *lines])
