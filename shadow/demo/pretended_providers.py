"""Serves several pretended providers (test equipment) in one process: `python -m shadow.demo.pretended_providers`.

It reads one JSON line, {name: {"faults": {...}, "seed": n}}, writes one, {name: base_url}, and serves until its standard
input ends, so that it never outlives the process that started it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass
from typing import TextIO

from shadow.demo.planted_faults import FAITHFUL, PlantedFaults
from shadow.demo.pretended_server import PretendedServer, ResponsePace


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """The settings of one pretended provider. `first_token` is in seconds; `host` gives its answers a fingerprint of its own."""

    faults: PlantedFaults = FAITHFUL
    seed: int = 0
    first_token: float = 0.04
    chunks_per_second: float = 400.0
    host: str = ""


def line_of(providers: Mapping[str, ProviderSettings]) -> str:
    """The settings as the one line that the process reads."""
    return json.dumps({name: asdict(part) for name, part in providers.items()}) + "\n"


def settings_of(line: str | bytes) -> dict[str, ProviderSettings]:
    """The settings from their line; TypeError on an unknown fault."""
    return {
        name: ProviderSettings(**{**part, "faults": PlantedFaults(**part.get("faults", {}))})
        for name, part in json.loads(line).items()
    }


async def serve_all(providers: dict[str, ProviderSettings], lines: asyncio.StreamReader, out: TextIO) -> None:
    """Serve all of them until `lines` ends; writes their base URLs to `out`."""
    async with AsyncExitStack() as servers:
        addresses = {}
        for name, part in providers.items():
            pace = ResponsePace(first_token=part.first_token, chunks_per_second=part.chunks_per_second)
            made = PretendedServer(faults=part.faults, seed=part.seed, pace=pace, keep=False, host=part.host)
            server = await servers.enter_async_context(made)
            addresses[name] = server.base_url
        out.write(json.dumps(addresses) + "\n")
        out.flush()
        await lines.read()


async def _main() -> None:
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    serving = asyncio.create_task(serve_all(settings_of(await lines.readline()), lines, sys.stdout))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    with suppress(asyncio.CancelledError):
        await serving


if __name__ == "__main__":
    asyncio.run(_main())
