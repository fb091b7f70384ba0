"""A world of live MCP servers, each in a folder of its own: calls are checked, revealed, filled in, made, and masked again."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from shadow.studies.worlds.offered_tools import ListedTool, OfferedTools, offered_tools
from shadow.studies.worlds.path_alias import PathAlias
from shadow.studies.worlds.run_folder import RunFolder
from shadow.studies.worlds.secret_mask import SecretMask, secret_mask
from shadow.studies.worlds.server_connection import ServerConnection, connection_by_http, connection_by_stdio
from shadow.studies.worlds.server_process import ServerProcess
from shadow.studies.worlds.server_spec import Isolation, ServerSpec
from shadow.studies.worlds.shown_text import ShownText
from shadow.studies.worlds.tool_answers import ToolText
from shadow.studies.worlds.world import AnswerSource, ToolAnswer, WorldError


class ToolServer(Protocol):
    """A server that has started: its tools, and calls of them."""

    name: str
    tools: tuple[ListedTool, ...]

    async def call(self, tool: str, arguments: Mapping[str, object]) -> tuple[ToolText, bool]:
        """The answer of a tool, and whether there was one in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldPlace:
    """Where a world is made: a folder that is its own, the folder of the task file, and our environment.

    `inside` makes the servers that run inside the study's own process, by the name that stands as their command.
    """

    folder: Path
    here: Path
    run: str
    environ: Mapping[str, str]
    inside: Mapping[str, Callable[[ServerSpec], ToolServer]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    connection: ToolServer
    shown: ShownText
    injected: Mapping[str, object]


class LiveWorld:
    """Servers that have started, and the tools that they offer together."""

    def __init__(self, servers: Sequence[_Server], specs: Sequence[ServerSpec]) -> None:
        self._servers = {server.connection.name: server for server in servers}
        altered: list[str] = []
        tools = [(tool, server) for server in servers for tool in server.connection.tools]
        self.listed = tuple(shown for tool, server in tools for shown in _shown(tool, server, altered))
        offered = offered_tools(
            self.listed, hide={spec.name: spec.hide for spec in specs}, inject={spec.name: spec.inject for spec in specs}
        )
        self.offered: OfferedTools = replace(offered, alterations=(*offered.alterations, *altered))

    def __repr__(self) -> str:
        return f"<LiveWorld {sorted(self._servers)} tools={len(self.offered.functions)}>"

    async def call(self, name: str, arguments: Mapping[str, object]) -> ToolAnswer:
        """The answer of an offered function's server."""
        if name not in self.offered.origins:
            raise WorldError(f"the servers of this run do not offer {name!r}, which they did at the start of the study")
        origin, tool = self.offered.origins[name]
        server = self._servers[origin]
        revealed = server.shown.alias.reveal(dict(arguments))
        assert isinstance(revealed, dict)
        begun = time.perf_counter()
        text, answered = await server.connection.call(tool, revealed | dict(server.injected))
        return ToolAnswer(
            text=text.text,
            is_error=text.is_error,
            source=AnswerSource.LIVE if answered else AnswerSource.TIMEOUT,
            seconds=time.perf_counter() - begun,
            alterations=text.alterations,
        )


@asynccontextmanager
async def live_world(specs: Sequence[ServerSpec], place: WorldPlace) -> AsyncIterator[LiveWorld]:
    """A world of fresh servers, started one after another and ended in reverse order; WorldError when one does not start."""
    async with AsyncExitStack() as stack:
        mask = secret_mask(specs, place.environ)
        servers = [await _opened(stack, spec, place, mask) for spec in specs]
        world = LiveWorld(servers, specs)
        _check_sharing(world, specs)
        yield world


async def _opened(stack: AsyncExitStack, spec: ServerSpec, place: WorldPlace, mask: SecretMask) -> _Server:
    folder = RunFolder(
        path=place.folder / spec.name, run=place.run, here=place.here, port=_free_port() if "{port}" in spec.url else 0
    )
    alias = PathAlias({seen: folder.filled(real) for seen, real in spec.alias.items()})
    shown = ShownText(alias=alias, mask=mask, folder=str(folder.path))
    try:
        await asyncio.to_thread(folder.prepare, spec.copy)
    except (OSError, ValueError) as error:
        raise WorldError(f"server {spec.name!r}: its folder could not be copied: {shown.sentence(str(error))}") from error
    connection = await stack.enter_async_context(_connected(spec, folder, place, shown))
    return _Server(connection=connection, shown=shown, injected=folder.injected(spec))


@asynccontextmanager
async def _connected(spec: ServerSpec, folder: RunFolder, place: WorldPlace, shown: ShownText) -> AsyncIterator[ToolServer]:
    if spec.isolation is Isolation.IN_PROCESS:
        yield place.inside[spec.command[0]](spec)
        return
    url, token = folder.filled(spec.url), place.environ.get(spec.token_env, "") if spec.token_env else ""
    async with AsyncExitStack() as stack:
        process = await _started(spec, folder, place.environ, shown) if spec.command else None
        opened: AbstractAsyncContextManager[ServerConnection]
        if process is not None and not url:
            opened = connection_by_stdio(spec, process, shown)
        else:
            if process is not None:
                stack.push_async_callback(process.end)
                await _listening(spec, process, folder.port, shown)
            opened = connection_by_http(spec, url, token, process, shown)
        yield await stack.enter_async_context(opened)


async def _started(spec: ServerSpec, folder: RunFolder, environ: Mapping[str, str], shown: ShownText) -> ServerProcess:
    try:
        return await ServerProcess.start(
            [folder.filled(part) for part in spec.command],
            folder=folder.data,
            environ=folder.environ(spec, environ),
            errors=folder.errors,
            talks=not spec.url,
        )
    except (OSError, ValueError) as error:
        raise WorldError(f"server {spec.name!r} did not start: {shown.sentence(str(error))}") from error


async def _listening(spec: ServerSpec, process: ServerProcess, port: int, shown: ShownText) -> None:
    """Wait until a started HTTP server accepts connections, or has ended."""
    loop = asyncio.get_running_loop()
    until = loop.time() + spec.start_timeout
    while not process.has_ended and loop.time() < until:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    line = process.last_error(shown.sentence)
    ending = f"; its standard error ends: {line}" if line else ""
    raise WorldError(f"server {spec.name!r} did not start: nothing listens on port {port}{ending}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _shown(tool: ListedTool, server: _Server, altered: list[str]) -> Iterator[ListedTool]:
    """A tool whose description and schema are the same in every run; none where its name holds what no model may see."""
    shown = server.shown
    if names := shown.mask.found(tool.name):
        altered.append(f"{tool.server}: a tool is hidden: its name holds the value of {names[0]}")
        return
    notes: list[str] = []
    description, schema = shown.text(tool.description, notes), shown.value(tool.schema)
    notes += shown.masked(json.dumps(tool.schema, ensure_ascii=False))
    altered += [f"{tool.server}: {tool.name!r}: {note}" for note in dict.fromkeys(notes)]
    yield replace(tool, description=description, schema=schema)


def _check_sharing(world: LiveWorld, specs: Sequence[ServerSpec]) -> None:
    """A shared server offers nothing that writes: one provider's run would change the next one's."""
    for spec in specs:
        writing = [
            tool.name for tool in world.listed if tool.server == spec.name and not (tool.read_only or tool.name in spec.hide)
        ]
        if spec.isolation is Isolation.SHARED and writing:
            raise WorldError(
                f"server {spec.name!r} is shared, and these tools have no read-only hint: {json.dumps(writing)}; "
                'hide them, or give each run its own server with isolation = "run"'
            )
