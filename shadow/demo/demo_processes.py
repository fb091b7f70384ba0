"""The demo's processes: pretended providers in one, the real `serve` beside them, all ended by their ids when the demo ends."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import shadow
from proxy.process.child_process import start_module
from shadow.demo.pretended_providers import ProviderSettings, told

READY_SECONDS = 40.0
"""Until `serve` must answer; a cold disk may be slow."""
STOP_SECONDS = 20.0

CONFIG = """\
# Written by `sameweights demo`; start it again with: sameweights serve sameweights.toml
[proxy]
listen = "127.0.0.1:{data}"
provider = "{reference}"
reference = "{reference}"

{providers}
[shadow]
sample_rate = 1.0
control_fraction = 0.4
concurrency = 64

[storage]
url = "sqlite:///{database}"

[admin]
listen = "127.0.0.1:{admin}"
models = ["{model}"]
"""


class StageError(Exception):
    """A process of the demo did not start, or ended; the message says what it said."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def written(folder: Path, providers: Mapping[str, str], *, reference: str, model: str, data: int, admin: int) -> Path:
    """The configuration in `folder`, with the database beside it."""
    tables = "".join(f'[proxy.providers.{name}]\nbase_url = "{url}"\n\n' for name, url in providers.items())
    file = folder / "sameweights.toml"
    database = folder / "sameweights.db"
    text = CONFIG.format(data=data, admin=admin, reference=reference, providers=tables, database=database, model=model)
    file.write_text(text, encoding="utf-8")
    return file


@asynccontextmanager
async def playing(cast: Mapping[str, ProviderSettings], log: Path) -> AsyncIterator[Mapping[str, str]]:
    """The pretended providers, by name: their addresses. They end with their standard input, even if we are killed."""
    async with _running("shadow.demo.pretended_providers", log=log, output=PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(told(cast).encode())
        line = await process.stdout.readline()
        if not line:
            raise StageError(f"the pretended providers did not start\n{last_words('the pretended providers', log)}")
        found: dict[str, str] = json.loads(line)
        yield found
        process.stdin.close()


@asynccontextmanager
async def serving(config: Path, log: Path) -> AsyncIterator[Process]:
    """`sameweights serve` with this configuration, ready to take requests; it ends with us, even if we are killed."""
    async with _running("shadow.cli", "serve", "--attached", str(config), log=log, output=DEVNULL) as process:
        if not await _ready(process, log):
            raise StageError(f"serve did not start\n{last_words('serve', log)}")
        yield process


@asynccontextmanager
async def _running(module: str, *arguments: str, log: Path, output: int) -> AsyncIterator[Process]:
    """One Python process in a session of its own, so that Ctrl-C reaches us alone and we end it in order."""
    with log.open("wb") as errors:
        process = await start_module(module, *arguments, stdout=output, stderr=errors, env=_environment())
    try:
        yield process
    finally:
        await _ended(process)


async def _ended(process: Process) -> None:
    """Asked to stop, and made to when it does not, or when we are in a hurry ourselves."""
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
    """Ours, without settings that would change the demo, and with the place that this very package was imported from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SAMEWEIGHTS_")}
    home = str(Path(shadow.__file__).parent.parent)
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, [home, kept.get("PYTHONPATH", "")]))}


async def _ready(process: Process, log: Path) -> bool:
    """Whether it says, within its time, where to send requests; False at once when it ended."""
    with suppress(TimeoutError):
        async with asyncio.timeout(READY_SECONDS):
            while process.returncode is None:
                if _announced(log):
                    return True
                await asyncio.sleep(0.1)
    return False


def _announced(log: Path) -> bool:
    """The line that stands there when every process of the house is ready."""
    return b"OPENAI_BASE_URL" in log.read_bytes()


def last_words(who: str, log: Path) -> str:
    """The end of what a process wrote on standard error."""
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-12:]
    return "\n".join([f"{who} said:", *said])
