"""What the tests share: waiting without sleeping, all processes of a `serve` that runs, a request's bytes."""

import asyncio
import itertools
import json
import math
import re
import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from storage.opening import open_reader
from storage.storage_config import StorageConfig

PATIENCE = 90.0
"""Seconds that a test waits for what takes one or two on an idle machine, because a machine may be slow and loaded."""
_numbers: defaultdict[Path, Iterator[int]] = defaultdict(lambda: itertools.count(1))


async def until(holds: Callable[[], object] | Callable[[], Awaitable[object]], seconds: float = PATIENCE) -> object:
    """Wait until `holds()` is true and give what it gave; AssertionError after `seconds`."""
    async with asyncio.timeout(seconds):
        while True:
            got = holds()
            if asyncio.iscoroutine(got):
                got = await got
            if got:
                return got
            await asyncio.sleep(0.02)


@dataclass
class Served:
    """A running `sameweights serve`, real processes on free ports."""

    process: asyncio.subprocess.Process
    data: str
    admin: str
    database: Path
    errors: list[str] = field(default_factory=list)

    @property
    def numbers(self) -> Iterator[int]:
        """For requests that differ, from 1 in each database: pretended answers depend on the text, so with one count for all the
        draw of a scene would depend on the tests before it.
        """
        return _numbers[self.database]

    @property
    def reader(self):
        return open_reader(StorageConfig(url=f"sqlite:///{self.database}"))

    def children(self) -> dict[str, int]:
        """The pids of all processes, by module."""
        found = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(path.read_text(encoding="latin-1").rsplit(")", 1)[1].split()[1])
                line = path.with_name("cmdline").read_bytes().split(b"\0")
            except (OSError, IndexError):
                continue
            if parent == self.process.pid and b"-m" in line:
                found[line[line.index(b"-m") + 1].decode()] = int(path.parent.name)
        return found

    async def metrics(self) -> str:
        async with aiohttp.ClientSession() as session, session.get(f"{self.admin}/metrics") as got:
            return await got.text()

    async def metric(self, name: str, **labels: str) -> float:
        """The sum of all series of `name` that bear `labels`."""
        total = 0.0
        for line in (await self.metrics()).splitlines():
            match = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
            if match and all(f'{key}="{value}"' in (match[1] or "") for key, value in labels.items()):
                total += float(match[2])
        return total

    async def shows(self, wanted: float, name: str, **labels: str) -> None:
        """Wait until the series of `name` that bear `labels` sum to `wanted`, because a process hands its counts over later."""
        found = math.nan

        async def equal() -> bool:
            nonlocal found
            found = await self.metric(name, **labels)
            return found == wanted

        with suppress(TimeoutError):
            await until(equal)
        assert found == wanted, f"{name} {labels}"

    async def stop(self) -> int:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), PATIENCE)


async def addresses(process, lines, ports: int = 2) -> tuple[str, str]:
    """Data port and admin port as the process prints them; a host that does not forward has the latter alone."""
    found: list[str] = []
    while len(found) < ports:
        line = (await process.stderr.readline()).decode()
        assert line, f"serve ended before it was ready: {''.join(lines)}"
        lines.append(line)
        found += re.findall(r"https?://[0-9.:]+", line) if line.startswith("sameweights:") else []
    return found[0], found[-1]


async def drain(process, lines) -> None:
    while line := await process.stderr.readline():
        lines.append(line.decode())


def chat(model: str = "pretend-small", *, stream: bool = False, text: str = "Say hello", **more) -> bytes:
    """A chat completion request as bytes."""
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], "stream": stream, **more}).encode()
