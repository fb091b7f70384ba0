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
from dataclasses import asdict, dataclass, field, replace
from typing import TextIO

from shadow.demo.planted_faults import FAITHFUL, PlantedFaults
from shadow.demo.pretended_router import PretendedRouter
from shadow.demo.pretended_server import PretendedServer, ResponsePace


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedServer:
    """One server behind a pretended router: its share of the router's requests, in 0..1, and its faults."""

    share: float
    faults: PlantedFaults = FAITHFUL


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """The settings of one pretended provider. `first_token` is in seconds; `host` gives its answers a fingerprint of its own.
    With `servers` it is a router over these, which have no faults but their own.
    """

    faults: PlantedFaults = FAITHFUL
    seed: int = 0
    first_token: float = 0.04
    chunks_per_second: float = 400.0
    host: str = ""
    servers: Mapping[str, RoutedServer] = field(default_factory=dict)


def line_of(providers: Mapping[str, ProviderSettings]) -> str:
    """The settings as the one line that the process reads."""
    return json.dumps({name: asdict(part) for name, part in providers.items()}) + "\n"


def settings_of(line: str | bytes) -> dict[str, ProviderSettings]:
    """The settings from their line; TypeError on an unknown fault."""
    return {
        name: ProviderSettings(
            **{
                **part,
                "faults": PlantedFaults(**part.get("faults", {})),
                "servers": {
                    own: RoutedServer(**{**server, "faults": PlantedFaults(**server.get("faults", {}))})
                    for own, server in part.get("servers", {}).items()
                },
            }
        )
        for name, part in json.loads(line).items()
    }


async def serve_all(providers: dict[str, ProviderSettings], lines: asyncio.StreamReader, out: TextIO) -> None:
    """Serve all of them until `lines` ends; writes their base URLs to `out`."""
    async with AsyncExitStack() as servers:
        addresses = {}
        for name, part in providers.items():
            addresses[name] = await (_router(servers, part) if part.servers else _server(servers, part))
        out.write(json.dumps(addresses) + "\n")
        out.flush()
        await lines.read()


async def _server(running: AsyncExitStack, part: ProviderSettings) -> str:
    """The base URL of one server, which runs until `running` ends."""
    pace = ResponsePace(first_token=part.first_token, chunks_per_second=part.chunks_per_second)
    made = PretendedServer(faults=part.faults, seed=part.seed, pace=pace, keep=False, host=part.host)
    return (await running.enter_async_context(made)).base_url


async def _router(running: AsyncExitStack, part: ProviderSettings) -> str:
    """The base URL of a router over servers of its own."""
    behind = {}
    for number, (name, server) in enumerate(part.servers.items()):
        own = replace(part, faults=server.faults, seed=100 * part.seed + number, servers={})
        behind[name] = (await _server(running, own), server.share)
    return (await running.enter_async_context(PretendedRouter(behind, seed=part.seed))).base_url


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
