"""Several pretended providers in a process of their own: `python -m shadow.demo.pretended_providers`, for the demo.

One JSON line comes in, {name: {"faults": {...}, "seed": n}}; one goes out, {name: base_url}; they serve until standard input
ends, so that none outlives the one who started it.
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
    """What one pretended provider is told: its faults, its seed, its pace."""

    faults: PlantedFaults = FAITHFUL
    seed: int = 0
    first_token: float = 0.04
    chunks_per_second: float = 400.0


def told(cast: Mapping[str, ProviderSettings]) -> str:
    """The cast as the one line that the process reads."""
    return json.dumps({name: asdict(part) for name, part in cast.items()}) + "\n"


def heard(line: str | bytes) -> dict[str, ProviderSettings]:
    """The cast from its line; TypeError on a fault that nobody knows."""
    return {
        name: ProviderSettings(**{**part, "faults": PlantedFaults(**part.get("faults", {}))})
        for name, part in json.loads(line).items()
    }


async def play(cast: dict[str, ProviderSettings], lines: asyncio.StreamReader, out: TextIO) -> None:
    """Serve them all until `lines` ends, saying on `out` where each can be reached."""
    async with AsyncExitStack() as stage:
        found = {}
        for name, part in cast.items():
            pace = ResponsePace(first_token=part.first_token, chunks_per_second=part.chunks_per_second)
            player = await stage.enter_async_context(PretendedServer(faults=part.faults, seed=part.seed, pace=pace, keep=False))
            found[name] = player.base_url
        out.write(json.dumps(found) + "\n")
        out.flush()
        await lines.read()


async def _main() -> None:
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    playing = asyncio.create_task(play(heard(await lines.readline()), lines, sys.stdout))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, playing.cancel)
    with suppress(asyncio.CancelledError):
        await playing


if __name__ == "__main__":
    asyncio.run(_main())
